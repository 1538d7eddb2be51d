//! The record server's side of a login: verification, in a fixed order.
//!
//! 1. sizes of certificate and signature;
//! 2. times: a lifetime of 1 to 120 seconds, issue and expiry within 120 seconds of the server's
//!    clock;
//! 3. the kind of channel binding that was agreed;
//! 4. the certificate: path, validity, revocation, use as card login;
//! 5. the algorithm: named, one of the key's, offered;
//! 6. the signature, over bytes rebuilt from the server's own values; where it does not hold, why, as far as it can be proven.
//!
//! The caller consumes its nonce *before* calling: a failed attempt burns it. [`crate::login_server`] sees to that.

use std::sync::Arc;

use paraphe_certs::{
    CardLogin, CertificateError, Holder, PathError, TrustStore, UnixTime, VerifiedCertificate,
};

use super::to_be_signed::WrittenFields;
use super::trusted_cards::TrustedCard;
use super::{
    Audience, ChannelBinding, ChannelBindingKind, Fields, LoginAssertion, OfferedAlgorithms,
    Origin, ServerNonce, StatedTerms, TrustedCards,
};
use crate::algorithm::{SignatureAlgorithm, SignatureError, VerificationKey};
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
    /// What the login was made for, as whoever handed it over states: for the reason of a refusal, never for a decision.
    pub stated: Option<&'a StatedTerms>,
}

/// A login that was verified. Only [`verify`] and [`verify_with`] make one.
#[derive(Debug)]
pub struct VerifiedLogin {
    card: Arc<TrustedCard>,
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
    /// The name is no algorithm of the certificate's key, or the key signed by another one.
    #[error("the login names {found}, by which the certificate's key did not sign it")]
    AlgorithmMismatch {
        /// What the envelope says.
        found: SignatureAlgorithm,
    },
    /// The server did not offer this algorithm.
    #[error("the record server did not offer {algorithm}")]
    AlgorithmNotOffered {
        /// What the envelope says.
        algorithm: SignatureAlgorithm,
    },
    /// Signed for another record server.
    #[error("the login was signed for another record server")]
    OtherAudience,
    /// Signed for a page of another origin.
    #[error("the login was signed for a page of another origin")]
    OtherOrigin,
    /// Signed for another nonce.
    #[error("the login was signed for another nonce")]
    OtherNonce,
    /// Signed for another list of algorithms: somebody changed it on the way.
    #[error("the login was signed for another list of algorithms than the record server offers")]
    OtherOffer,
    /// Signed for another connection or key.
    #[error("the login was signed for another connection or key")]
    OtherBinding,
    /// The signature fits neither the bytes that the server expects nor those of the terms that were stated: another value that
    /// was not stated, or a forged signature. They cannot be told apart: the envelope does not say what was signed.
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
            Self::OtherAudience => "other-audience",
            Self::OtherOrigin => "other-origin",
            Self::OtherNonce => "other-nonce",
            Self::OtherOffer => "other-offer",
            Self::OtherBinding => "other-binding",
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
    check(expected, assertion, |der| {
        TrustedCard::verify(trust, der, expected.now).map(Arc::new)
    })
}

/// The same with certificates that need not be verified anew.
///
/// # Errors
/// As [`verify`].
pub fn verify_with(
    expected: &Expected<'_>,
    assertion: &LoginAssertion,
    cards: &TrustedCards,
) -> Result<VerifiedLogin, LoginError> {
    check(expected, assertion, |der| cards.card(der, expected.now))
}

fn check(
    expected: &Expected<'_>,
    assertion: &LoginAssertion,
    card: impl FnOnce(&[u8]) -> Result<Arc<TrustedCard>, LoginError>,
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

    let card = card(&assertion.certificate)?;

    let found = assertion.algorithm.parse::<SignatureAlgorithm>();
    let algorithm = found
        .ok()
        .filter(|found| SignatureAlgorithm::LOGINS.contains(found))
        .ok_or(LoginError::UnknownAlgorithm)?;
    let key = card.key.as_ref().map_err(|error| LoginError::Key(*error))?;
    if !key.login_algorithms().contains(&algorithm) {
        return Err(LoginError::AlgorithmMismatch { found: algorithm });
    }
    if !expected.offered.contains(algorithm) {
        return Err(LoginError::AlgorithmNotOffered { algorithm });
    }

    let fields = Fields {
        algorithm,
        audience: expected.audience,
        origin: expected.origin,
        server_nonce: expected.nonce,
        agent_nonce: &assertion.agent_nonce,
        issued_at: assertion.issued_at(),
        expires_at: assertion.expires_at(),
        certificate_sha256: card.sha256,
        channel_binding: &expected.channel_binding,
        shown: assertion.shown,
        offered: expected.offered.sha256(),
    };
    if key
        .verify(algorithm, &fields.to_bytes(), &assertion.signature)
        .is_err()
    {
        return Err(reason(&fields, expected.stated, key, &assertion.signature));
    }
    Ok(VerifiedLogin {
        card,
        audience: expected.audience.clone(),
        origin: expected.origin.clone(),
        issued_at: assertion.issued_at(),
        expires_at: assertion.expires_at(),
        shown: assertion.shown,
    })
}

/// Why a signature does not hold: what it was made for is tried, the stated terms first and the key's other algorithms after, and the
/// first value that differs is the reason. At most four verifications.
fn reason(
    expected: &Fields<'_>,
    stated: Option<&StatedTerms>,
    key: &VerificationKey,
    signature: &[u8],
) -> LoginError {
    let stated = stated.and_then(StatedTerms::read);
    let as_expected = WrittenFields {
        algorithm: expected.algorithm,
        audience: expected.audience.as_str(),
        origin: expected.origin.as_str(),
        server_nonce: expected.server_nonce.as_bytes(),
        agent_nonce: expected.agent_nonce,
        issued_at: expected.issued_at,
        expires_at: expected.expires_at,
        certificate_sha256: expected.certificate_sha256,
        binding: expected.channel_binding.kind(),
        binding_value: expected.channel_binding.value(),
        shown: expected.shown,
        offered: expected.offered,
    };
    let made_for = stated.as_ref().map_or(as_expected, |stated| WrittenFields {
        audience: stated.audience.unwrap_or(as_expected.audience),
        origin: stated.origin.unwrap_or(as_expected.origin),
        server_nonce: stated.nonce.as_deref().unwrap_or(as_expected.server_nonce),
        binding_value: stated
            .binding_value
            .as_deref()
            .unwrap_or(as_expected.binding_value),
        offered: stated
            .offered
            .as_ref()
            .map_or(as_expected.offered, OfferedAlgorithms::sha256),
        ..as_expected
    });
    let holds = |algorithm: SignatureAlgorithm| {
        let fields = WrittenFields {
            algorithm,
            ..made_for
        };
        key.verify(algorithm, &fields.to_bytes(), signature).is_ok()
    };
    let named = expected.algorithm;
    let others = key.login_algorithms().iter().copied();
    let mut others = others.filter(|algorithm| *algorithm != named);
    if holds(named) {
        if made_for.audience != as_expected.audience {
            LoginError::OtherAudience
        } else if made_for.origin != as_expected.origin {
            LoginError::OtherOrigin
        } else if made_for.server_nonce != as_expected.server_nonce {
            LoginError::OtherNonce
        } else if made_for.offered != as_expected.offered {
            LoginError::OtherOffer
        } else {
            LoginError::OtherBinding
        }
    } else if others.any(holds) {
        LoginError::AlgorithmMismatch { found: named }
    } else {
        LoginError::Signature
    }
}

impl VerifiedLogin {
    /// Who logged in.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        self.card.certificate.holder()
    }

    /// The certificate, verified for card login.
    #[must_use]
    pub fn certificate(&self) -> &VerifiedCertificate<CardLogin> {
        &self.card.certificate
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
        }
    }
}
