//! Why there is no time stamp, or none that holds.

use paraphe_certs::der::DerError;
use paraphe_certs::{CertificateError, SignatureSchemeError};

/// What an authority says when it refuses (RFC 3161, 2.4.2, PKIFailureInfo).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureReason {
    /// badAlg: it does not take this digest algorithm.
    Algorithm,
    /// badRequest: it does not take this kind of request.
    Request,
    /// badDataFormat: it could not read the request.
    DataFormat,
    /// timeNotAvailable: its source of time fails.
    TimeNotAvailable,
    /// unacceptedPolicy: it does not stamp under this policy.
    Policy,
    /// unacceptedExtension: it does not know an extension of the request.
    Extension,
    /// addInfoNotAvailable: it cannot give something that was asked for.
    AdditionalInformation,
    /// systemFailure: it failed.
    System,
}

impl FailureReason {
    const BITS: [(u32, Self); 8] = [
        (0, Self::Algorithm),
        (2, Self::Request),
        (5, Self::DataFormat),
        (14, Self::TimeNotAvailable),
        (15, Self::Policy),
        (16, Self::Extension),
        (17, Self::AdditionalInformation),
        (25, Self::System),
    ];

    /// The first reason of a BIT STRING's content.
    pub(super) fn from_bits(content: &[u8]) -> Option<Self> {
        let bytes = content.get(1..)?;
        let is_set = |bit: u32| {
            let byte = usize::try_from(bit / 8)
                .ok()
                .and_then(|index| bytes.get(index));
            byte.is_some_and(|byte| byte & (0x80 >> (bit % 8)) != 0)
        };
        let (_, reason) = Self::BITS.into_iter().find(|(bit, _)| is_set(*bit))?;
        Some(reason)
    }

    /// Name as the standard writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Algorithm => "badAlg",
            Self::Request => "badRequest",
            Self::DataFormat => "badDataFormat",
            Self::TimeNotAvailable => "timeNotAvailable",
            Self::Policy => "unacceptedPolicy",
            Self::Extension => "unacceptedExtension",
            Self::AdditionalInformation => "addInfoNotAvailable",
            Self::System => "systemFailure",
        }
    }
}

/// Why a time stamp is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeStampError {
    /// The digest to be stamped does not have its algorithm's length.
    #[error("a digest of {length} bytes is not one of {algorithm}")]
    ImprintLength {
        /// Bytes given.
        length: usize,
        /// Name of the algorithm.
        algorithm: &'static str,
    },
    /// The policy to be asked for is not an object identifier.
    #[error("the time-stamping policy is not an object identifier")]
    PolicyIdentifier,
    /// More bytes than are read.
    #[error("the time stamp has {length} bytes; the limit is {most}")]
    TooLong {
        /// Bytes found.
        length: usize,
        /// The limit.
        most: usize,
    },
    /// Not the structure that the standard describes.
    #[error("the time stamp cannot be read: {0}")]
    Malformed(#[from] DerError),
    /// More of something than a token carries.
    #[error("the time stamp carries more {what} than are read")]
    TooMany {
        /// Of what.
        what: &'static str,
    },
    /// The authority refused.
    #[error("the time-stamping authority refused (status {status}{}){}", told(.reason), words(.text))]
    Refused {
        /// PKIStatus, 2 and above.
        status: u32,
        /// Its reason, where it gave one.
        reason: Option<FailureReason>,
        /// Its words, cut to a line.
        text: String,
    },
    /// A CMS structure of something else.
    #[error("the structure is not a time stamp")]
    NotATimeStamp,
    /// A critical extension that is not understood.
    #[error("the time stamp has a critical extension that is not understood")]
    CriticalExtension,
    /// A digest algorithm that is not accepted, SHA-1 for one.
    #[error("the time stamp uses the digest algorithm {oid}, which is not accepted")]
    DigestAlgorithm {
        /// Its dotted identifier.
        oid: String,
    },
    /// The token is over another digest than the one that was sent.
    #[error("the time stamp is of another digest")]
    Imprint,
    /// The token answers another request.
    #[error("the time stamp does not answer this request: its nonce is another one")]
    Nonce,
    /// The token was made under another policy than the one that was asked for.
    #[error("the time stamp was made under the policy {found}, not the one that was asked for")]
    Policy {
        /// Policy found, dotted.
        found: String,
    },
    /// No signer, or several.
    #[error("the time stamp does not have exactly one signer")]
    NotOneSigner,
    /// A signed attribute is missing, repeated or wrong.
    #[error("the signed attribute {name} of the time stamp is missing or wrong")]
    Attribute {
        /// Its name.
        name: &'static str,
    },
    /// The signer's certificate is not there.
    #[error("the time-stamping authority's certificate is not with the time stamp")]
    CertificateMissing,
    /// The signed reference is to another certificate.
    #[error("the time stamp names another certificate than its signer's")]
    CertificateReference,
    /// The signer's certificate cannot be read.
    #[error("the time-stamping authority's certificate cannot be read: {0}")]
    Certificate(#[from] CertificateError),
    /// The signer's certificate is not for time stamping alone (RFC 3161, 2.3).
    #[error("the signer's certificate is not one for time stamping alone")]
    CertificatePurpose,
    /// What is signed was changed.
    #[error("the content of the time stamp is not what was signed")]
    Content,
    /// The signature.
    #[error("the signature of the time stamp is not accepted: {0}")]
    Signature(#[from] SignatureSchemeError),
    /// The system's OpenSSL refuses an algorithm.
    #[error("an algorithm is not available on this system")]
    Unavailable,
}

fn told(reason: &Option<FailureReason>) -> String {
    reason
        .map(|reason| format!(", {}", reason.name()))
        .unwrap_or_default()
}

fn words(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!(": {text}")
    }
}
