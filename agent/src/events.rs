//! What happened at the readers, kept in a ring so that a caller who comes back later misses nothing: `events` is a
//! long poll over it. Positions begin at the start time of this log, so a cursor of an earlier run of the agent is
//! recognised as too old instead of pointing at something else. Nothing about a card's holder is kept here.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use paraphe_protocol::api::{CardSummary, Event, EventKind, EventsResponse};
use tokio::sync::watch;

/// Events kept.
const CAPACITY: usize = 512;
/// Positions per second of start time; more than events can happen in one.
const POSITIONS_PER_SECOND: u64 = 1_000_000;

/// The log of events. Clones are the same log.
#[derive(Debug, Clone)]
pub struct EventLog {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    ring: Mutex<VecDeque<Event>>,
    last: watch::Sender<u64>,
    first: u64,
}

impl EventLog {
    /// An empty log that starts now.
    #[must_use]
    pub fn new() -> Self {
        let first = seconds_since_epoch()
            .unsigned_abs()
            .saturating_mul(POSITIONS_PER_SECOND);
        Self {
            shared: Arc::new(Shared {
                ring: Mutex::new(VecDeque::with_capacity(CAPACITY)),
                last: watch::Sender::new(first),
                first,
            }),
        }
    }

    /// Adds an event and wakes who waits. `reader` is empty for events of the card service as a whole.
    pub fn record(&self, kind: EventKind, reader: &str, card: Option<CardSummary>) {
        tracing::info!(?kind, reader, "card event");
        let mut ring = self.lock();
        let sequence = *self.shared.last.borrow() + 1;
        if ring.len() == CAPACITY {
            ring.pop_front();
        }
        ring.push_back(Event {
            sequence,
            at: seconds_since_epoch(),
            kind,
            reader: reader.to_owned(),
            card,
        });
        self.shared.last.send_replace(sequence);
    }

    /// What happened after `cursor`, as soon as there is something or `wait` is over. Without a cursor: nothing, and where
    /// the log stands.
    pub async fn after(&self, cursor: Option<u64>, wait: Duration) -> EventsResponse {
        let Some(cursor) = cursor else {
            return EventsResponse {
                cursor: *self.shared.last.borrow(),
                events: Vec::new(),
                missed: false,
            };
        };
        let mut last = self.shared.last.subscribe();
        let known = cursor >= self.shared.first && cursor <= *last.borrow();
        if known {
            // Both ends are normal: something happened, or nothing did in time.
            let _ = tokio::time::timeout(wait, last.wait_for(|last| *last > cursor)).await;
        }
        self.read(cursor, known)
    }

    fn read(&self, cursor: u64, known: bool) -> EventsResponse {
        let ring = self.lock();
        let last = *self.shared.last.borrow();
        let oldest = ring.front().map_or(last + 1, |event| event.sequence);
        let missed = !known || cursor < oldest.saturating_sub(1);
        EventsResponse {
            cursor: last,
            events: ring
                .iter()
                .filter(|event| missed || event.sequence > cursor)
                .cloned()
                .collect(),
            missed,
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Event>> {
        // A push cannot leave the ring inconsistent.
        self.shared
            .ring
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for EventLog {
    fn default() -> Self {
        Self::new()
    }
}

fn seconds_since_epoch() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::time::Duration;

    use paraphe_protocol::api::EventKind;

    use super::{CAPACITY, EventLog};

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_waiting_caller_gets_what_happens() {
        let log = EventLog::new();
        let start = log.after(None, LONG).await;
        assert!(start.events.is_empty() && !start.missed);
        let waiting = tokio::spawn({
            let log = log.clone();
            async move { log.after(Some(start.cursor), LONG).await }
        });
        log.record(EventKind::ReaderArrived, "Lecteur 1", None);
        let seen = waiting.await.unwrap();
        assert_eq!(seen.events.len(), 1);
        assert_eq!(seen.events[0].kind, EventKind::ReaderArrived);
        assert_eq!(seen.cursor, start.cursor + 1);
        let later = log.after(Some(seen.cursor), Duration::ZERO).await;
        assert!(later.events.is_empty() && !later.missed);
    }

    #[tokio::test]
    async fn a_cursor_that_is_too_old_or_from_elsewhere_is_told() {
        let log = EventLog::new();
        let start = log.after(None, LONG).await.cursor;
        for _ in 0..=CAPACITY {
            log.record(EventKind::CardInserted, "Lecteur 1", None);
        }
        let old = log.after(Some(start), LONG).await;
        assert!(old.missed);
        assert_eq!(old.events.len(), CAPACITY);
        assert!(!log.after(Some(start + 1), LONG).await.missed);
        assert!(log.after(Some(7), LONG).await.missed, "an earlier run");
        assert!(log.after(Some(u64::MAX), LONG).await.missed, "the future");
    }
}
