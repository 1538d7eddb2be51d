//! `mandate/open`, `mandate/status`, `mandate/close`: one PIN entry for a bounded set of signatures. A mandate belongs to the
//! origin or local user that opened it; for everybody else it does not exist. It ends by itself, for one of the reasons of
//! [`MandateEndReason`], and an ended one never comes back.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;

/// Longest purpose, characters.
pub const MAXIMUM_PURPOSE: usize = 128;

/// Ask the person for a mandate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["documents"], "properties": { "documents": { "minItems": 1 }, "maximum_count": { "type": "null" } } },
    { "required": ["maximum_count"], "properties": { "maximum_count": { "type": "integer" }, "documents": { "maxItems": 0 } } },
]))]
pub struct MandateOpenRequest {
    /// What for, in the person's words; shown beside the PIN. 1 to [`MAXIMUM_PURPOSE`] characters.
    #[schemars(length(min = 1, max = MAXIMUM_PURPOSE), regex(pattern = r"\S"))]
    pub purpose: String,
    /// The documents that may be signed, each as often as it stands here, and no others. Exactly one of this and
    /// `maximum_count`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<MandateDocument>,
    /// So many signatures, of documents that are not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub maximum_count: Option<u32>,
    /// When it ends at the latest; absent: an hour from now, or as long as the configuration allows where that is less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<i64>,
    /// Exact PC/SC reader name; absent: the only professional's card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Serial of the card that must be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// A document that may be signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MandateDocument {
    /// SHA-256 of its bytes, hexadecimal.
    pub sha256: Sha256Digest,
    /// Title; the person is shown the first ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// A mandate as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MandateSummary {
    /// Its name.
    pub mandate: String,
    /// What for.
    pub purpose: String,
    /// Serial number of the only card that signs under it.
    pub card: String,
    /// The reader, slot or file that the card was in when it was opened.
    pub reader: String,
    /// Signatures that it is for.
    pub count: u32,
    /// Signatures left.
    pub remaining: u32,
    /// Only documents whose digests were approved are signed.
    pub documents_approved: bool,
    /// When it was opened.
    pub opened: i64,
    /// When it ends at the latest.
    pub not_after: i64,
    /// Seconds left; 0 once it has ended.
    pub remaining_seconds: u64,
    /// Whether it ends when the session is locked: not where no session manager tells.
    pub ends_on_lock: bool,
    /// The site that opened it; told on the agent's own page alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// How it ended; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<MandateEnd>,
}

/// How a mandate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MandateEnd {
    /// Why.
    pub reason: MandateEndReason,
    /// When.
    pub at: i64,
}

/// Why a mandate ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MandateEndReason {
    /// The agent stopped.
    AgentStopped,
    /// The card in the reader is not the one that it was opened with.
    CardChanged,
    /// The card, module or key file failed in a way that leaves its state unknown.
    CardFailed,
    /// The card was taken out, or its reader unplugged.
    CardRemoved,
    /// The card service stopped, so that nobody can say whether the card stayed.
    CardServiceLost,
    /// Whoever opened it, or the person, closed it.
    Closed,
    /// Its time is over.
    Expired,
    /// The PIN was refused, or may have been, or has too few tries left to be presented: it is not presented again.
    PinRefused,
    /// The session was locked.
    SessionLocked,
    /// The session manager stopped telling whether the session is locked.
    SessionManagerLost,
    /// All its signatures were made.
    UsedUp,
    /// The workstation slept, or was about to.
    WorkstationSlept,
}

impl MandateEndReason {
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
            Self::PinRefused => "pin-refused",
            Self::SessionLocked => "session-locked",
            Self::SessionManagerLost => "session-manager-lost",
            Self::UsedUp => "used-up",
            Self::WorkstationSlept => "workstation-slept",
        }
    }
}

/// Ask for one mandate, or all of the caller's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MandateStatusRequest {
    /// Which; absent: all that are open, and the last ones that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
}

/// The caller's mandates, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MandateStatusResponse {
    /// The mandates.
    pub mandates: Vec<MandateSummary>,
}

/// Close a mandate. One that has ended stays as it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MandateCloseRequest {
    /// Which.
    pub mandate: String,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{MandateEndReason, MandateOpenRequest};

    #[test]
    fn a_request_says_what_it_is_for_and_a_digest_is_one() {
        let parse = |json: &str| serde_json::from_str::<MandateOpenRequest>(json);
        parse(r#"{"purpose":"Ordonnances","maximum_count":3}"#).unwrap();
        parse(r#"{"maximum_count":3}"#).unwrap_err();
        parse(r#"{"purpose":"x","documents":[{"sha256":"00"}]}"#).unwrap_err();
        parse(r#"{"purpose":"x","pin":"1234"}"#).unwrap_err();
    }

    #[test]
    fn reasons_are_named_as_they_are_written() {
        let reason = MandateEndReason::WorkstationSlept;
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
    }
}
