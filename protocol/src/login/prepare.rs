//! Making a login: fields in, bytes to sign out, signature in, envelope out.
//!
//! The caller brings time, randomness and the certificate; the card's authentication key signs
//! between [`LoginRequest::prepare`] and [`PreparedLogin::complete`]. Refused: an algorithm that
//! is none of the key's, an algorithm that the server does not offer, a lifetime above 120 seconds, a
//! signature that the certificate's own key did not make (a card that answers with another key).

use paraphe_certs::{Certificate, UnixTime};

use super::assertion::Version;
use super::{
    AgentNonce, Audience, ChannelBinding, Fields, LoginAssertion, MAX_LIFETIME_SECONDS,
    OfferedAlgorithms, Origin, ServerNonce,
};
use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::digest::Sha256Digest;
use crate::statement;

/// Everything that goes into a login.
#[derive(Clone, Debug)]
pub struct LoginRequest<'a> {
    /// Algorithm of the signature ([`OfferedAlgorithms::choose`]).
    pub algorithm: SignatureAlgorithm,
    /// Record server, from the agent's own table.
    pub audience: &'a Audience,
    /// Origin of the page, from the browser's header.
    pub origin: &'a Origin,
    /// The record server's nonce.
    pub nonce: &'a ServerNonce,
    /// 32 fresh random bytes.
    pub agent_nonce: AgentNonce,
    /// Now.
    pub issued_at: UnixTime,
    /// At most 120 seconds later.
    pub expires_at: UnixTime,
    /// The card's authentication certificate.
    pub certificate: &'a Certificate,
    /// What the login is bound to.
    pub channel_binding: ChannelBinding,
    /// SHA-256 of the text that the user was shown.
    pub shown: Sha256Digest,
    /// What the record server offered.
    pub offered: &'a OfferedAlgorithms,
}

/// A login that waits for its signature.
#[derive(Clone, Debug)]
pub struct PreparedLogin {
    algorithm: SignatureAlgorithm,
    to_be_signed: Vec<u8>,
    spki_der: Vec<u8>,
    unsigned: LoginAssertion,
}

/// Why a login cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareLoginError {
    /// The certificate's key, or the signature that came back.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The record server does not offer the algorithm of this card's key.
    #[error("the record server does not accept {algorithm}, the algorithm of this card's key")]
    NotOffered {
        /// What the key implies.
        algorithm: SignatureAlgorithm,
    },
    /// The expiry is not 1 to 120 seconds after the issue, or the issue is before 1970.
    #[error("a login lives 1 to {MAX_LIFETIME_SECONDS} seconds")]
    Lifetime,
}

impl LoginRequest<'_> {
    /// Lays out the bytes to sign.
    ///
    /// # Errors
    /// [`PrepareLoginError`].
    pub fn prepare(&self) -> Result<PreparedLogin, PrepareLoginError> {
        let algorithm = self.algorithm;
        if !SignatureAlgorithm::for_login(self.certificate.spki_der())?.contains(&algorithm) {
            return Err(SignatureError::AnotherKey.into());
        }
        if !self.offered.contains(algorithm) {
            return Err(PrepareLoginError::NotOffered { algorithm });
        }
        let (issued_at, expires_at) = statement::lifetime(self.issued_at, self.expires_at)
            .ok_or(PrepareLoginError::Lifetime)?;
        let fields = Fields {
            algorithm,
            audience: self.audience,
            origin: self.origin,
            server_nonce: self.nonce,
            agent_nonce: &self.agent_nonce,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            certificate_sha256: Sha256Digest::from_bytes(self.certificate.sha256()),
            channel_binding: &self.channel_binding,
            shown: self.shown,
            offered: self.offered.sha256(),
        };
        Ok(PreparedLogin {
            algorithm,
            to_be_signed: fields.to_bytes(),
            spki_der: self.certificate.spki_der().to_vec(),
            unsigned: LoginAssertion {
                version: Version,
                certificate: self.certificate.der().to_vec(),
                algorithm: algorithm.name().to_owned(),
                agent_nonce: self.agent_nonce,
                issued_at,
                expires_at,
                channel_binding: self.channel_binding.kind(),
                shown: self.shown,
                signature: Vec::new(),
            },
        })
    }
}

impl PreparedLogin {
    /// Algorithm that the key must use.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The bytes to sign, for a signer that hashes itself.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// SHA-256 of the bytes to sign, for a card that takes a digest.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        Sha256Digest::of(&self.to_be_signed)
    }

    /// Takes the signature and makes the envelope, after checking that the certificate's key made
    /// it.
    ///
    /// # Errors
    /// [`PrepareLoginError::Signature`].
    pub fn complete(self, signature: &[u8]) -> Result<LoginAssertion, PrepareLoginError> {
        self.algorithm
            .verify(&self.spki_der, &self.to_be_signed, signature)?;
        Ok(LoginAssertion {
            signature: signature.to_vec(),
            ..self.unsigned
        })
    }
}
