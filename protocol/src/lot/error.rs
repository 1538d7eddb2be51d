//! Why a lot signature is refused: one variant per reason, in the order of the checks.

use paraphe_certs::{CertificateError, PathError};

use super::coverage::CoverageError;
use crate::algorithm::SignatureError;
use crate::identifiers::{Ins, Oid};
use crate::xml::gate::GateError;
use crate::xml::{CanonicalError, ShapeError};

/// A part of the file whose digest is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignedPart {
    /// The list of documents.
    Manifest,
    /// Signing time and certificate.
    SignedProperties,
    /// Purpose, submission set and patient.
    SubmissionSet,
}

/// Why a lot signature is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LotError {
    /// The XML does not pass the gate, or is not well-formed.
    #[error(transparent)]
    Xml(#[from] GateError),
    /// The canonicaliser failed.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// The file is not a lot signature of this profile: something is missing, moved or added.
    #[error("not a lot signature of this profile: {0}")]
    Shape(#[from] ShapeError),
    /// A signed part holds something that this profile does not write.
    #[error("the signed part {part:?} holds something that this profile does not")]
    UnexpectedContent {
        /// Which part.
        part: SignedPart,
    },
    /// SHA-1 or MD5 somewhere.
    #[error("the signature uses {uri}, which is too weak")]
    WeakAlgorithm {
        /// Identifier of the algorithm, cut to 128 characters.
        uri: String,
    },
    /// An algorithm or transform that this profile does not have.
    #[error("the signature uses {uri}, which this profile does not have")]
    UnknownAlgorithm {
        /// Identifier of the algorithm, cut to 128 characters.
        uri: String,
    },
    /// A signed part was altered: its digest is not the one that was signed.
    #[error("the signed part {part:?} was altered after signing")]
    PartAltered {
        /// Which part.
        part: SignedPart,
    },
    /// More documents than the limit.
    #[error("the lot has {count} documents, at most {limit} are accepted")]
    TooManyDocuments {
        /// Documents of the manifest.
        count: usize,
        /// Documents allowed.
        limit: usize,
    },
    /// A manifest without documents.
    #[error("the lot has no document")]
    NoDocument,
    /// The same unique id stands twice in the manifest.
    #[error("the unique id {unique_id} stands twice in the manifest")]
    DuplicateReference {
        /// The id.
        unique_id: Oid,
    },
    /// The manifest names another submission set than the signed property, or than the one that the
    /// verifier expects.
    #[error("the submission set is {found}, expected {expected}")]
    SubmissionSetMismatch {
        /// What was expected.
        expected: Oid,
        /// What stands in the manifest.
        found: Oid,
    },
    /// The lot is about another patient than the verifier expects.
    #[error("the lot was signed for another patient")]
    PatientMismatch {
        /// The patient of the lot. `Debug` and `Display` of this error do not show it.
        signed: Ins,
    },
    /// A certificate cannot be read.
    #[error("a certificate of the signature cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// The certificate in KeyInfo is not the one that was signed.
    #[error("the certificate of the signature is not the one that the signer named")]
    CertificateMismatch,
    /// The certificate's key is not one that may sign, or another algorithm is named.
    #[error("the signer's key is refused: {0}")]
    Key(#[source] SignatureError),
    /// The signature value does not verify.
    #[error("the signature does not match what was signed and the signer's key")]
    Signature,
    /// The certificate is not one that may sign lots, at the time of verification.
    #[error("the signer's certificate is refused: {0}")]
    Path(#[source] PathError),
    /// The signing time is later than the time of verification.
    #[error("the signature is dated in the future")]
    SignedInTheFuture,
    /// The signing time is outside the validity of the signer's certificate.
    #[error("the signature is dated outside the validity of the signer's certificate")]
    SignedOutsideValidity,
    /// The documents presented are not exactly those that were signed.
    #[error(transparent)]
    Documents(#[from] CoverageError),
}

impl LotError {
    /// Stable name of the reason, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Xml(_) | Self::Canonical(_) => "xml-refused",
            Self::Shape(_) => "structure",
            Self::UnexpectedContent { .. } => "unexpected-content",
            Self::WeakAlgorithm { .. } => "weak-algorithm",
            Self::UnknownAlgorithm { .. } => "unknown-algorithm",
            Self::PartAltered { .. } => "signed-part-altered",
            Self::TooManyDocuments { .. } => "too-many-documents",
            Self::NoDocument => "no-document",
            Self::DuplicateReference { .. } => "duplicate-reference",
            Self::SubmissionSetMismatch { .. } => "submission-set-mismatch",
            Self::PatientMismatch { .. } => "patient-mismatch",
            Self::Certificate(_) => "certificate-unreadable",
            Self::CertificateMismatch => "certificate-mismatch",
            Self::Key(_) => "key-refused",
            Self::Signature => "signature-wrong",
            Self::Path(_) => "certificate-refused",
            Self::SignedInTheFuture => "signed-in-the-future",
            Self::SignedOutsideValidity => "signed-outside-validity",
            Self::Documents(_) => "documents-differ",
        }
    }
}
