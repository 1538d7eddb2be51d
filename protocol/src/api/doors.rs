//! What happened at the agent's doors since it started, as numbers; part of `status`, for the user's own programs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One door and its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoorSummary {
    /// Which door.
    pub name: DoorName,
    /// Connections taken.
    pub connections: u64,
    /// Of these, closed at once because they were another user's.
    pub connections_of_others: u64,
    /// Requests refused before anything was done for them.
    pub requests_refused: u64,
    /// Requests that reached an operation.
    pub requests_performed: u64,
    /// Requests told that they are queued.
    pub requests_queued: u64,
    /// Requests told that there are too many.
    pub requests_too_busy: u64,
    /// How long the agent itself took for each operation: without the wait for a turn, a card, a person and the caller's own
    /// bytes. Classes from short to long.
    pub own_time: Vec<DurationCount>,
}

/// A door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DoorName {
    /// HTTPS on loopback, for pages.
    Https,
    /// The Unix socket, for programs of the user.
    Socket,
}

/// How often something took so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DurationCount {
    /// At most so many microseconds, and more than the class before; absent in the last class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most_us: Option<u64>,
    /// How often.
    pub count: u64,
}
