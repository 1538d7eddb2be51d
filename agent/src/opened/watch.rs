//! Watches one until it ends: the card that leaves, the card service that is lost, the workstation that slept, the time that is over,
//! and what else ends it. One thread each, which mostly waits.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use paraphe_protocol::api::{ErrorCode, MandateEndReason};

use super::Opened;
use crate::problem::Failure;
use crate::reader::{Presence, Readers, SHORTEST_SLEEP};

/// Longest time between two looks; a change at the readers is seen at once.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Starts to watch.
pub(crate) fn watch<T: Opened>(one: &Arc<T>, readers: Readers) -> Result<(), Failure> {
    let watched = Arc::downgrade(one);
    thread::Builder::new()
        .name(T::NAME.to_owned())
        .spawn(move || look(&watched, &readers))
        .map(drop)
        .map_err(|error| {
            Failure::new(ErrorCode::Internal).with_system_error("Fil", "Thread", &error)
        })
}

fn look<T: Opened>(watched: &Weak<T>, readers: &Readers) {
    while let Some(one) = watched.upgrade() {
        if !one.is_open() {
            return;
        }
        if let Some(reason) = why_over(&*one, readers) {
            one.end(reason);
            return;
        }
        let wait = one.tenure().left().min(LOOK_EVERY);
        drop(one);
        readers.wait_for_change(wait);
    }
}

fn why_over<T: Opened>(one: &T, readers: &Readers) -> Option<T::Reason> {
    if readers.slept().saturating_sub(one.tenure().slept) >= SHORTEST_SLEEP {
        return Some(MandateEndReason::WorkstationSlept.into());
    }
    if let Some(reason) = one.why_over_besides() {
        return Some(reason);
    }
    match readers.presence(one.token().card_target()?) {
        Presence::There => None,
        Presence::Gone => Some(MandateEndReason::CardRemoved.into()),
        Presence::Unknown => Some(MandateEndReason::CardServiceLost.into()),
    }
}
