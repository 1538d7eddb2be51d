//! What both doors share for those who come in: how much they bear, whose turn it is, how often who may ask, and the numbers of it.

use super::Limits;
use super::rate::{CallerRates, SharedRate};
use super::traffic::Traffic;
use super::turns::Turns;

/// The reception of one agent, at all its doors.
#[derive(Debug)]
pub struct Reception {
    pub(super) limits: Limits,
    pub(super) turns: Turns,
    pub(super) traffic: Traffic,
    pub(super) handshakes: SharedRate,
    pub(super) requests: CallerRates,
}

impl Reception {
    /// Nobody is there yet; what happens is counted in `traffic`.
    #[must_use]
    pub fn new(limits: Limits, traffic: Traffic) -> Self {
        Self {
            turns: Turns::new(&limits),
            handshakes: SharedRate::new(limits.handshakes),
            requests: CallerRates::new(limits.requests),
            limits,
            traffic,
        }
    }
}
