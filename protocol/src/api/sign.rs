//! `sign`: one signature in a format of the field (XAdES, CAdES, PAdES, JAdES, ASiC-E), with one PIN entry or under a mandate.

use paraphe_certs::{Holder, Structure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DocumentSource, Problem};
use crate::algorithm::SignatureAlgorithm;
use crate::digest::Sha256Digest;
use crate::signature::{Level, Packaging, SignatureFormat};

/// What to sign, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignRequest {
    /// Format of the signature.
    pub format: SignatureFormat,
    /// Where it stands; absent: the usual one of the format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packaging: Option<Packaging>,
    /// Level to reach; absent: `B`. Higher ones need a time-stamping authority in the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// Signature algorithm; absent: the first one that the token can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<SignatureAlgorithm>,
    /// What is signed: one document, or several where the format signs several at once (detached XAdES, ASiC-E).
    pub documents: Vec<SignDocumentRequest>,
    /// A mark on a page of the PDF; with `pades` only. Absent: the signature is invisible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<MarkRequest>,
    /// The caller's mandate to sign under: nobody is asked. Absent: the person is asked for the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
    /// Exact PC/SC reader name; absent: the mandate's, or the only token present that can sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Serial of the card that must be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// A visible mark: a frame with a few lines of text. It proves nothing; the signature does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkRequest {
    /// On which page, from 1.
    #[schemars(range(min = 1))]
    pub page: u32,
    /// From the page's left edge, points (1/72 inch).
    pub left: u16,
    /// From the page's bottom edge, points.
    pub bottom: u16,
    /// Points, at least 10.
    pub width: u16,
    /// Points, at least 10. The mark covers at most a quarter of an A4 page.
    pub height: u16,
    /// One to eight lines of at most 120 characters; absent: the signer's name and the time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<String>,
}

/// One document to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignDocumentRequest {
    /// Where its bytes are.
    pub source: DocumentSource,
    /// File name, as the person is shown it and as the signature names it where the format names files: 1 to 128 characters, no
    /// path.
    pub name: String,
    /// Declared media type; must agree with the content. Absent: found from the content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// SHA-256 of the bytes that the person was shown (`document/show`): any others are refused. Absent: whatever is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Digest>,
}

/// What was signed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SignResponse {
    /// Format of the signature.
    pub format: SignatureFormat,
    /// Where it stands.
    pub packaging: Packaging,
    /// The level that was reached.
    pub level: Level,
    /// Why it is not the one that was asked for; absent where it is. The signature is made all the same and holds at `level`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level_problem: Option<Problem>,
    /// The algorithm that was used (RFC 7518 names).
    pub algorithm: SignatureAlgorithm,
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
    /// The signature file, or the signed document, as a document to `document/get`.
    pub signature: DocumentSource,
    /// Media type of that file.
    pub media_type: String,
    /// Usual file name extension of that file, without dot.
    pub extension: String,
    /// The documents as they were signed, in order.
    pub documents: Vec<SignedDocument>,
}

/// One document as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedDocument {
    /// File name.
    pub name: String,
    /// Media type found.
    pub media_type: String,
    /// Bytes signed.
    pub size: u64,
    /// SHA-256 of what was signed, hexadecimal.
    pub sha256: String,
}
