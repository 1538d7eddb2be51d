//! Receipts: what the server gives back for a record created and for a lot stored.

use paraphe_certs::UnixTime;
use paraphe_protocol::identifiers::Environment;
use serde::{Deserialize, Serialize};

use crate::lot::{KeptApproval, SignerMode};
use crate::patient::RecordedConsent;

/// A record was created. Holds no identity of the patient beyond the record's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordReceipt {
    /// Name of the record, 32 hexadecimal digits.
    pub record: String,
    /// When.
    pub created_at: UnixTime,
    /// National identifier of the session's holder.
    pub created_by: String,
    /// Test or production.
    pub environment: Environment,
    /// Authority of the patient's number.
    pub patient_identity_oid: String,
    /// The consent as recorded.
    pub consent: RecordedConsent,
}

/// A lot was verified and stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LotReceipt {
    /// Name of the lot, 32 hexadecimal digits.
    pub lot: String,
    /// Record that it belongs to.
    pub record: String,
    /// Unique id of the submission set (OID).
    pub submission_set: String,
    /// Whose certificate the signature carries.
    pub signer_mode: SignerMode,
    /// National identifier of the signer, a person or a structure; in mode `patient` the SHA-256 of their certificate, hexadecimal.
    pub signer: String,
    /// Signing time that the signature claims.
    pub signing_time: UnixTime,
    /// When the lot was stored.
    pub received_at: UnixTime,
    /// SHA-256 of the signature file, hexadecimal.
    pub signature_sha256: String,
    /// Who approved the documents, and when, where the mode wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<KeptApproval>,
    /// Its documents, in order.
    pub documents: Vec<StoredDocument>,
}

/// A document as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDocument {
    /// Unique id (OID).
    pub unique_id: String,
    /// Title.
    pub title: String,
    /// Media type.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}
