//! How fast a batch signs, by its last signatures, so that a pause or a slow document is soon forgotten.

use std::collections::VecDeque;
use std::time::Instant;

/// Signatures that count.
const WINDOW: usize = 64;

/// When the last signatures were made.
#[derive(Debug, Default)]
pub(super) struct Rate(VecDeque<Instant>);

impl Rate {
    /// A signature was made.
    pub(super) fn note(&mut self) {
        if self.0.len() == WINDOW {
            self.0.pop_front();
        }
        self.0.push_back(Instant::now());
    }

    /// Nothing is being signed any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Seconds for one signature.
    pub(super) fn seconds_each(&self) -> Option<f64> {
        let (first, last) = (self.0.front()?, self.0.back()?);
        let steps = u32::try_from(self.0.len().checked_sub(1)?).ok()?;
        (steps > 0).then(|| last.duration_since(*first).as_secs_f64() / f64::from(steps))
    }
}
