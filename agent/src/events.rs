//! What happened at the readers and with mandates, kept in a ring so that a caller who comes back later misses nothing: `events` is a
//! long poll over it. Positions begin at the start time of this log, so a cursor of an earlier run of the agent is
//! recognised as too old instead of pointing at something else. Nothing about a card's holder is kept here. What
//! happened with a mandate is told to who opened it and to nobody else.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use paraphe_protocol::api::{
    CardSummary, Event, EventKind, EventsResponse, MandateSummary, TunnelSummary,
};
use tokio::sync::watch;

use crate::config::Origin;
use crate::document_store::Owner;

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
    ring: Mutex<VecDeque<Entry>>,
    last: watch::Sender<u64>,
    first: u64,
}

#[derive(Debug)]
struct Entry {
    event: Event,
    /// Whom alone it is told; `None`: everybody.
    owner: Option<Owner>,
}

impl Entry {
    /// Whether this owner is told it; who is none, the person themselves, is told everything.
    fn is_for(&self, owner: Option<&Owner>) -> bool {
        match (&self.owner, owner) {
            (Some(only), Some(owner)) => only == owner,
            (None, _) | (_, None) => true,
        }
    }
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
        let event = Event {
            card,
            ..blank(kind, reader)
        };
        self.push(Entry { event, owner: None });
    }

    /// Adds what happened with a mandate, for who opened it.
    pub(crate) fn record_mandate(&self, kind: EventKind, owner: Owner, mandate: MandateSummary) {
        let event = Event {
            reader: mandate.reader.clone(),
            mandate: Some(mandate),
            ..blank(kind, "")
        };
        self.push(Entry {
            event,
            owner: Some(owner),
        });
    }

    /// Adds what happened with a tunnel, for who opened it.
    pub(crate) fn record_tunnel(&self, kind: EventKind, owner: Owner, tunnel: TunnelSummary) {
        let event = Event {
            reader: tunnel.reader.clone(),
            tunnel: Some(tunnel),
            ..blank(kind, "")
        };
        self.push(Entry {
            event,
            owner: Some(owner),
        });
    }

    /// Adds that a break-glass assertion was made for `asker`: for them, and for the user whatever page asked.
    pub(crate) fn record_break_glass(&self, asker: Owner, reader: &str, record_server: &str) {
        let mut told = vec![Owner::User];
        if asker != Owner::User {
            told.push(asker);
        }
        for owner in told {
            let event = Event {
                record_server: Some(record_server.to_owned()),
                ..blank(EventKind::BreakGlass, reader)
            };
            self.push(Entry {
                event,
                owner: Some(owner),
            });
        }
    }

    /// Adds what happened with a site's rights, for the user.
    pub(crate) fn record_site(&self, kind: EventKind, origin: &Origin) {
        let event = Event {
            origin: Some(origin.as_str().to_owned()),
            ..blank(kind, "")
        };
        self.push(Entry {
            event,
            owner: Some(Owner::User),
        });
    }

    /// Adds that a question for a PIN was opened or ended, for the user.
    pub(crate) fn record_request(&self, kind: EventKind) {
        self.push(Entry {
            event: blank(kind, ""),
            owner: Some(Owner::User),
        });
    }

    fn push(&self, mut entry: Entry) {
        let mut ring = self.lock();
        let sequence = *self.shared.last.borrow() + 1;
        entry.event.sequence = sequence;
        if ring.len() == CAPACITY {
            ring.pop_front();
        }
        ring.push_back(entry);
        self.shared.last.send_replace(sequence);
    }

    /// What happened after `cursor` and is told `owner`, or everything where it names none, as soon as there is something or `wait` is over. Without a cursor: nothing,
    /// and where the log stands.
    pub(crate) async fn after(
        &self,
        owner: impl Into<Option<&Owner>>,
        cursor: Option<u64>,
        wait: Duration,
    ) -> EventsResponse {
        let owner = owner.into();
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
            let something = async {
                // What happens between the look and the wait is a change that the wait sees.
                while !self.has_news(owner, cursor) && last.changed().await.is_ok() {}
            };
            let _ = tokio::time::timeout(wait, something).await;
        }
        self.read(owner, cursor, known)
    }

    fn has_news(&self, owner: Option<&Owner>, cursor: u64) -> bool {
        let ring = self.lock();
        ring.iter()
            .rev()
            .take_while(|entry| entry.event.sequence > cursor)
            .any(|entry| entry.is_for(owner))
    }

    fn read(&self, owner: Option<&Owner>, cursor: u64, known: bool) -> EventsResponse {
        let ring = self.lock();
        let last = *self.shared.last.borrow();
        let oldest = ring.front().map_or(last + 1, |entry| entry.event.sequence);
        let missed = !known || cursor < oldest.saturating_sub(1);
        EventsResponse {
            cursor: last,
            events: ring
                .iter()
                .filter(|entry| entry.is_for(owner) && (missed || entry.event.sequence > cursor))
                .map(|entry| entry.event.clone())
                .collect(),
            missed,
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Entry>> {
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

/// An event of now about this reader, or none, without more.
fn blank(kind: EventKind, reader: &str) -> Event {
    Event {
        sequence: 0,
        at: seconds_since_epoch(),
        kind,
        reader: reader.to_owned(),
        card: None,
        mandate: None,
        tunnel: None,
        record_server: None,
        origin: None,
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
    use crate::document_store::Owner;

    const OWNER: Owner = Owner::User;
    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_waiting_caller_gets_what_happens() {
        let log = EventLog::new();
        let start = log.after(&OWNER, None, LONG).await;
        assert!(start.events.is_empty() && !start.missed);
        let waiting = tokio::spawn({
            let log = log.clone();
            async move { log.after(&OWNER, Some(start.cursor), LONG).await }
        });
        log.record(EventKind::ReaderArrived, "Lecteur 1", None);
        let seen = waiting.await.unwrap();
        assert_eq!(seen.events.len(), 1);
        assert_eq!(seen.events[0].kind, EventKind::ReaderArrived);
        assert_eq!(seen.cursor, start.cursor + 1);
        let later = log.after(&OWNER, Some(seen.cursor), Duration::ZERO).await;
        assert!(later.events.is_empty() && !later.missed);
    }

    #[tokio::test]
    async fn a_cursor_that_is_too_old_or_from_elsewhere_is_told() {
        let log = EventLog::new();
        let start = log.after(&OWNER, None, LONG).await.cursor;
        for _ in 0..=CAPACITY {
            log.record(EventKind::CardInserted, "Lecteur 1", None);
        }
        let old = log.after(&OWNER, Some(start), LONG).await;
        assert!(old.missed);
        assert_eq!(old.events.len(), CAPACITY);
        assert!(!log.after(&OWNER, Some(start + 1), LONG).await.missed);
        assert!(
            log.after(&OWNER, Some(7), LONG).await.missed,
            "an earlier run"
        );
        assert!(
            log.after(&OWNER, Some(u64::MAX), LONG).await.missed,
            "the future"
        );
    }
}
