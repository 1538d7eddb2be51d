//! `tunnel/open`, `tunnel/status`, `tunnel/close`: a port on 127.0.0.1 behind which a configured record server answers, over
//! mutual TLS with the card's authentication key (docs/tunnel.md). A tunnel belongs to the local user that opened it; only who has its
//! address, which `tunnel/open` alone tells, gets anything through. It ends by itself, for one of the reasons of
//! [`TunnelEndReason`], and a closed one never comes back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ErrorCode, MandateEndReason};
pub use crate::tls::TlsVersion;

/// Ask the person for a tunnel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TunnelOpenRequest {
    /// Name of the record server in the agent's own table; absent: the only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// How many handshakes the card may sign with this one PIN entry; absent: as many as the configuration allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_handshakes: Option<u32>,
    /// When it ends at the latest; absent: an hour from now, or as long as the configuration allows where that is less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<i64>,
    /// Exact PC/SC reader name, slot of a module or name of a software token; absent: the only professional's card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Serial of the card that must be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// An open tunnel, with what only who opened it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TunnelOpenResponse {
    /// Where the record server answers: `http://127.0.0.1:PORT/SECRET`, before the path that the record server knows. Whoever has it may
    /// use the tunnel.
    pub address: String,
    /// The same secret alone, for the header `Paraphe-Tunnel` of requests to `http://127.0.0.1:PORT`.
    pub secret: String,
    /// The tunnel.
    pub tunnel: TunnelSummary,
}

/// A tunnel as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TunnelSummary {
    /// Its name.
    pub tunnel: String,
    /// The record server's name in the agent's own table.
    pub server: String,
    /// The port on 127.0.0.1.
    pub port: u16,
    /// Serial number of the only card that signs for it.
    pub card: String,
    /// The reader, slot or file that the card was in when it was opened.
    pub reader: String,
    /// The one version of TLS that is spoken, which follows from what the card can do.
    pub tls: TlsVersion,
    /// Handshakes that the card signed.
    pub handshakes: u32,
    /// Handshakes that it may sign.
    pub maximum_handshakes: u32,
    /// Connections to the record server so far, most of them resumed without the card.
    pub connections: u64,
    /// Bytes sent to the record server, without those of TLS.
    pub sent_bytes: u64,
    /// Bytes received from it.
    pub received_bytes: u64,
    /// When it was opened.
    pub opened: i64,
    /// When it ends at the latest.
    pub not_after: i64,
    /// Seconds left; 0 once it has ended.
    pub remaining_seconds: u64,
    /// It ends when nothing passed for so long, seconds.
    pub idle_seconds: u64,
    /// Whether it ends when the session is locked: not where no session manager tells.
    pub ends_on_lock: bool,
    /// Why the last connection to the record server that failed did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_failure: Option<ErrorCode>,
    /// How it ended; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<TunnelEnd>,
}

/// How a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TunnelEnd {
    /// Why.
    pub reason: TunnelEndReason,
    /// When.
    pub at: i64,
}

/// Why a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum TunnelEndReason {
    /// The agent stopped.
    AgentStopped,
    /// The card in the reader is not the one that it was opened with.
    CardChanged,
    /// The card, module or key file failed in a way that leaves its state unknown.
    CardFailed,
    /// The card was taken out, or its reader unplugged, or the token left its module.
    CardRemoved,
    /// The card service stopped, so that nobody can say whether the card stayed.
    CardServiceLost,
    /// Whoever opened it, or the person, closed it.
    Closed,
    /// Its time is over.
    Expired,
    /// A connection needed the card once more than the person agreed to.
    HandshakesUsedUp,
    /// Nothing passed for too long.
    Idle,
    /// The first connection to the record server did not come about.
    NotReached,
    /// The PIN was refused, or may have been, or has too few tries left to be presented: it is not presented again.
    PinRefused,
    /// The session was locked.
    SessionLocked,
    /// The session manager stopped telling whether the session is locked.
    SessionManagerLost,
    /// The workstation slept, or was about to.
    WorkstationSlept,
}

impl TunnelEndReason {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AgentStopped => "agent-stopped",
            Self::CardChanged => "card-changed",
            Self::CardFailed => "card-failed",
            Self::CardRemoved => "card-removed",
            Self::CardServiceLost => "card-service-lost",
            Self::Closed => "closed",
            Self::Expired => "expired",
            Self::HandshakesUsedUp => "handshakes-used-up",
            Self::Idle => "idle",
            Self::NotReached => "not-reached",
            Self::PinRefused => "pin-refused",
            Self::SessionLocked => "session-locked",
            Self::SessionManagerLost => "session-manager-lost",
            Self::WorkstationSlept => "workstation-slept",
        }
    }
}

/// What ends a mandate ends a tunnel, for both hold a PIN.
impl From<MandateEndReason> for TunnelEndReason {
    fn from(reason: MandateEndReason) -> Self {
        match reason {
            MandateEndReason::AgentStopped => Self::AgentStopped,
            MandateEndReason::CardChanged => Self::CardChanged,
            MandateEndReason::CardFailed => Self::CardFailed,
            MandateEndReason::CardRemoved => Self::CardRemoved,
            MandateEndReason::CardServiceLost => Self::CardServiceLost,
            MandateEndReason::Closed => Self::Closed,
            MandateEndReason::Expired => Self::Expired,
            MandateEndReason::PinRefused => Self::PinRefused,
            MandateEndReason::SessionLocked => Self::SessionLocked,
            MandateEndReason::SessionManagerLost => Self::SessionManagerLost,
            MandateEndReason::UsedUp => Self::HandshakesUsedUp,
            MandateEndReason::WorkstationSlept => Self::WorkstationSlept,
        }
    }
}

/// Ask for one tunnel, or all of the caller's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TunnelStatusRequest {
    /// Which; absent: all that are open, and the last ones that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<String>,
}

/// The caller's tunnels, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TunnelStatusResponse {
    /// The tunnels.
    pub tunnels: Vec<TunnelSummary>,
}

/// Close a tunnel. One that has ended stays as it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TunnelCloseRequest {
    /// Which.
    pub tunnel: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{TlsVersion, TunnelEndReason, TunnelOpenRequest};

    #[test]
    fn a_request_has_no_place_for_a_pin_or_an_address() {
        let parse = |json: &str| serde_json::from_str::<TunnelOpenRequest>(json);
        parse("{}").unwrap();
        parse(r#"{"server":"dossier","maximum_handshakes":3}"#).unwrap();
        parse(r#"{"server":"dossier","pin":"1234"}"#).unwrap_err();
        parse(r#"{"address":"https://elsewhere.example"}"#).unwrap_err();
    }

    #[test]
    fn names_are_what_serde_writes() {
        let reason = TunnelEndReason::HandshakesUsedUp;
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
        for version in [TlsVersion::Tls12, TlsVersion::Tls13] {
            assert_eq!(serde_json::to_value(version).unwrap(), version.name());
        }
    }
}
