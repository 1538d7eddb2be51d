//! `events`: what changed at the readers, and with the caller's own mandates and tunnels, since a cursor. A long poll: the answer comes when
//! something happened or when the wait is over, whichever is first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CardSummary, MandateSummary, TunnelSummary};

/// Longest wait that a caller may ask for, milliseconds.
pub const MAXIMUM_EVENT_WAIT_MS: u32 = 60_000;

/// Ask for what happened after `cursor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsRequest {
    /// The `cursor` of an earlier answer; absent: from now on, answered at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<u64>,
    /// How long to wait for something to happen, milliseconds, at most [`MAXIMUM_EVENT_WAIT_MS`]. Absent: do not wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = MAXIMUM_EVENT_WAIT_MS))]
    pub wait_ms: Option<u32>,
}

/// What happened, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventsResponse {
    /// To be given in the next request.
    pub cursor: u64,
    /// Oldest first; empty when the wait ended without anything.
    pub events: Vec<Event>,
    /// The cursor was too old: events were lost, read `status` again.
    pub missed: bool,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Position in the stream.
    pub sequence: u64,
    /// When, seconds since 1970-01-01 UTC.
    pub at: i64,
    /// What.
    pub kind: EventKind,
    /// Reader's PC/SC name; of a mandate or tunnel, where its card was when it was opened.
    pub reader: String,
    /// The card that came, where it is known what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<CardSummary>,
    /// The mandate that was opened, used or ended, as it was then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<MandateSummary>,
    /// The tunnel that was opened or closed, as it was then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<TunnelSummary>,
    /// The record server, by its name in the agent's table, of an access by break-glass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_server: Option<String>,
    /// The site that asks for rights, or whose rights changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// Kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// An assertion was made by which a patient's record can be opened by break-glass. Told to who asked, and to the user's own
    /// programs.
    BreakGlass,
    /// A card was put in.
    CardInserted,
    /// A card was taken out.
    CardRemoved,
    /// The PC/SC service answers again.
    CardServiceBack,
    /// The PC/SC service stopped answering.
    CardServiceLost,
    /// A site's rights were taken away, or their time was over. This and the other changes of rights are told to the user alone.
    GrantEnded,
    /// A site was granted rights.
    GrantGiven,
    /// A mandate of the caller's ended; it says why.
    MandateEnded,
    /// A mandate of the caller's was opened.
    MandateOpened,
    /// Signatures were made under a mandate of the caller's; told at most once a second.
    MandateUsed,
    /// A site's request for rights was answered, or its time was over.
    PairingEnded,
    /// A site asks for rights.
    PairingRequested,
    /// A reader was plugged in.
    ReaderArrived,
    /// A reader was unplugged.
    ReaderLeft,
    /// A question for a PIN was answered or withdrawn. Told to the user alone.
    RequestEnded,
    /// A question for a PIN was opened. Told to the user alone.
    RequestOpened,
    /// A tunnel of the caller's was closed; it says why.
    TunnelClosed,
    /// A tunnel of the caller's was opened.
    TunnelOpened,
    /// The workstation slept and is awake again: readers and cards seen before are no longer known.
    WorkstationResumed,
}
