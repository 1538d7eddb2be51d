//! `batch/start`, `batch/status`, `batch/result`, `batch/cancel`, `batch/resume`, `batch/forget`: many documents, each signed by itself under one PIN
//! entry (docs/batch.md). A batch is started and answered at once; it goes on by itself, and what is missing after a removal, a
//! crash or a restart is resumed. It belongs to the origin or local user that started it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DocumentSource, Problem};
use crate::algorithm::SignatureAlgorithm;
use crate::signature::{Level, Packaging, SignatureFormat};

/// Most documents of one batch.
pub const MAXIMUM_BATCH_ITEMS: u32 = 100_000;
/// Most items of one answer of `batch/status`.
pub const MAXIMUM_BATCH_PAGE: u32 = 1_000;

/// Sign many documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    { "required": ["items"], "properties": { "items": { "minItems": 1 }, "list": { "type": "null" } } },
    { "required": ["list"], "properties": { "list": { "type": "object" }, "items": { "maxItems": 0 } } },
]))]
pub struct BatchStartRequest {
    /// What for; shown beside the PIN where the batch asks for a mandate of its own. 1 to 128 characters.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"\S"))]
    pub purpose: String,
    /// The mandate under which it signs; absent: it asks for one whose documents are exactly its items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
    /// When its own mandate ends at the latest; absent: as long as the configuration allows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<i64>,
    /// How items are signed that do not say otherwise.
    #[serde(default)]
    pub defaults: BatchChoice,
    /// The items. Exactly one of this and `list`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<BatchItemRequest>,
    /// A document of JSON lines, an item each, where there are more than a request holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<DocumentSource>,
    /// Absolute path of a directory, absent or empty, for the results. For the user's own programs. Absent: they are kept by the
    /// agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Exact PC/SC reader name; absent: the only professional's card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Serial of the card that must be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// How a document is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchChoice {
    /// Absent: `cades`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<SignatureFormat>,
    /// Absent: the format's usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packaging: Option<Packaging>,
    /// Absent: `B`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Absent: the key's usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<SignatureAlgorithm>,
}

impl BatchChoice {
    /// What this one says, and what `defaults` says where it says nothing.
    #[must_use]
    pub fn over(self, defaults: Self) -> Self {
        Self {
            format: self.format.or(defaults.format),
            packaging: self.packaging.or(defaults.packaging),
            level: self.level.or(defaults.level),
            algorithm: self.algorithm.or(defaults.algorithm),
        }
    }
}

/// One item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchItemRequest {
    /// Where its bytes are. A document that was put is copied; a file is read where it is.
    pub source: DocumentSource,
    /// Title, at most 128 characters; the person is shown the first ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub title: Option<String>,
    /// Where it differs from the defaults.
    #[serde(default)]
    pub signature: BatchChoice,
}

/// A batch as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BatchSummary {
    /// Its name.
    pub batch: String,
    /// What for.
    pub purpose: String,
    /// What it does.
    pub state: BatchState,
    /// Why it stopped, or what keeps items from being finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
    /// Items in all.
    pub items: u32,
    /// Items whose result is there.
    pub done: u32,
    /// Items that were refused or failed.
    pub failed: u32,
    /// Items that are signed and not yet finished.
    pub signed: u32,
    /// Signatures a minute, of late; absent while none are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_minute: Option<u32>,
    /// Seconds that the rest will take at that rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remaining_seconds: Option<u64>,
    /// The mandate under which it signs now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
    /// Where its results are put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// When it was started.
    pub started: i64,
}

/// What a batch does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum BatchState {
    /// Cancelled; it can be resumed.
    Cancelled,
    /// Every item is done or failed.
    Done,
    /// The documents are read for the first time, or the person is being asked.
    Preparing,
    /// It waits for the batch before it.
    Queued,
    /// It signs.
    Signing,
    /// It stopped before the end; it can be resumed.
    Stopped,
}

impl BatchState {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Done => "done",
            Self::Preparing => "preparing",
            Self::Queued => "queued",
            Self::Signing => "signing",
            Self::Stopped => "stopped",
        }
    }
}

/// Ask how a batch stands, or all of the caller's.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchStatusRequest {
    /// Which; absent: all, without their items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// Tell items from this one on, counted from 1; absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub from: Option<u32>,
    /// How many items, at most [`MAXIMUM_BATCH_PAGE`], which is also what absence means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = MAXIMUM_BATCH_PAGE))]
    pub maximum: Option<u32>,
}

/// How the caller's batches stand, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BatchStatusResponse {
    /// The batches.
    pub batches: Vec<BatchSummary>,
    /// The items that were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<BatchItemStatus>,
}

/// How an item stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BatchItemStatus {
    /// Its place in the batch, from 1.
    pub item: u32,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How far it is.
    pub state: BatchItemState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// How far an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum BatchItemState {
    /// Its result is there.
    Done,
    /// Refused or failed: it says why.
    Failed,
    /// It is known which bytes will be signed; the card may have been asked.
    Intended,
    /// Signed and not yet finished.
    Signed,
    /// Nothing happened yet.
    Waiting,
}

/// Ask for the result of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchResultRequest {
    /// Which batch.
    pub batch: String,
    /// Which item, from 1.
    pub item: u32,
}

/// The result of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BatchResultResponse {
    /// Which item.
    pub item: u32,
    /// The file: a path for the user's own programs, a document to `document/get` for a site.
    pub signature: DocumentSource,
    /// Its size, bytes.
    pub size: u64,
    /// Its SHA-256, hexadecimal.
    pub sha256: String,
}

/// Stop a batch between two card operations. What is signed is finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchCancelRequest {
    /// Which.
    pub batch: String,
}

/// Forget a batch: its journal, its copies of documents, and the results that the agent keeps. Results in a directory of the user's
/// own stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchForgetRequest {
    /// Which.
    pub batch: String,
    /// Even though it is not finished: what is missing can never be resumed.
    #[serde(default)]
    pub unfinished: bool,
}

/// Forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BatchForgetResponse {}

/// Go on with what is missing. A person is asked for the PIN unless a mandate is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchResumeRequest {
    /// Which.
    pub batch: String,
    /// The mandate under which it signs; absent: it asks for one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
    /// When its own mandate ends at the latest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<i64>,
    /// Try items once more that failed before they were signed.
    #[serde(default)]
    pub retry_failed: bool,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::BatchState;

    #[test]
    fn names_are_what_serde_writes() {
        for state in [
            BatchState::Cancelled,
            BatchState::Done,
            BatchState::Preparing,
            BatchState::Queued,
            BatchState::Signing,
            BatchState::Stopped,
        ] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
    }
}
