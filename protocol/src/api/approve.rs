//! `approve`: with the card's signature key, an approval of exactly these documents for a record server that asked for it
//! (docs/signer-modes.md), with one PIN entry. The audience comes from the agent's own table, never from the caller.

use paraphe_certs::Holder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Assurance, DocumentSource};
use crate::approval::ApprovalPurpose;
use crate::digest::Sha256Digest;
use crate::identifiers::Oid;

/// What the record server asked for, and where the documents are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveRequest {
    /// Who signs after it.
    pub purpose: ApprovalPurpose,
    /// The record server's nonce, base64url without padding, 32 to 128 bytes.
    pub nonce: String,
    /// Name of the record server in the agent's table. On the HTTPS door the page's origin decides, and this may only
    /// confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// National identifier, with its type digit, of the structure whose certificate will sign.
    pub signer: String,
    /// Unique id of the submission set.
    pub submission_set: Oid,
    /// INS of the patient: 13 characters and key of 2.
    pub patient: String,
    /// The documents, in the record server's order.
    pub documents: Vec<ApproveDocumentRequest>,
    /// Exact PC/SC reader name; absent: the only professional's card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Serial of the card that must be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// One document to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveDocumentRequest {
    /// Where its bytes are.
    pub source: DocumentSource,
    /// Unique id, as the record server has it.
    pub unique_id: Oid,
    /// Title, as the record server has it: 1 to 128 characters.
    pub title: String,
    /// SHA-256 that the record server asks for, hexadecimal. What the agent hashes must be that.
    pub sha256: Sha256Digest,
    /// Declared media type; must agree with the content. Absent: found from the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
}

/// The approval, to be handed to the record server as it is.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ApproveResponse {
    /// Serial of the card that signed.
    pub card: String,
    /// What that card, or other token, can prove.
    pub assurance: Assurance,
    /// Who approved.
    pub approver: Holder,
    /// Number of documents approved.
    pub documents: usize,
    /// The approval (docs/signer-modes.md).
    pub approval: Value,
}
