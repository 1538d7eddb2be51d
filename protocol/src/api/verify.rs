//! `verify`: a reasoned report on a signature, a lot's or one in a format of the field, and its documents. Never a bare yes or no (EN 319 102-1).

use paraphe_certs::{Holder, Structure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DocumentSource;
use crate::signature::{Indication, SignatureReport};

/// What to check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// The signature file, or the document that holds its signature.
    pub signature: DocumentSource,
    /// The documents that the lot is said to hold, or that the signature stands beside, in any order.
    #[serde(default)]
    pub documents: Vec<DocumentSource>,
}

/// The report.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct VerifyResponse {
    /// Overall conclusion.
    pub conclusion: Conclusion,
    /// Stable reasons, most important first; empty when all holds.
    pub reasons: Vec<String>,
    /// The same in words, in the caller's language.
    pub explanation: Vec<String>,
    /// Profile recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Who signed, where the certificate holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Holder>,
    /// The structure whose seal it is, where the certificate holds and is no person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// Signing time claimed by the signer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_time: Option<i64>,
    /// Submission set covered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission_set: Option<String>,
    /// What the signature covers, and whether each was presented and matches.
    pub covered: Vec<CoveredDocument>,
    /// The report on each signature of a file that is not a lot's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignatureReport>,
}

/// EN 319 102-1 main indications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Conclusion {
    /// Everything holds.
    TotalPassed,
    /// Cannot be decided with what is at hand.
    Indeterminate,
    /// Something is wrong.
    TotalFailed,
}

impl From<Indication> for Conclusion {
    fn from(indication: Indication) -> Self {
        match indication {
            Indication::TotalPassed => Self::TotalPassed,
            Indication::Indeterminate => Self::Indeterminate,
            Indication::TotalFailed => Self::TotalFailed,
        }
    }
}

/// A document named by the signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CoveredDocument {
    /// `uniqueId` (OID).
    pub unique_id: String,
    /// SHA-256 in the manifest, hexadecimal, in profile `dsg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// SHA-1 in the manifest, hexadecimal, in profile `dmp-legacy`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
    /// It was presented and its bytes match.
    pub matched: bool,
}
