//! Watches one mandate until it ends: the card that leaves, the card service that is lost, the workstation that slept, the time
//! that is over. One thread each, which mostly waits.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use paraphe_protocol::api::{ErrorCode, MandateEndReason};

use super::Mandate;
use super::one_mandate::target;
use crate::problem::Failure;
use crate::reader::{Presence, Readers, SHORTEST_SLEEP};

/// Longest time between two looks; a change at the readers is seen at once.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Starts to watch.
pub(super) fn start(mandate: &Arc<Mandate>, readers: Readers) -> Result<(), Failure> {
    let watched = Arc::downgrade(mandate);
    thread::Builder::new()
        .name("mandate".to_owned())
        .spawn(move || watch(&watched, &readers))
        .map_err(|error| {
            Failure::new(ErrorCode::Internal).with_system_error("Fil", "Thread", &error)
        })?;
    Ok(())
}

fn watch(watched: &Weak<Mandate>, readers: &Readers) {
    while let Some(mandate) = watched.upgrade() {
        if !mandate.is_open() {
            return;
        }
        if let Some(reason) = why_over(&mandate, readers) {
            mandate.end(reason);
            return;
        }
        let wait = mandate.time_left().min(LOOK_EVERY);
        drop(mandate);
        readers.wait_for_change(wait);
    }
}

fn why_over(mandate: &Mandate, readers: &Readers) -> Option<MandateEndReason> {
    if readers.slept().saturating_sub(mandate.slept()) >= SHORTEST_SLEEP {
        return Some(MandateEndReason::WorkstationSlept);
    }
    match readers.presence(target(mandate.token())?) {
        Presence::There => None,
        Presence::Gone => Some(MandateEndReason::CardRemoved),
        Presence::Unknown => Some(MandateEndReason::CardServiceLost),
    }
}
