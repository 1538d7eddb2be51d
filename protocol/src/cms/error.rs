//! Why bytes are not a CMS signature that holds, and the reason of EN 319 102-1 that each is told under.

use paraphe_certs::der::DerError;
use thiserror::Error;

use crate::algorithm::SignatureError;
use crate::signature::{EvidenceError, ReadError, SigningError, SubIndication};

/// Why a CMS structure is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum CmsError {
    /// Longer than is read.
    #[error("the signature has {length} bytes; the limit is {most}")]
    TooLong { length: usize, most: usize },
    /// Not DER, or not in this structure. BER's indefinite lengths end here too.
    #[error("{0}")]
    Malformed(#[from] DerError),
    /// A ContentInfo of something else.
    #[error("a CMS structure that is not SignedData")]
    NotSignedData,
    /// More of its kind than is read.
    #[error("more {what} than are read ({most})")]
    TooMany { what: &'static str, most: usize },
    /// None, or several.
    #[error("{count} signers where one is expected")]
    SignerCount { count: usize },
    /// An attribute that must be there once, with one value.
    #[error("the attribute {name} is {problem}")]
    Attribute {
        name: &'static str,
        problem: &'static str,
    },
    /// A digest algorithm that is not among ours.
    #[error("the digest algorithm {oid} is not accepted")]
    DigestAlgorithm { oid: String },
    /// A signature algorithm, or parameters of one, that are not among ours.
    #[error("the signature algorithm {oid} is not accepted with its digest and parameters")]
    SignatureAlgorithm { oid: String },
    /// What is signed is of another type than the signer says.
    #[error("the signed content type is not that of the content")]
    ContentType,
    /// What is signed is not there.
    #[error("{explanation}")]
    ContentMissing { explanation: String },
    /// The content was changed, or is another one.
    #[error("the digest of the content is not the one that was signed")]
    MessageDigest,
    /// The signer is bound by SHA-1 only.
    #[error("the signer's certificate is bound by SHA-1 only")]
    SigningCertificateSha1,
    /// The signed reference is to another certificate.
    #[error("the certificate that was signed is not the signer's")]
    SigningCertificate,
    /// The signer's certificate is not in the file.
    #[error("the signer's certificate is not in the signature")]
    SignerCertificateMissing,
    /// A time stamp that is none.
    #[error("a time stamp cannot be read: {explanation}")]
    TimeStamp { explanation: String },
    /// Evidence beyond its limits.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The signature value.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl From<CmsError> for ReadError {
    fn from(error: CmsError) -> Self {
        use SubIndication as Sub;
        let (sub_indication, code) = match &error {
            CmsError::TooLong { .. } => (Sub::FormatFailure, "signature-too-long"),
            CmsError::Malformed(_) => (Sub::FormatFailure, "cms-malformed"),
            CmsError::NotSignedData => (Sub::FormatFailure, "cms-not-signed-data"),
            CmsError::TooMany { .. } => (Sub::FormatFailure, "cms-too-many"),
            CmsError::SignerCount { .. } => (Sub::FormatFailure, "cms-signer-count"),
            CmsError::Attribute { .. } => (Sub::FormatFailure, "cms-attribute"),
            CmsError::DigestAlgorithm { .. } | CmsError::SignatureAlgorithm { .. } => {
                (Sub::CryptoConstraintsFailure, "algorithm-not-accepted")
            }
            CmsError::ContentType => (Sub::FormatFailure, "cms-content-type"),
            CmsError::ContentMissing { .. } => (Sub::SignedDataNotFound, "document-missing"),
            CmsError::MessageDigest => (Sub::HashFailure, "document-changed"),
            CmsError::SigningCertificateSha1 => {
                (Sub::CryptoConstraintsFailure, "signing-certificate-sha1")
            }
            CmsError::SigningCertificate => {
                (Sub::SigConstraintsFailure, "signing-certificate-mismatch")
            }
            CmsError::SignerCertificateMissing => {
                (Sub::NoCertificateChainFound, "signer-certificate-missing")
            }
            CmsError::TimeStamp { .. } => (Sub::FormatFailure, "time-stamp-malformed"),
            CmsError::Evidence(_) => (Sub::FormatFailure, "evidence-too-large"),
            CmsError::Signature(SignatureError::Mismatch | SignatureError::Encoding) => {
                (Sub::SigCryptoFailure, "signature-value")
            }
            CmsError::Signature(_) => (Sub::CryptoConstraintsFailure, "signer-key"),
        };
        Self {
            sub_indication,
            code,
            explanation: error.to_string(),
        }
    }
}

impl From<CmsError> for SigningError {
    fn from(error: CmsError) -> Self {
        match error {
            CmsError::Signature(error) => Self::Signature(error),
            CmsError::Evidence(error) => Self::Evidence(error),
            error => Self::Encoding(error.to_string()),
        }
    }
}
