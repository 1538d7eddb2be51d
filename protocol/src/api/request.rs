//! `request/list`, `request/show`, `request/get`, `request/refuse`: the question for a PIN that is open now, for the person who wants to look at it, and at
//! what would be signed, elsewhere than in the small window; and their no. The yes is the PIN, in its window or on the reader.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `request/list` takes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestListRequest {}

/// The questions that are open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestListResponse {
    /// The questions; one is asked at a time.
    pub requests: Vec<RequestSummary>,
}

/// A question for a PIN.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestSummary {
    /// Its name.
    pub request: String,
    /// What the person is shown in the window: what for, who asks, whose card; lines in French and English.
    pub statement: String,
    /// Reader, slot or file.
    pub reader: String,
    /// The PIN is typed on the reader's own keypad, and refused there.
    pub on_keypad: bool,
    /// Since when it is open.
    pub asked_at: i64,
    /// The documents that would be signed, in the caller's order; empty where there are none or they are not known yet.
    pub documents: Vec<RequestedDocument>,
}

/// A document that would be signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestedDocument {
    /// Its title or file name, in the caller's words.
    pub title: String,
}

/// Look at a document that would be signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestShowRequest {
    /// The question.
    pub request: String,
    /// Which of its documents, from 1.
    pub document: u32,
}

/// Read a piece of a document that was looked at, to look at it with another program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestGetRequest {
    /// The question.
    pub request: String,
    /// Which of its documents: `document` of the answer to `request/show`.
    pub document: String,
    /// From which byte.
    pub offset: u64,
}

/// Say no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestRefuseRequest {
    /// To which question.
    pub request: String,
}

/// It was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RequestRefuseResponse {}
