//! The record server's side of a login: verification, in a fixed order.
//!
//! 1. sizes of certificate and signature;
//! 2. times: a lifetime of 1 to 120 seconds, issue and expiry within 120 seconds of the server's
//!    clock;
//! 3. the kind of channel binding that was agreed;
//! 4. the certificate: path, validity, revocation, use as card login;
//! 5. the algorithm: named, implied by the key, offered;
//! 6. the signature, over bytes rebuilt from the server's own values.
//!
//! The caller consumes its nonce *before* calling: a failed attempt burns it.

use paraphe_certs::{
    CardLogin, Certificate, CertificateError, Holder, PathError, TrustStore, UnixTime,
    VerifiedCertificate,
};

use super::{
    Audience, ChannelBinding, ChannelBindingKind, Fields, LoginAssertion, OfferedAlgorithms,
    Origin, ServerNonce,
};
use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::digest::Sha256Digest;
use crate::statement::{self, MAX_CERTIFICATE_BYTES, MAX_SIGNATURE_BYTES, StatementError};
pub use crate::statement::{CLOCK_TOLERANCE_SECONDS, MAX_LIFETIME_SECONDS};

/// What the record server knows by itself about the login that it awaits.
#[derive(Clone, Debug)]
pub struct Expected<'a> {
    /// Its own name.
    pub audience: &'a Audience,
    /// The origin of its page that started the login.
    pub origin: &'a Origin,
    /// The nonce that it gave, already consumed.
    pub nonce: &'a ServerNonce,
    /// Its clock.
    pub now: UnixTime,
    /// The algorithms that it offered, in its order.
    pub offered: &'a OfferedAlgorithms,
    /// What the login must be bound to, with the value that it knows itself.
    pub channel_binding: ChannelBinding,
}

/// A login that was verified. Only [`verify`] makes one.
#[derive(Debug)]
pub struct VerifiedLogin {
    certificate: VerifiedCertificate<CardLogin>,
    audience: Audience,
    origin: Origin,
    issued_at: UnixTime,
    expires_at: UnixTime,
    shown: Sha256Digest,
}

/// Why a login is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginError {
    /// Certificate above 16 KiB.
    #[error("the certificate of the login has {length} bytes, at most {MAX_CERTIFICATE_BYTES}")]
    CertificateSize {
        /// Bytes given.
        length: usize,
    },
    /// Empty signature, or one above 512 bytes.
    #[error("the signature of the login has {length} bytes, 1 to {MAX_SIGNATURE_BYTES} expected")]
    SignatureSize {
        /// Bytes given.
        length: usize,
    },
    /// Expiry before or at the issue, or more than 120 seconds after it.
    #[error("a login lives 1 to {MAX_LIFETIME_SECONDS} seconds")]
    Lifetime,
    /// The server's clock is past the expiry by more than the tolerance, or the issue is too old.
    #[error("the login has expired; is the workstation's clock right?")]
    Expired,
    /// Issued later than the server's clock and its tolerance.
    #[error("the login comes from the future; is the workstation's clock right?")]
    NotYetValid,
    /// The login is bound to something else than what the server awaits.
    #[error("the login is bound by {found:?}, the record server awaits {expected:?}")]
    ChannelBindingKind {
        /// What the server awaits.
        expected: ChannelBindingKind,
        /// What the envelope says.
        found: ChannelBindingKind,
    },
    /// The certificate cannot be read.
    #[error("the certificate of the login cannot be read: {0}")]
    Certificate(#[source] CertificateError),
    /// The certificate is not one that may log in here, now.
    #[error("the certificate of the login is refused: {0}")]
    Path(#[source] PathError),
    /// The name is no algorithm of this project.
    #[error("the login names an unknown algorithm")]
    UnknownAlgorithm,
    /// The certificate's key is of an unsupported kind or size.
    #[error("the key of the login's certificate is refused: {0}")]
    Key(#[source] SignatureError),
    /// The name is not the algorithm that the key implies.
    #[error("the login names {found}, the certificate's key implies {implied}")]
    AlgorithmMismatch {
        /// What the key implies.
        implied: SignatureAlgorithm,
        /// What the envelope says.
        found: SignatureAlgorithm,
    },
    /// The server did not offer this algorithm.
    #[error("the record server did not offer {algorithm}")]
    AlgorithmNotOffered {
        /// What the envelope says.
        algorithm: SignatureAlgorithm,
    },
    /// The signature does not fit the bytes that the server expects: another nonce, origin,
    /// audience, binding value or list of algorithms, or a forged signature. They cannot be told
    /// apart, on purpose: the envelope does not say what was signed.
    #[error("the login was not signed for this record server, page and nonce")]
    Signature,
}

impl LoginError {
    /// Stable name of the reason, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::CertificateSize { .. } => "certificate-size",
            Self::SignatureSize { .. } => "signature-size",
            Self::Lifetime => "lifetime",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::ChannelBindingKind { .. } => "channel-binding",
            Self::Certificate(_) => "certificate-unreadable",
            Self::Path(_) => "certificate-refused",
            Self::UnknownAlgorithm => "unknown-algorithm",
            Self::Key(_) => "key-refused",
            Self::AlgorithmMismatch { .. } => "algorithm-mismatch",
            Self::AlgorithmNotOffered { .. } => "algorithm-not-offered",
            Self::Signature => "signature-wrong",
        }
    }
}

/// Verifies a login against what the record server knows by itself.
///
/// # Errors
/// [`LoginError`]; the first check that fails, in the order of the module's text.
pub fn verify(
    expected: &Expected<'_>,
    assertion: &LoginAssertion,
    trust: &TrustStore,
) -> Result<VerifiedLogin, LoginError> {
    statement::check_sizes(&assertion.certificate, &assertion.signature)?;
    statement::check_times(assertion.issued_at, assertion.expires_at, expected.now)?;

    let (expected_kind, found_kind) = (expected.channel_binding.kind(), assertion.channel_binding);
    if expected_kind != found_kind {
        return Err(LoginError::ChannelBindingKind {
            expected: expected_kind,
            found: found_kind,
        });
    }

    let certificate =
        Certificate::from_der(&assertion.certificate).map_err(LoginError::Certificate)?;
    let verified = trust
        .verify::<CardLogin>(&certificate, expected.now)
        .map_err(LoginError::Path)?;

    let algorithm = statement::check_algorithm(&assertion.algorithm, &certificate)?;
    if !expected.offered.contains(algorithm) {
        return Err(LoginError::AlgorithmNotOffered { algorithm });
    }

    let to_be_signed = Fields {
        algorithm,
        audience: expected.audience,
        origin: expected.origin,
        server_nonce: expected.nonce,
        agent_nonce: &assertion.agent_nonce,
        issued_at: assertion.issued_at(),
        expires_at: assertion.expires_at(),
        certificate_sha256: Sha256Digest::from_bytes(certificate.sha256()),
        channel_binding: &expected.channel_binding,
        shown: assertion.shown,
        offered: expected.offered.sha256(),
    }
    .to_bytes();
    algorithm
        .verify(certificate.spki_der(), &to_be_signed, &assertion.signature)
        .map_err(|_| LoginError::Signature)?;

    Ok(VerifiedLogin {
        certificate: verified,
        audience: expected.audience.clone(),
        origin: expected.origin.clone(),
        issued_at: assertion.issued_at(),
        expires_at: assertion.expires_at(),
        shown: assertion.shown,
    })
}

impl VerifiedLogin {
    /// Who logged in.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        self.certificate.holder()
    }

    /// The certificate, verified for card login.
    #[must_use]
    pub fn certificate(&self) -> &VerifiedCertificate<CardLogin> {
        &self.certificate
    }

    /// The record server's own name.
    #[must_use]
    pub fn audience(&self) -> &Audience {
        &self.audience
    }

    /// The page's origin.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// When the agent made the assertion, by the workstation's clock.
    #[must_use]
    pub fn issued_at(&self) -> UnixTime {
        self.issued_at
    }

    /// When the assertion stops being acceptable, by the workstation's clock.
    #[must_use]
    pub fn expires_at(&self) -> UnixTime {
        self.expires_at
    }

    /// SHA-256 of what the user was shown, as the agent says.
    #[must_use]
    pub fn shown(&self) -> Sha256Digest {
        self.shown
    }
}

impl From<StatementError> for LoginError {
    fn from(error: StatementError) -> Self {
        match error {
            StatementError::CertificateSize { length } => Self::CertificateSize { length },
            StatementError::SignatureSize { length } => Self::SignatureSize { length },
            StatementError::Lifetime => Self::Lifetime,
            StatementError::NotYetValid => Self::NotYetValid,
            StatementError::Expired => Self::Expired,
            StatementError::UnknownAlgorithm => Self::UnknownAlgorithm,
            StatementError::Key(error) => Self::Key(error),
            StatementError::AlgorithmMismatch { implied, found } => {
                Self::AlgorithmMismatch { implied, found }
            }
        }
    }
}
