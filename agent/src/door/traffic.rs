//! What happened at the doors since the agent started, as numbers: how many connections and requests, how many of them were refused,
//! and how long the agent itself took for each operation: without the wait for a turn, for a card, for a person and for the
//! caller's own bytes. No request is kept, and nothing that is in one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use paraphe_protocol::api::{DoorName, DoorSummary, DurationCount};

/// Upper ends of the classes of durations, microseconds; the last class has none.
const CLASSES_US: [u64; 16] = [
    50, 100, 200, 300, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000, 20_000, 50_000,
    100_000, 1_000_000,
];

/// The numbers of both doors. Clones are the same numbers.
#[derive(Debug, Clone)]
pub struct Traffic {
    https: Arc<DoorTraffic>,
    socket: Arc<DoorTraffic>,
}

/// The numbers of one door.
#[derive(Debug)]
pub struct DoorTraffic {
    name: DoorName,
    connections: AtomicU64,
    strangers: AtomicU64,
    refused: AtomicU64,
    performed: AtomicU64,
    queued: AtomicU64,
    too_busy: AtomicU64,
    own_time: [AtomicU64; CLASSES_US.len() + 1],
}

impl Traffic {
    /// Nothing happened yet.
    #[must_use]
    pub fn new() -> Self {
        let door = |name| {
            Arc::new(DoorTraffic {
                name,
                connections: AtomicU64::default(),
                strangers: AtomicU64::default(),
                refused: AtomicU64::default(),
                performed: AtomicU64::default(),
                queued: AtomicU64::default(),
                too_busy: AtomicU64::default(),
                own_time: Default::default(),
            })
        };
        Self {
            https: door(DoorName::Https),
            socket: door(DoorName::Socket),
        }
    }

    /// The HTTPS door's.
    #[must_use]
    pub fn https(&self) -> &Arc<DoorTraffic> {
        &self.https
    }

    /// The Unix socket's.
    #[must_use]
    pub fn socket(&self) -> &Arc<DoorTraffic> {
        &self.socket
    }

    /// What is told of them. A door at which nobody was ever is left out.
    #[must_use]
    pub fn summaries(&self) -> Vec<DoorSummary> {
        [&self.https, &self.socket]
            .into_iter()
            .map(|door| door.summary())
            .filter(|door| door.connections != 0)
            .collect()
    }
}

impl Default for Traffic {
    fn default() -> Self {
        Self::new()
    }
}

impl DoorTraffic {
    pub(super) fn note_connection(&self) {
        add(&self.connections);
    }

    /// A connection of another user of the machine.
    pub(super) fn note_stranger(&self) {
        add(&self.strangers);
    }

    /// A request that the gate refused: nothing was done for it.
    pub(super) fn note_refused(&self) {
        add(&self.refused);
    }

    /// A request is about to reach its operation.
    pub(super) fn note_performed(&self) {
        add(&self.performed);
    }

    pub(super) fn note_queued(&self) {
        add(&self.queued);
    }

    pub(super) fn note_too_busy(&self) {
        add(&self.too_busy);
    }

    /// What the agent itself took for an operation.
    pub(super) fn note_own_time(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = CLASSES_US.partition_point(|end| *end < micros);
        if let Some(count) = self.own_time.get(class) {
            add(count);
        }
    }

    fn summary(&self) -> DoorSummary {
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let ends = CLASSES_US.iter().copied().map(Some).chain([None]);
        DoorSummary {
            name: self.name,
            connections: read(&self.connections),
            connections_of_others: read(&self.strangers),
            requests_refused: read(&self.refused),
            requests_performed: read(&self.performed),
            requests_queued: read(&self.queued),
            requests_too_busy: read(&self.too_busy),
            own_time: ends
                .zip(&self.own_time)
                .map(|(at_most_us, count)| DurationCount {
                    at_most_us,
                    count: read(count),
                })
                .collect(),
        }
    }
}

fn add(number: &AtomicU64) {
    number.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Traffic;

    #[test]
    fn a_duration_is_counted_in_the_first_class_that_holds_it() {
        let traffic = Traffic::new();
        assert_eq!(traffic.summaries(), []);
        traffic.https().note_connection();
        for micros in [0, 50, 51, 5_000, 5_001, 2_000_000] {
            traffic.https().note_own_time(Duration::from_micros(micros));
        }
        let summaries = traffic.summaries();
        let counted: Vec<_> = summaries
            .iter()
            .flat_map(|door| &door.own_time)
            .filter(|class| class.count != 0)
            .map(|class| (class.at_most_us, class.count))
            .collect();
        assert_eq!(
            counted,
            [
                (Some(50), 2),
                (Some(100), 1),
                (Some(5_000), 1),
                (Some(10_000), 1),
                (None, 1)
            ]
        );
    }
}
