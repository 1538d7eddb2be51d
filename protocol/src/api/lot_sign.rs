//! `lot/sign`: a lot of documents under one signature, with one PIN entry or under a mandate.

use paraphe_certs::{Holder, Structure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DocumentSource;
use crate::digest::Sha256Digest;
use crate::identifiers::Oid;

/// A lot to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    { "required": ["cda"], "properties": { "cda": { "const": true } } },
    { "properties": { "practice_situation": { "type": "null" } } },
]))]
pub struct LotSignRequest {
    /// Signature profile.
    pub profile: LotProfile,
    /// Whose record the lot is for.
    pub patient: LotPatient,
    /// The documents, in order.
    pub documents: Vec<LotDocumentRequest>,
    /// Wrap each document as CDA R2 level 1 first.
    #[serde(default)]
    pub cda: bool,
    /// Practice situation (1 to 16) named in the CDA header; absent: the only one of the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practice_situation: Option<u8>,
    /// The caller's mandate to sign under: nobody is asked. Absent: the person is asked for the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
    /// Exact PC/SC reader name; absent: the mandate's, or the only professional's card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Serial of the card that must be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// Signature profiles of a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LotProfile {
    /// Detached XAdES over a manifest, SHA-256 (docs/lot-signature.md).
    Dsg,
    /// The DMP's old profile, XAdES 1.1.1 with SHA-1; only where the administrator enabled it.
    DmpLegacy,
}

/// The patient: the INS, and for CDA headers the strict identity traits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LotPatient {
    /// INS: 13 characters and key of 2.
    pub ins: String,
    /// Birth name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_name: Option<String>,
    /// Birth given names, first one first, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_names: Option<String>,
    /// AAAAMMJJ, lunar dates allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<String>,
    /// `M` or `F`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sex: Option<String>,
    /// INSEE code of the birth place, 5 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_place: Option<String>,
}

/// One document of the lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LotDocumentRequest {
    /// Where its bytes are.
    pub source: DocumentSource,
    /// Title, 1 to 128 characters, none of them a control character.
    #[schemars(
        length(min = 1, max = 128),
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$")
    )]
    pub title: String,
    /// Declared media type; must agree with the content. Absent: found from the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// `typeCode` (LOINC or national); absent: the configured default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[!-~]{1,64}$"))]
    pub type_code: Option<String>,
    /// SHA-256 of the bytes that the person was shown (`document/show`): any others are refused. Absent: whatever is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Digest>,
}

/// The signed lot.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct LotSignResponse {
    /// Profile used.
    pub profile: LotProfile,
    /// `uniqueId` of the submission set (OID).
    pub submission_set: String,
    /// Serial of the card that signed.
    pub card: String,
    /// Who signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Holder>,
    /// The structure whose seal it is, where it is no person's signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// Signing time claimed in the signature.
    pub signing_time: i64,
    /// The signature file (XML), as a document to `document/get`, or a path on the command line.
    pub signature: DocumentSource,
    /// The documents as signed, in order.
    pub documents: Vec<LotDocumentResponse>,
}

/// One document as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LotDocumentResponse {
    /// `uniqueId` (OID).
    pub unique_id: Oid,
    /// Title.
    pub title: String,
    /// Media type of what was signed (`text/xml` for CDA).
    pub media_type: String,
    /// Bytes signed.
    pub size: u64,
    /// SHA-256 of what was signed, hexadecimal.
    pub sha256: Sha256Digest,
    /// The bytes that were signed.
    pub content: DocumentSource,
}
