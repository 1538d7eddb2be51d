//! `pairing/request`, `pairing/status`: a site asks for rights on this workstation; that is all that one without rights can ask.
//! `pairing/list`, `pairing/answer`: the person sees who asks, and decides. Nobody's silence is a yes: what is not answered in time
//! is over, and what was refused cannot be asked again at once.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Right;

/// How long a site's request waits for an answer, seconds.
pub const PAIRING_SECONDS: u32 = 180;
/// Longest wait of a `pairing/status`, milliseconds.
pub const MAXIMUM_PAIRING_WAIT_MS: u32 = 25_000;

/// A site asks for rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingRequest {
    /// Which; at least one, none twice.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub rights: Vec<Right>,
    /// The record server that its logins would be for, by its name in the agent's table; absent: the one whose audience is this very
    /// site's, else the only one. Of no account without `log-in`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_server: Option<String>,
}

/// A site asks what became of its request, and which rights it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingStatusRequest {
    /// The request; absent: only the rights that the site has now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<String>,
    /// How long to wait for the person's answer, milliseconds, at most [`MAXIMUM_PAIRING_WAIT_MS`]. Absent: do not wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = MAXIMUM_PAIRING_WAIT_MS))]
    pub wait_ms: Option<u32>,
}

/// How a site stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PairingStatusResponse {
    /// What became of the request, or whether the site has rights.
    pub state: PairingState,
    /// The request that waits for an answer, or was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing: Option<String>,
    /// Four digits, for the page to show while it waits: the person compares them with those that the agent shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Until when the person can answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// The rights that the site has now.
    pub rights: Vec<Right>,
    /// The record server that its logins are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_server: Option<String>,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PairingState {
    /// Nobody answered in time.
    Expired,
    /// The site has rights; which, is told beside it.
    Granted,
    /// The site has no right and no request is open.
    None,
    /// The person has not answered yet.
    Pending,
    /// The person said no.
    Refused,
}

/// `pairing/list` takes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingListRequest {}

/// The requests that wait for the person, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PairingListResponse {
    /// The requests.
    pub pairings: Vec<PairingSummary>,
}

/// A request that waits for the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PairingSummary {
    /// Its name.
    pub pairing: String,
    /// The exact origin of the page, as its browser sent it: never shortened, never with other letters than ASCII.
    pub origin: String,
    /// What should make the person look twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<OriginWarning>,
    /// Four digits that the page shows too.
    pub number: String,
    /// The rights that it asks for.
    pub rights: Vec<Right>,
    /// The record server that its logins would be for, by name; absent where it asks for no login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_server: Option<String>,
    /// What a person calls that server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_server_title: Option<String>,
    /// When it asked.
    pub asked_at: i64,
    /// Until when it can be answered.
    pub expires_at: i64,
}

/// Why an address may not be what it seems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OriginWarning {
    /// Kind.
    pub kind: OriginWarningKind,
    /// The site known here that it resembles and is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resembles: Option<String>,
    /// The same as a sentence, in the caller's language.
    pub detail: String,
}

/// Kinds of doubt about an address.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum OriginWarningKind {
    /// A number instead of a name.
    IpAddress,
    /// Letters beyond a to z, written in punycode (RFC 3492).
    Punycode,
    /// It resembles a site that is known here.
    Resembles,
    /// A port of its own: another site than the one without it.
    UnusualPort,
}

/// The person's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairingAnswerRequest {
    /// The request.
    pub pairing: String,
    /// Yes, and for how long, or no.
    pub decision: PairingDecision,
    /// Some of the rights that were asked for; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Vec<Right>>,
}

/// Yes, and for how long, or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PairingDecision {
    /// No.
    Refuse,
    /// Yes, for this time: until the agent stops, twelve hours at most.
    ThisTime,
    /// Yes, until it is revoked.
    UntilRevoked,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{PairingAnswerRequest, PairingRequest};

    #[test]
    fn there_is_no_answer_without_a_decision_and_no_unknown_right() {
        let answer = |json: &str| serde_json::from_str::<PairingAnswerRequest>(json);
        answer(r#"{"pairing":"a","decision":"refuse"}"#).unwrap();
        answer(r#"{"pairing":"a"}"#).unwrap_err();
        answer(r#"{"pairing":"a","decision":"yes"}"#).unwrap_err();
        let request = |json: &str| serde_json::from_str::<PairingRequest>(json);
        request(r#"{"rights":["sign","log-in"]}"#).unwrap();
        request(r#"{"rights":["everything"]}"#).unwrap_err();
        request(r#"{"rights":["sign"],"origin":"https://dossier.example"}"#).unwrap_err();
    }
}
