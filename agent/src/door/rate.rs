//! How often something may happen: so many at once, and so many a second after that (token bucket). One for TLS handshakes, which
//! cost the most of what a stranger can ask for, and one for each caller's requests.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::caller::Caller;

/// Callers whose rate is remembered; local programs are many in a day.
const CALLERS: usize = 256;

/// How often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// After that.
    pub per_second: u32,
}

/// What is left of a rate at a moment.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    /// Instant at which it would be full.
    full_at: Instant,
}

impl Bucket {
    /// Take one; else how long it is until there is one.
    fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let one = Duration::from_secs(1) / rate.per_second.max(1);
        let whole = one * rate.burst.max(1);
        let taken = self.full_at.max(now) + one;
        match taken.duration_since(now).checked_sub(whole) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.full_at = taken;
                Ok(())
            }
        }
    }
}

/// The rate of one thing that everybody shares.
#[derive(Debug)]
pub(super) struct SharedRate {
    rate: Rate,
    bucket: Mutex<Bucket>,
}

impl SharedRate {
    pub(super) fn new(rate: Rate) -> Self {
        let full_at = Instant::now();
        Self {
            rate,
            bucket: Mutex::new(Bucket { full_at }),
        }
    }

    /// Wait until there is one. Who waits longest is not sure to be the next.
    pub(super) async fn wait(&self) {
        loop {
            let taken = {
                let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
                bucket.take(self.rate, Instant::now())
            };
            match taken {
                Ok(()) => return,
                Err(wait) => tokio::time::sleep(wait).await,
            }
        }
    }
}

/// The rate of each caller.
#[derive(Debug)]
pub(super) struct CallerRates {
    rate: Rate,
    buckets: Mutex<HashMap<Caller, Bucket>>,
}

impl CallerRates {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            buckets: Mutex::default(),
        }
    }

    /// Take one of the caller's; whether there was one.
    pub(super) fn take(&self, caller: &Caller) -> bool {
        self.take_at(caller, Instant::now())
    }

    fn take_at(&self, caller: &Caller, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CALLERS {
            // A full bucket says nothing.
            buckets.retain(|_, bucket| bucket.full_at > now);
        }
        let bucket = buckets
            .entry(caller.clone())
            .or_insert(Bucket { full_at: now });
        bucket.take(self.rate, now).is_ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::time::{Duration, Instant};

    use super::{CallerRates, Rate, SharedRate};
    use crate::caller::Caller;

    const RATE: Rate = Rate {
        burst: 3,
        per_second: 10,
    };

    #[test]
    fn a_burst_then_the_rate_and_each_caller_alone() {
        let rates = CallerRates::new(RATE);
        let begun = Instant::now();
        let [a, b] = ["https://a.example", "https://b.example"]
            .map(|origin| Caller::Site(origin.parse().unwrap()));
        for _ in 0..3 {
            assert!(rates.take_at(&a, begun));
        }
        assert!(!rates.take_at(&a, begun));
        assert!(rates.take_at(&b, begun));
        let later = begun + Duration::from_millis(100);
        assert!(rates.take_at(&a, later));
        assert!(!rates.take_at(&a, later));
        let much_later = begun + Duration::from_secs(60);
        for _ in 0..3 {
            assert!(rates.take_at(&a, much_later));
        }
        assert!(!rates.take_at(&a, much_later));
    }

    #[test]
    fn callers_who_come_and_go_are_forgotten() {
        let rates = CallerRates::new(RATE);
        let mut now = Instant::now();
        for pid in 0..2_000 {
            let program = Caller::LocalProgram {
                uid: 1000,
                pid: Some(pid),
            };
            assert!(rates.take_at(&program, now));
            now += Duration::from_secs(1);
        }
        assert!(rates.buckets.lock().unwrap().len() <= super::CALLERS);
    }

    #[tokio::test]
    async fn beyond_the_burst_one_waits() {
        let shared = SharedRate::new(RATE);
        let begun = Instant::now();
        for _ in 0..4 {
            shared.wait().await;
        }
        assert!(begun.elapsed() >= Duration::from_millis(90));
    }
}
