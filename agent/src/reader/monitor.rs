//! The thread that watches readers, and the way to them for everyone else. It loses no card service for good: it tries again,
//! soon enough that a person who restarts the service does not notice. A workstation that slept has new readers and new
//! cards, whatever they look like: the list is made anew, and nothing prepared before the sleep reaches a card after it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use paraphe_protocol::api::{CardSummary, EventKind};

use super::job::{JobLimits, SHORTEST_SLEEP};
use super::owner::Owner;
use super::patience;
use super::table::{ReaderView, Table};
use super::{Backend, CardChannel, CardEnd, CardTarget, ReaderError, ReaderName, ReaderStatus};
use crate::events::EventLog;

/// Longest wait inside one call to the card service; covers changes that fall between two calls (infra facts, section 2).
const WATCH_WAIT: Duration = Duration::from_millis(1200);
/// Back-off after the card service was lost: doubled from the first to the last. An attempt is one connection to a local
/// socket; the last leaves half of the second in which a card must be read again after the service is back.
const FIRST_BACK_OFF: Duration = Duration::from_millis(50);
const LAST_BACK_OFF: Duration = Duration::from_millis(400);
/// How long a caller waits for the list of readers while it is being made, after a sleep.
const LISTING: Duration = Duration::from_secs(2);

/// The readers of this workstation.
#[derive(Debug, Clone)]
pub struct Readers {
    shared: Arc<Shared>,
}

/// What became of a card that was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// It is there, and never was away.
    There,
    /// It was taken out, or its reader was.
    Gone,
    /// Nobody saw: the card service was lost, or the workstation slept.
    Unknown,
}

#[derive(Debug)]
struct Shared {
    backend: Arc<dyn Backend>,
    events: EventLog,
    table: Mutex<Table>,
    changed: Condvar,
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
        let slept = backend.slept();
        let shared = Arc::new(Shared {
            backend,
            events,
            table: Mutex::new(Table::new(slept)),
            changed: Condvar::new(),
        });
        let weak = Arc::downgrade(&shared);
        thread::Builder::new()
            .name("card-monitor".to_owned())
            .spawn(move || watch_readers(&weak))?;
        let readers = Self { shared };
        readers
            .shared
            .wait_until(first_listing, |table| table.listed || table.service_lost);
        Ok(readers)
    }

    /// `pcsc` or `in-process`.
    #[must_use]
    pub fn backend_name(&self) -> &'static str {
        self.shared.backend.name()
    }

    /// The readers as last seen. Just after the workstation slept it waits up to 2 seconds for their new list.
    ///
    /// # Errors
    /// [`ReaderError::ServiceUnavailable`].
    pub fn list(&self) -> Result<Vec<ReaderView>, ReaderError> {
        self.shared.note_sleep();
        self.shared
            .wait_until(LISTING, |table| table.listed || table.service_lost);
        let table = self.shared.lock();
        if table.service_lost || !table.listed {
            return Err(ReaderError::ServiceUnavailable);
        }
        Ok(table.views())
    }

    /// Waits until the readers fulfil a condition, at most `limit`; whether they do.
    pub fn wait_for(&self, limit: Duration, condition: impl Fn(&[ReaderView]) -> bool) -> bool {
        self.shared.wait_until(limit, |table| {
            table.listed && !table.service_lost && condition(&table.views())
        })
    }

    /// What became of a card that was there.
    pub(crate) fn presence(&self, target: &CardTarget) -> Presence {
        self.shared.note_sleep();
        let table = self.shared.lock();
        if table.service_lost || table.epoch != target.epoch {
            Presence::Unknown
        } else if table.holds(target) {
            Presence::There
        } else {
            Presence::Gone
        }
    }

    /// Whether another job waits for the one that is under way on this card.
    pub(crate) fn is_waited_for(&self, target: &CardTarget) -> bool {
        let owner = self.shared.lock().owner(target);
        owner.is_some_and(|owner| owner.is_waited_for())
    }

    /// How long the workstation has slept; it grows by every sleep and by nothing else.
    pub(crate) fn slept(&self) -> Duration {
        self.shared.backend.slept()
    }

    /// Waits until something changes at the readers, or nothing did for so long.
    pub(crate) fn wait_for_change(&self, limit: Duration) {
        let table = self.shared.lock();
        // Who waits looks again in either case.
        let _waited = self.shared.changed.wait_timeout(table, limit);
    }

    /// Remembers what was read of the card, if it is still the one there.
    pub fn remember(&self, target: &CardTarget, card: CardSummary) {
        self.shared.lock().remember(target, card);
    }

    /// Runs `job` on the card that `target` names, inside one transaction on the reader's own thread, within `limits` and what is
    /// left of the operation's time. Once its time is over the job's commands no longer reach the card. Blocks: never call it on the async executor.
    ///
    /// # Errors
    /// Why the job was not run, or [`ReaderError::Timeout`] where it began and did not end in time.
    pub fn run<R: Send + 'static>(
        &self,
        target: &CardTarget,
        limits: impl Into<JobLimits>,
        job: impl FnOnce(&mut CardChannel<'_>) -> (R, CardEnd) + Send + 'static,
    ) -> Result<R, ReaderError> {
        self.shared.note_sleep();
        let owner = {
            let table = self.shared.lock();
            if table.service_lost {
                return Err(ReaderError::ServiceUnavailable);
            }
            if table.epoch != target.epoch {
                return Err(ReaderError::CardChanged);
            }
            table.owner(target).ok_or(ReaderError::ReaderUnknown)?
        };
        patience::spend(limits.into(), |limits| owner.run(target, limits, job))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Table> {
        // What a panicking holder leaves is at worst a list without some readers, which the next one completes.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_until(&self, limit: Duration, condition: impl Fn(&Table) -> bool) -> bool {
        let until = Instant::now() + limit;
        let mut table = self.lock();
        while !condition(&table) {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return false;
            };
            table = self
                .changed
                .wait_timeout(table, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        true
    }

    fn service_lost(&self) {
        let mut table = self.lock();
        if !table.service_lost {
            table.service_lost = true;
            table.forget();
            tracing::warn!("the card service does not answer");
            self.events.record(EventKind::CardServiceLost, "", None);
        }
        drop(table);
        self.changed.notify_all();
    }

    /// Voids everything where the workstation slept since the readers were listed; whether it did.
    fn note_sleep(&self) -> bool {
        let slept = self.backend.slept();
        let mut table = self.lock();
        if slept.saturating_sub(table.slept) < SHORTEST_SLEEP {
            return false;
        }
        table.slept = slept;
        table.forget();
        tracing::info!("the workstation slept: the readers are listed anew");
        self.events.record(EventKind::WorkstationResumed, "", None);
        drop(table);
        self.changed.notify_all();
        true
    }

    fn update(self: &Arc<Self>, now: Vec<ReaderStatus>) {
        let mut table = self.lock();
        if table.service_lost {
            table.service_lost = false;
            tracing::info!("the card service answers again");
            self.events.record(EventKind::CardServiceBack, "", None);
        }
        table.update(now, &self.events, |name| self.start_owner(name));
        drop(table);
        self.changed.notify_all();
    }

    fn start_owner(self: &Arc<Self>, name: &ReaderName) -> Option<Owner> {
        let shared = Arc::downgrade(self);
        let described = move || {
            if let Some(shared) = shared.upgrade() {
                shared.changed.notify_all();
            }
        };
        Owner::start(name, Arc::clone(&self.backend), described)
            .inspect_err(
                |error| tracing::error!(reader = %name, %error, "no thread for the reader"),
            )
            .ok()
    }
}

/// Watches until nobody holds the readers any more.
fn watch_readers(weak: &Weak<Shared>) {
    let mut watch = None;
    let mut epoch = 0;
    let mut back_off = FIRST_BACK_OFF;
    loop {
        let Some(shared) = weak.upgrade() else {
            return;
        };
        shared.note_sleep();
        let now = shared.lock().epoch;
        // What watched before a sleep may hold on to readers that are no more.
        let mut watching = watch
            .take_if(|_| epoch == now)
            .unwrap_or_else(|| shared.backend.watch());
        epoch = now;
        drop(shared);
        let seen = watching.next(WATCH_WAIT);
        watch = Some(watching);
        let Some(shared) = weak.upgrade() else {
            return;
        };
        if shared.note_sleep() || shared.lock().epoch != epoch {
            // Seen before the sleep.
            continue;
        }
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
