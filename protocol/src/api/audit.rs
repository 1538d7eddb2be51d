//! `audit/list`, `audit/verify`, `audit/export`: the agent's journal of what was done with a card and who was let in. Each entry
//! carries the digest of the one before, so that one that was changed, taken out or put in is found. An entry names operations,
//! callers, cards by number, record servers, and documents by digest: never a PIN, an INS, a name or a content.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ErrorCode, Right};
use crate::digest::Sha256Digest;

/// Most entries of one answer.
pub const MAXIMUM_AUDIT_PAGE: u16 = 200;
/// Most documents that one entry names by their digest; `count` tells how many there were.
pub const MAXIMUM_AUDIT_DOCUMENTS: usize = 16;

/// Ask for entries, the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditListRequest {
    /// Only entries before this one; absent: from the latest on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// At most so many, 1 to [`MAXIMUM_AUDIT_PAGE`]; absent: 50.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAXIMUM_AUDIT_PAGE))]
    pub limit: Option<u16>,
}

/// Entries, the latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditListResponse {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// Where the journal ends; absent while it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<AuditHead>,
}

/// Where a journal ends. Noted elsewhere, it tells later whether anything before it was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditHead {
    /// Number of the last entry.
    pub sequence: u64,
    /// SHA-256 of its line.
    pub sha256: Sha256Digest,
}

/// Check the whole journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditVerifyRequest {
    /// A head that was noted earlier: it must still be in the journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub noted: Option<AuditHead>,
}

/// What the check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditVerifyResponse {
    /// Whether every entry follows from the one before, and the noted head is there.
    pub intact: bool,
    /// Entries that hold, from the first on.
    pub entries: u64,
    /// Where the journal ends, as far as it holds; absent while it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<AuditHead>,
    /// The first entry that does not hold; absent where all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<AuditFault>,
}

/// What is wrong with a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AuditFault {
    /// A line is no entry.
    Unreadable,
    /// An entry does not carry the digest of the one before, or its number does not follow.
    ChainBroken,
    /// The head that was noted is not in the journal.
    NotedHeadMissing,
}

/// Take the journal, or a period of it, as a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditExportRequest {
    /// Only entries from this time on, seconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// Only entries before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
}

/// The journal as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditExportResponse {
    /// A document for `document/get`: the lines of the journal as they stand, one JSON object each, so that the chain can be
    /// checked with the digest of each line.
    pub document: String,
    /// Entries in it.
    pub entries: u64,
    /// Where the journal ends; absent while it is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<AuditHead>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// Its number, from 1.
    pub sequence: u64,
    /// When, seconds since 1970-01-01 UTC.
    pub at: i64,
    /// Name of the operation; of a grant, of the operation by which it is given or refused (`pairing/answer`) or ends (`grant/revoke`),
    /// whoever answered and however it ended; of what nobody closed, `mandate/close` or `tunnel/close`; of a batch that works no
    /// longer, `batch/start`.
    pub operation: String,
    /// How far it came. `begun` without a later entry that names it: it is not known how it ended.
    pub outcome: AuditOutcome,
    /// The entry in which it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<u64>,
    /// Why it was refused or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// Who asked.
    pub caller: AuditCaller,
    /// What it was about.
    #[serde(default, skip_serializing_if = "AuditSubject::is_empty")]
    pub about: AuditSubject,
    /// SHA-256 of the line before; zeros in the first entry.
    pub previous: Sha256Digest,
}

/// How far an operation came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AuditOutcome {
    /// It was asked for; written before a card does anything for it.
    Begun,
    /// It was done.
    Done,
    /// It was refused, failed, or the person said no.
    Refused,
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AuditCaller {
    /// A page of this origin.
    Site(String),
    /// A program of the user's, or the person at the command line.
    User,
}

/// What an operation was about, as far as it says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AuditSubject {
    /// Number of the card, or name of the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
    /// Name of the record server in the agent's own table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Format or profile of a signature, format of a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Why the French record was opened, as its assertion says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Why the glass was broken, as the person said it, with every longer number left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The mandate, batch, tunnel or grant that it was about or under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How the mandate, tunnel or batch ended, in the word of its status. The count is that of the signatures made; of a tunnel, of its
    /// handshakes; of a batch, of its items that are done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The origin that a grant is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The rights that a grant gives.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<Right>,
    /// How many documents, signatures or items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// SHA-256 of documents that were signed, at most [`MAXIMUM_AUDIT_DOCUMENTS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Sha256Digest>,
}

impl AuditSubject {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
