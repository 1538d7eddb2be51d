//! Mandates: one PIN entry for a bounded set of signatures (docs/batch.md). A mandate belongs to who opened it and to one card;
//! its secret lies in locked memory and is wiped when it ends. The card is never left verified between two signatures: each
//! transaction presents the secret to the same serial number and leaves the card reset.
//!
//! Refused: a mandate of somebody else's, one that has ended, more signatures than it is for, and, where its documents were
//! approved, any other document.

mod approved;
mod one_mandate;
mod session_lock;

use std::sync::{Arc, OnceLock};

use paraphe_protocol::api::{ErrorCode, MandateEndReason, MandateSummary};

use crate::audit::Journal;
use crate::document_store::Owner;
use crate::events::EventLog;
use crate::opened::{self, Opened, OpenedList};
use crate::problem::Failure;
use crate::reader::Readers;

pub(crate) use approved::Scope;
pub(crate) use one_mandate::{Mandate, MandateTerms, is_foreign_reset, reason_of};
use session_lock::SessionLock;

/// Mandates that may be open at once.
const MAXIMUM_OPEN: usize = 16;

/// The mandates of this agent.
#[derive(Debug)]
pub(crate) struct Mandates {
    list: OpenedList<Mandate>,
    events: EventLog,
    journal: Arc<Journal>,
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

impl Mandates {
    pub(crate) fn new(
        events: EventLog,
        journal: Arc<Journal>,
        readers: Readers,
        session_bus: Option<String>,
    ) -> Self {
        Self {
            list: OpenedList::default(),
            events,
            journal,
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
            let list = self.list.downgrade();
            let beside = Arc::downgrade(&self.beside);
            let told = move |reason| {
                let list = list.upgrade();
                // Everything is wiped before anything waits for the disk.
                let ceased = list.map_or_else(Vec::new, |list| list.cease_all(reason));
                if let Some(end) = beside.upgrade().as_ref().and_then(|beside| beside.0.get()) {
                    end(reason);
                }
                ceased.iter().for_each(|one| one.tell_end(reason));
            };
            Arc::new(SessionLock::watch(self.session_bus.clone(), told))
        })
    }

    /// Whether one more may be opened; asked before the PIN is.
    pub(crate) fn check_room(&self) -> Result<(), Failure> {
        if self.list.open() < MAXIMUM_OPEN {
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
        let mandate = Mandate::new(terms, self.events.clone(), Arc::clone(&self.journal), lock)?;
        let mandate = Arc::new(mandate);
        self.list.add(&mandate);
        mandate.announce();
        opened::watch(&mandate, self.readers.clone()).inspect_err(|_| {
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
        let found = self.list.find(owner, id);
        found.ok_or_else(|| ErrorCode::MandateUnknown.into())
    }

    /// All of this owner's, the oldest first.
    pub(crate) fn of(&self, owner: &Owner) -> Vec<MandateSummary> {
        let own = self.list.of(owner);
        own.iter().map(|one| one.summary()).collect()
    }

    /// Everybody's, the oldest first, each with the site that opened it: for the person on the agent's own page.
    pub(crate) fn all(&self) -> Vec<MandateSummary> {
        let all = self.list.all();
        all.iter().map(|one| told_to_person(one)).collect()
    }

    /// Ends the mandate of this name, whoever opened it.
    pub(crate) fn close_any(&self, id: &str) -> Result<MandateSummary, Failure> {
        let all = self.list.all();
        let one = all.iter().find(|one| one.id() == id);
        let one = one.ok_or(ErrorCode::MandateUnknown)?;
        one.end(MandateEndReason::Closed);
        Ok(told_to_person(one))
    }

    /// Ends this owner's; how many were open.
    pub(crate) fn end_of(&self, owner: &Owner, reason: MandateEndReason) -> usize {
        let open: Vec<_> = self.list.of(owner);
        let open = open.iter().filter(|one| one.is_open());
        open.map(|one| one.end(reason)).count()
    }

    /// Ends them all: the agent stops.
    pub(crate) fn stop(&self) {
        self.list.end_all(MandateEndReason::AgentStopped);
    }
}

fn told_to_person(mandate: &Mandate) -> MandateSummary {
    MandateSummary {
        origin: match mandate.owner() {
            Owner::Site(origin) => Some(origin.as_str().to_owned()),
            Owner::User => None,
        },
        ..mandate.summary()
    }
}
