//! Watches one tunnel until it ends: the card that leaves, the token that is no longer in its module, the card service that is lost, the
//! workstation that slept, the time that is over, the quiet that lasts too long. One thread each, which mostly waits.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use paraphe_protocol::api::{ErrorCode, TunnelEndReason};

use super::Tunnel;
use crate::mandate::target;
use crate::problem::Failure;
use crate::reader::{Presence, Readers, SHORTEST_SLEEP};
use crate::token::Access;

/// Longest time between two looks; a change at the readers is seen at once.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Starts to watch.
pub(super) fn start(tunnel: &Arc<Tunnel>, readers: Readers) -> Result<(), Failure> {
    let watched = Arc::downgrade(tunnel);
    thread::Builder::new()
        .name("tunnel".to_owned())
        .spawn(move || watch(&watched, &readers))
        .map(drop)
        .map_err(|error| {
            Failure::new(ErrorCode::Internal).with_system_error("Fil", "Thread", &error)
        })
}

fn watch(watched: &Weak<Tunnel>, readers: &Readers) {
    while let Some(tunnel) = watched.upgrade() {
        if !tunnel.is_open() {
            return;
        }
        if let Some(reason) = why_over(&tunnel, readers) {
            tunnel.end(reason);
            return;
        }
        let wait = tunnel.time_left().min(LOOK_EVERY);
        drop(tunnel);
        readers.wait_for_change(wait);
    }
}

fn why_over(tunnel: &Tunnel, readers: &Readers) -> Option<TunnelEndReason> {
    if readers.slept().saturating_sub(tunnel.slept()) >= SHORTEST_SLEEP {
        return Some(TunnelEndReason::WorkstationSlept);
    }
    if tunnel.is_idle() {
        return Some(TunnelEndReason::Idle);
    }
    if let Access::Pkcs11(module) = &tunnel.token().access
        && !module.is_seen()
    {
        return Some(TunnelEndReason::CardRemoved);
    }
    match readers.presence(target(tunnel.token())?) {
        Presence::There => None,
        Presence::Gone => Some(TunnelEndReason::CardRemoved),
        Presence::Unknown => Some(TunnelEndReason::CardServiceLost),
    }
}
