//! Mandates: one PIN entry for a bounded set of signatures (docs/batch.md). A mandate belongs to who opened it and to one card;
//! its secret lies in locked memory and is wiped when it ends. The card is never left verified between two signatures: each
//! transaction presents the secret to the same serial number and leaves the card reset.
//!
//! Refused: a mandate of somebody else's, one that has ended, more signatures than it is for, and, where its documents were
//! approved, any other document.

mod approved;
mod one_mandate;
mod watch;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paraphe_protocol::api::{ErrorCode, MandateEndReason, MandateSummary};

use crate::document_store::Owner;
use crate::events::EventLog;
use crate::problem::Failure;
use crate::reader::Readers;

pub(crate) use approved::Scope;
pub(crate) use one_mandate::{Mandate, MandateTerms, is_foreign_reset, target};

/// Mandates that may be open at once.
const MAXIMUM_OPEN: usize = 16;
/// Mandates that have ended and are still told.
const MAXIMUM_ENDED: usize = 32;

/// The mandates of this agent.
#[derive(Debug)]
pub(crate) struct Mandates {
    list: Mutex<VecDeque<Arc<Mandate>>>,
    events: EventLog,
    readers: Readers,
}

impl Mandates {
    pub(crate) fn new(events: EventLog, readers: Readers) -> Self {
        Self {
            list: Mutex::default(),
            events,
            readers,
        }
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
        let mandate = Arc::new(Mandate::new(terms, self.events.clone())?);
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
        // Not under the lock: an end wakes others, who may ask for the list.
        let all: Vec<_> = self.lock().iter().cloned().collect();
        for mandate in all {
            mandate.end(MandateEndReason::AgentStopped);
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Mandate>>> {
        // Every change is one insertion or removal.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
