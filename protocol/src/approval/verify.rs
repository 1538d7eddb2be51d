//! The record server's side of an approval: verification, in a fixed order.
//!
//! 1. sizes of certificate and signature;
//! 2. times: a lifetime of 1 to 120 seconds, issue and expiry within 120 seconds of the server's clock;
//! 3. the certificate: path, validity, revocation, use as a person's signature;
//! 4. the algorithm: named, implied by the key;
//! 5. the signature, over bytes rebuilt from the server's own values, the documents that it received among them.
//!
//! The caller consumes its nonce *before* calling: a failed attempt burns it. Whether this person may approve, on a server of
//! this environment, is the caller's to decide from [`VerifiedApproval::holder`].

use paraphe_certs::{
    CardSignature, Certificate, CertificateError, Holder, PathError, TrustStore, UnixTime,
    VerifiedCertificate,
};

use super::{Approval, ApprovalManifest, ApprovalPurpose, Fields};
use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::digest::Sha256Digest;
use crate::login::{Audience, Origin, ServerNonce};
use crate::statement::{self, MAX_CERTIFICATE_BYTES, MAX_SIGNATURE_BYTES, StatementError};
pub use crate::statement::{CLOCK_TOLERANCE_SECONDS, MAX_LIFETIME_SECONDS};

/// What the record server knows by itself about the approval that it awaits.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// Who signs after it.
    pub purpose: ApprovalPurpose,
    /// Its own name.
    pub audience: &'a Audience,
    /// The origin of its page that asked.
    pub origin: &'a Origin,
    /// The nonce that it gave, already consumed.
    pub nonce: &'a ServerNonce,
    /// Its clock.
    pub now: UnixTime,
    /// What must have been approved, from the bytes that it holds.
    pub manifest: &'a ApprovalManifest,
}

/// An approval that was verified. Only [`verify`] makes one.
#[derive(Debug)]
pub struct VerifiedApproval {
    certificate: VerifiedCertificate<CardSignature>,
    purpose: ApprovalPurpose,
    manifest: ApprovalManifest,
    issued_at: UnixTime,
    expires_at: UnixTime,
    shown: Sha256Digest,
}

/// Why an approval is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApprovalError {
    /// Certificate above 16 KiB.
    #[error("the certificate of the approval has {length} bytes, at most {MAX_CERTIFICATE_BYTES}")]
    CertificateSize {
        /// Bytes given.
        length: usize,
    },
    /// Empty signature, or one above 512 bytes.
    #[error(
        "the signature of the approval has {length} bytes, 1 to {MAX_SIGNATURE_BYTES} expected"
    )]
    SignatureSize {
        /// Bytes given.
        length: usize,
    },
    /// Expiry before or at the issue, or more than 120 seconds after it.
    #[error("an approval lives 1 to {MAX_LIFETIME_SECONDS} seconds")]
    Lifetime,
    /// The server's clock is past the expiry by more than the tolerance.
    #[error("the approval has expired; is the workstation's clock right?")]
    Expired,
    /// Issued later than the server's clock and its tolerance.
    #[error("the approval comes from the future; is the workstation's clock right?")]
    NotYetValid,
    /// The certificate cannot be read.
    #[error("the certificate of the approval cannot be read: {0}")]
    Certificate(#[source] CertificateError),
    /// The certificate is not one that may act on documents here, now: an authentication certificate is refused here.
    #[error("the certificate of the approval is refused: {0}")]
    Path(#[source] PathError),
    /// The name is no algorithm of this project.
    #[error("the approval names an unknown algorithm")]
    UnknownAlgorithm,
    /// The certificate's key is of an unsupported kind or size.
    #[error("the key of the approval's certificate is refused: {0}")]
    Key(#[source] SignatureError),
    /// The name is not the algorithm that the key implies.
    #[error("the approval names {found}, the certificate's key implies {implied}")]
    AlgorithmMismatch {
        /// What the key implies.
        implied: SignatureAlgorithm,
        /// What the envelope says.
        found: SignatureAlgorithm,
    },
    /// The signature does not fit the bytes that the server expects: other documents, another order, number or title, another
    /// patient, set, signer, purpose, nonce, origin or audience, or a forged signature. They cannot be told apart, on purpose: the
    /// envelope does not say what was approved.
    #[error("the approval is not of exactly these documents, for this record server and nonce")]
    Signature,
}

impl ApprovalError {
    /// Stable name of the reason, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::CertificateSize { .. } => "certificate-size",
            Self::SignatureSize { .. } => "signature-size",
            Self::Lifetime => "lifetime",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Certificate(_) => "certificate-unreadable",
            Self::Path(_) => "certificate-refused",
            Self::UnknownAlgorithm => "unknown-algorithm",
            Self::Key(_) => "key-refused",
            Self::AlgorithmMismatch { .. } => "algorithm-mismatch",
            Self::Signature => "signature-wrong",
        }
    }
}

/// Verifies an approval against what the record server knows by itself.
///
/// # Errors
/// [`ApprovalError`]; the first check that fails, in the order of the module's text.
pub fn verify(
    expected: &Expected<'_>,
    approval: &Approval,
    trust: &TrustStore,
) -> Result<VerifiedApproval, ApprovalError> {
    statement::check_sizes(&approval.certificate, &approval.signature)?;
    statement::check_times(approval.issued_at, approval.expires_at, expected.now)?;

    let certificate =
        Certificate::from_der(&approval.certificate).map_err(ApprovalError::Certificate)?;
    let verified = trust
        .verify::<CardSignature>(&certificate, expected.now)
        .map_err(ApprovalError::Path)?;

    let algorithm = algorithm(&approval.algorithm, &certificate)?;

    let fields = Fields {
        algorithm,
        audience: expected.audience,
        origin: expected.origin,
        server_nonce: expected.nonce,
        agent_nonce: &approval.agent_nonce,
        issued_at: approval.issued_at(),
        expires_at: approval.expires_at(),
        purpose: expected.purpose,
        certificate_sha256: Sha256Digest::from_bytes(certificate.sha256()),
        manifest: expected.manifest,
        shown: approval.shown,
    };
    algorithm
        .verify(
            certificate.spki_der(),
            &fields.to_bytes(),
            &approval.signature,
        )
        .map_err(|_| ApprovalError::Signature)?;
    Ok(VerifiedApproval {
        certificate: verified,
        purpose: expected.purpose,
        manifest: expected.manifest.clone(),
        issued_at: approval.issued_at(),
        expires_at: approval.expires_at(),
        shown: approval.shown,
    })
}

/// The algorithm of this name, which must be the one that the key implies.
fn algorithm(name: &str, certificate: &Certificate) -> Result<SignatureAlgorithm, ApprovalError> {
    let found: SignatureAlgorithm = name.parse().map_err(|_| ApprovalError::UnknownAlgorithm)?;
    let implied =
        SignatureAlgorithm::for_key(certificate.spki_der()).map_err(ApprovalError::Key)?;
    if found == implied {
        Ok(found)
    } else {
        Err(ApprovalError::AlgorithmMismatch { implied, found })
    }
}

impl VerifiedApproval {
    /// Who approved.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        self.certificate.holder()
    }

    /// The certificate, verified for signing documents.
    #[must_use]
    pub fn certificate(&self) -> &VerifiedCertificate<CardSignature> {
        &self.certificate
    }

    /// Who signs after it.
    #[must_use]
    pub fn purpose(&self) -> ApprovalPurpose {
        self.purpose
    }

    /// What was approved.
    #[must_use]
    pub fn manifest(&self) -> &ApprovalManifest {
        &self.manifest
    }

    /// When the agent made it, by the workstation's clock.
    #[must_use]
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// When it stops being acceptable, by the workstation's clock.
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// SHA-256 of what the person was shown, as the agent says.
    #[must_use]
    pub fn shown(&self) -> Sha256Digest {
        self.shown
    }
}

impl From<StatementError> for ApprovalError {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::CertificateSize { length } => Self::CertificateSize { length },
            StatementError::SignatureSize { length } => Self::SignatureSize { length },
            StatementError::Lifetime => Self::Lifetime,
            StatementError::NotYetValid => Self::NotYetValid,
            StatementError::Expired => Self::Expired,
        }
    }
}
