//! Mandates: one PIN entry for a bounded set of signatures (docs/batch.md). A mandate belongs to who opened it and to one card;
//! its secret lies in locked memory and is wiped when it ends. The card is never left verified between two signatures: each
//! transaction presents the secret to the same serial number and leaves the card reset.
//!
//! Refused: a mandate of somebody else's, one that has ended, more signatures than it is for, and, where its documents were
//! approved, any other document.

mod approved;
mod one_mandate;
mod session_lock;
mod watch;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use paraphe_protocol::api::{ErrorCode, MandateEndReason, MandateSummary};

use crate::document_store::Owner;
use crate::events::EventLog;
use crate::problem::Failure;
use crate::reader::Readers;

pub(crate) use approved::Scope;
pub(crate) use one_mandate::{Mandate, MandateTerms, is_foreign_reset, reason_of, target};
use session_lock::SessionLock;

/// Mandates that may be open at once.
const MAXIMUM_OPEN: usize = 16;
/// Mandates that have ended and are still told.
const MAXIMUM_ENDED: usize = 32;

/// The mandates of this agent.
#[derive(Debug)]
pub(crate) struct Mandates {
    list: List,
    events: EventLog,
    readers: Readers,
    /// The bus on which the session manager is; `None`: the system's.
    session_bus: Option<String>,
    session_lock: OnceLock<Arc<SessionLock>>,
    /// What else ends when the session does.
    beside: Arc<Beside>,
}

/// What is called with the reason when the session ends mandates.
#[derive(Default)]
struct Beside(OnceLock<Box<dyn Fn(MandateEndReason) + Send + Sync>>);

impl std::fmt::Debug for Beside {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Beside(..)")
    }
}

type List = Arc<Mutex<VecDeque<Arc<Mandate>>>>;

impl Mandates {
    pub(crate) fn new(events: EventLog, readers: Readers, session_bus: Option<String>) -> Self {
        Self {
            list: List::default(),
            events,
            readers,
            session_bus,
            session_lock: OnceLock::new(),
            beside: Arc::default(),
        }
    }

    /// Whether mandates end when the session is locked: whether somebody tells.
    pub(crate) fn ends_on_lock(&self) -> bool {
        self.session_lock().is_watching()
    }

    /// How often the session was locked, or whoever tells it was lost, so far: asked before a person is.
    pub(crate) fn locks_told(&self) -> u64 {
        let lock = self.session_lock();
        // So that what happens while the person is asked is not overlooked.
        lock.is_watching();
        lock.told().0
    }

    /// How often an end was told by the session so far, and the last one.
    pub(crate) fn last_told(&self) -> (u64, Option<MandateEndReason>) {
        self.session_lock().told()
    }

    /// Calls `end` too when the session ends mandates: once for good, before anything is begun.
    pub(crate) fn also_end(&self, end: impl Fn(MandateEndReason) + Send + Sync + 'static) {
        self.beside.0.get_or_init(|| Box::new(end));
    }

    /// Begins to watch the session the first time that it matters.
    fn session_lock(&self) -> &Arc<SessionLock> {
        self.session_lock.get_or_init(|| {
            let list = Arc::downgrade(&self.list);
            let beside = Arc::downgrade(&self.beside);
            let told = move |reason| {
                if let Some(list) = list.upgrade() {
                    end_all(&list, reason);
                }
                if let Some(end) = beside.upgrade().as_ref().and_then(|beside| beside.0.get()) {
                    end(reason);
                }
            };
            Arc::new(SessionLock::watch(self.session_bus.clone(), told))
        })
    }

    /// Whether one more may be opened; asked before the PIN is.
    pub(crate) fn check_room(&self) -> Result<(), Failure> {
        let open = self.lock().iter().filter(|one| one.is_open()).count();
        if open < MAXIMUM_OPEN {
            return Ok(());
        }
        Err(Failure::new(ErrorCode::MandateLimit).with_detail(
            format!("{MAXIMUM_OPEN} mandats sont déjà ouverts."),
            format!("{MAXIMUM_OPEN} mandates are open already."),
        ))
    }

    /// Begins a mandate, and to watch for its end.
    pub(crate) fn begin(&self, terms: MandateTerms) -> Result<Arc<Mandate>, Failure> {
        let locks_told = terms.locks_told;
        let lock = Arc::clone(self.session_lock());
        let mandate = Arc::new(Mandate::new(terms, self.events.clone(), lock)?);
        let mut list = self.lock();
        let ended = list.iter().filter(|one| !one.is_open()).count();
        if ended > MAXIMUM_ENDED
            && let Some(oldest) = list.iter().position(|one| !one.is_open())
        {
            list.remove(oldest);
        }
        list.push_back(Arc::clone(&mandate));
        drop(list);
        mandate.announce();
        watch::start(&mandate, self.readers.clone()).inspect_err(|_| {
            // A mandate that nobody watches must not be.
            mandate.end(MandateEndReason::CardFailed);
        })?;
        // In the list by now: what is told from here on reaches it, and what was told before is seen here.
        if let (told, Some(reason)) = self.session_lock().told()
            && told != locks_told
        {
            mandate.end(reason);
        }
        Ok(mandate)
    }

    /// The mandate of this name, if it is this owner's.
    pub(crate) fn find(&self, owner: &Owner, id: &str) -> Result<Arc<Mandate>, Failure> {
        self.lock()
            .iter()
            .find(|one| one.id() == id && one.owner() == owner)
            .cloned()
            .ok_or_else(|| ErrorCode::MandateUnknown.into())
    }

    /// All of this owner's, the oldest first.
    pub(crate) fn of(&self, owner: &Owner) -> Vec<MandateSummary> {
        let list = self.lock();
        let own = list.iter().filter(|one| one.owner() == owner);
        own.map(|one| one.summary()).collect()
    }

    /// Ends them all: the agent stops.
    pub(crate) fn stop(&self) {
        end_all(&self.list, MandateEndReason::AgentStopped);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Mandate>>> {
        locked(&self.list)
    }
}

fn locked(list: &Mutex<VecDeque<Arc<Mandate>>>) -> MutexGuard<'_, VecDeque<Arc<Mandate>>> {
    // Every change is one insertion or removal.
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end_all(list: &Mutex<VecDeque<Arc<Mandate>>>, reason: MandateEndReason) {
    // Not under the lock: an end wakes others, who may ask for the list.
    let all: Vec<_> = locked(list).iter().cloned().collect();
    for mandate in all {
        mandate.end(reason);
    }
}
