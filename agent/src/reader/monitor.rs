//! The thread that watches readers, and what it knows: which readers there are, what is in them, and what was already
//! read of the card there. It tells each change once, as an event; it loses no card service for good: back-off, then again.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use paraphe_protocol::api::{CardSummary, EventKind, ReaderState};

use super::owner::Owner;
use super::{Backend, CardChannel, CardEnd, CardTarget, ReaderError, ReaderStatus};
use crate::events::EventLog;

/// Longest wait inside one call to the card service; covers changes that fall between two calls (infra facts, section 2).
const WATCH_WAIT: Duration = Duration::from_millis(1200);
/// Back-off after the card service was lost: doubled from the first to the last.
const FIRST_BACK_OFF: Duration = Duration::from_millis(100);
const LAST_BACK_OFF: Duration = Duration::from_secs(5);

/// The readers of this workstation.
#[derive(Debug, Clone)]
pub struct Readers {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    backend: Arc<dyn Backend>,
    events: EventLog,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    listed: bool,
    service_lost: bool,
    epoch: u64,
    /// In the order in which the service lists them.
    readers: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    status: ReaderStatus,
    owner: Owner,
    known_card: Option<CardSummary>,
}

/// A reader and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderView {
    /// What a job on its card must name.
    pub target: CardTarget,
    /// What is in it.
    pub state: ReaderState,
    /// Answer to reset.
    pub atr: Option<Vec<u8>>,
    /// What was read of this card since it came.
    pub known_card: Option<CardSummary>,
}

impl Readers {
    /// Starts watching, and waits at most `first_listing` for the first list of readers.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn start(
        backend: Arc<dyn Backend>,
        events: EventLog,
        first_listing: Duration,
    ) -> Result<Self, std::io::Error> {
        let shared = Arc::new(Shared {
            backend,
            events,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let weak = Arc::downgrade(&shared);
        thread::Builder::new()
            .name("card-monitor".to_owned())
            .spawn(move || watch_readers(&weak))?;
        let readers = Self { shared };
        readers.wait_until(first_listing, |state| state.listed || state.service_lost);
        Ok(readers)
    }

    /// `pcsc` or `in-process`.
    #[must_use]
    pub fn backend_name(&self) -> &'static str {
        self.shared.backend.name()
    }

    /// The readers as last seen.
    ///
    /// # Errors
    /// [`ReaderError::ServiceUnavailable`].
    pub fn list(&self) -> Result<Vec<ReaderView>, ReaderError> {
        let state = self.shared.lock();
        if state.service_lost || !state.listed {
            return Err(ReaderError::ServiceUnavailable);
        }
        Ok(state.views())
    }

    /// Waits until the readers fulfil a condition, at most `limit`; whether they do.
    pub fn wait_for(&self, limit: Duration, condition: impl Fn(&[ReaderView]) -> bool) -> bool {
        self.wait_until(limit, |state| {
            state.listed && !state.service_lost && condition(&state.views())
        })
    }

    /// Remembers what was read of the card, if it is still the one there.
    pub fn remember(&self, target: &CardTarget, card: CardSummary) {
        let mut state = self.shared.lock();
        let epoch = state.epoch;
        if let Some(entry) = state.entry_mut(&target.reader)
            && entry.target(epoch) == *target
        {
            entry.known_card = Some(card);
        }
    }

    /// Runs `job` on the card that `target` names, inside one transaction on the reader's own thread, and waits at most
    /// `deadline`. Blocks: never call it on the async executor.
    ///
    /// # Errors
    /// Why the job was not run, or [`ReaderError::Timeout`] where it began and did not end in time.
    pub fn run<R: Send + 'static>(
        &self,
        target: &CardTarget,
        deadline: Duration,
        job: impl FnOnce(&mut CardChannel<'_>) -> (R, CardEnd) + Send + 'static,
    ) -> Result<R, ReaderError> {
        let owner = {
            let mut state = self.shared.lock();
            if state.service_lost {
                return Err(ReaderError::ServiceUnavailable);
            }
            let epoch = state.epoch;
            let entry = state
                .entry_mut(&target.reader)
                .ok_or(ReaderError::ReaderUnknown)?;
            if epoch != target.epoch {
                return Err(ReaderError::CardChanged);
            }
            entry.owner.clone()
        };
        owner.run(target, deadline, job)
    }

    fn wait_until(&self, limit: Duration, condition: impl Fn(&State) -> bool) -> bool {
        let until = Instant::now() + limit;
        let mut state = self.shared.lock();
        while !condition(&state) {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return false;
            };
            state = self
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is a single assignment, so what a panicking holder leaves is consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn service_lost(&self) {
        let mut state = self.lock();
        state.listed = false;
        if !state.service_lost {
            state.service_lost = true;
            state.epoch += 1;
            state.readers.clear();
            tracing::warn!("the card service does not answer");
            self.events.record(EventKind::CardServiceLost, "", None);
        }
        drop(state);
        self.changed.notify_all();
    }

    fn update(&self, now: Vec<ReaderStatus>) {
        let mut state = self.lock();
        if state.service_lost {
            state.service_lost = false;
            tracing::info!("the card service answers again");
            self.events.record(EventKind::CardServiceBack, "", None);
        }
        let announce = state.listed;
        let mut before: BTreeMap<Arc<str>, Entry> = state
            .readers
            .drain(..)
            .map(|entry| (Arc::clone(&entry.status.name), entry))
            .collect();
        let mut readers = Vec::with_capacity(now.len());
        for status in now {
            let name = Arc::clone(&status.name);
            let known = before.remove(&name);
            if known.is_none() && announce {
                self.events.record(EventKind::ReaderArrived, &name, None);
            }
            self.record_card_events(known.as_ref().map(|entry| &entry.status), &status, announce);
            match known {
                Some(mut entry) => {
                    if entry.status.event_counter != status.event_counter
                        || entry.status.atr != status.atr
                    {
                        entry.known_card = None;
                    }
                    entry.status = status;
                    readers.push(entry);
                }
                None => match Owner::start(&name, Arc::clone(&self.backend)) {
                    Ok(owner) => readers.push(Entry {
                        status,
                        owner,
                        known_card: None,
                    }),
                    Err(error) => {
                        tracing::error!(reader = %name, %error, "no thread for the reader")
                    }
                },
            }
        }
        for (name, gone) in before {
            if gone.status.state != ReaderState::Empty {
                self.events.record(EventKind::CardRemoved, &name, None);
            }
            self.events.record(EventKind::ReaderLeft, &name, None);
        }
        state.readers = readers;
        state.listed = true;
        drop(state);
        self.changed.notify_all();
    }

    fn record_card_events(
        &self,
        before: Option<&ReaderStatus>,
        now: &ReaderStatus,
        announce: bool,
    ) {
        let was_there = before.is_some_and(|before| before.state != ReaderState::Empty);
        let is_there = now.state != ReaderState::Empty;
        let same = before.is_some_and(|before| before.event_counter == now.event_counter);
        if was_there && (!is_there || !same) {
            self.events.record(EventKind::CardRemoved, &now.name, None);
        }
        if is_there && (!was_there || !same) && announce {
            let card = now.atr.as_deref().map(crate::operation::summary_of_atr);
            self.events.record(EventKind::CardInserted, &now.name, card);
        }
    }
}

impl State {
    fn views(&self) -> Vec<ReaderView> {
        self.readers
            .iter()
            .map(|entry| ReaderView {
                target: entry.target(self.epoch),
                state: entry.status.state,
                atr: entry.status.atr.clone(),
                known_card: entry.known_card.clone(),
            })
            .collect()
    }

    fn entry_mut(&mut self, reader: &str) -> Option<&mut Entry> {
        self.readers
            .iter_mut()
            .find(|entry| &*entry.status.name == reader)
    }
}

impl Entry {
    fn target(&self, epoch: u64) -> CardTarget {
        CardTarget {
            reader: Arc::clone(&self.status.name),
            epoch,
            event_counter: self.status.event_counter,
        }
    }
}

/// Watches until nobody holds the readers any more.
fn watch_readers(shared: &Weak<Shared>) {
    let Some(mut watch) = shared.upgrade().map(|shared| shared.backend.watch()) else {
        return;
    };
    let mut back_off = FIRST_BACK_OFF;
    loop {
        let seen = watch.next(WATCH_WAIT);
        let Some(shared) = shared.upgrade() else {
            return;
        };
        match seen {
            Ok(readers) => {
                back_off = FIRST_BACK_OFF;
                shared.update(readers);
            }
            Err(_) => {
                shared.service_lost();
                drop(shared);
                thread::sleep(back_off);
                back_off = (back_off * 2).min(LAST_BACK_OFF);
            }
        }
    }
}
