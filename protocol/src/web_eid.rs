//! The authentication token of Web eID, format `web-eid:1`, as its server libraries verify it: so that a site that has one can admit
//! holders of these cards.
//!
//! Its description: *Web eID: electronic identity cards on the Web*, section "Web eID authentication token format" (web-eid-system-architecture-doc).
//! The key signs `hash(origin) || hash(challenge nonce)`, each text hashed as it is written, by the hash of the signature's algorithm. The
//! token names certificate, algorithm, signature, format and program; the site rebuilds the rest.
//!
//! What is signed is 64 or 96 bytes of digests. A login of ours begins with 64 spaces and is longer than 300 bytes; signed attributes, a
//! SignedInfo and a TLS transcript have other beginnings and lengths: no signature of one kind is one of another
//! (`protocol/tests/authentication/cross_protocol.rs`). What the format has not: a purpose, an audience, a time, a binding to key or connection,
//! a list of algorithms. Hence only for sites that the configuration marks. Refused: a nonce of fewer than 44 or more than 512 characters, or with
//! others than visible ASCII ones; a key without an algorithm here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::Certificate;
use serde::Serialize;

use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::login::Origin;

/// Name and version of the format.
pub const FORMAT: &str = "web-eid:1.0";

/// A site's challenge, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChallengeNonce(String);

/// Why a token cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebEidError {
    /// The site's challenge cannot be one.
    #[error(
        "a challenge nonce is {} to {} visible ASCII characters",
        ChallengeNonce::MIN_LENGTH,
        ChallengeNonce::MAX_LENGTH
    )]
    Nonce,
    /// The certificate's key, or the signature that came back.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// A token that waits for its signature.
#[derive(Clone, Debug)]
pub struct PreparedToken {
    algorithm: SignatureAlgorithm,
    certificate: Certificate,
    to_be_signed: Vec<u8>,
}

/// A token, to be handed to the site as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticationToken {
    /// DER of the authentication certificate, base64.
    pub unverified_certificate: String,
    /// Name of the algorithm (RFC 7518).
    pub algorithm: &'static str,
    /// The signature, base64; ECDSA as r and s, one after the other.
    pub signature: String,
    /// [`FORMAT`].
    pub format: &'static str,
    /// URL of the program that made it, with its version.
    pub app_version: String,
}

impl ChallengeNonce {
    /// Fewest characters: base64 of 32 bytes, as the format demands.
    pub const MIN_LENGTH: usize = 44;
    /// Most characters.
    pub const MAX_LENGTH: usize = 512;

    /// Takes a site's challenge.
    ///
    /// # Errors
    /// [`WebEidError::Nonce`].
    pub fn new(text: &str) -> Result<Self, WebEidError> {
        let length = (Self::MIN_LENGTH..=Self::MAX_LENGTH).contains(&text.len());
        if length && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(WebEidError::Nonce)
        }
    }
}

/// What a key logs in to a Web eID site with, the preferred algorithm first.
///
/// # Errors
/// [`SignatureError`]: no algorithm goes with the key.
pub fn algorithms(
    certificate: &Certificate,
) -> Result<&'static [SignatureAlgorithm], SignatureError> {
    SignatureAlgorithm::for_login(certificate.spki_der())
}

/// Lays out the bytes to sign.
///
/// # Errors
/// [`WebEidError::Signature`]: the algorithm is none of the key's.
pub fn prepare(
    certificate: &Certificate,
    algorithm: SignatureAlgorithm,
    origin: &Origin,
    nonce: &ChallengeNonce,
) -> Result<PreparedToken, WebEidError> {
    if !algorithms(certificate)?.contains(&algorithm) {
        return Err(SignatureError::AnotherKey.into());
    }
    let digest = algorithm.digest();
    let mut to_be_signed = digest.digest(origin.as_str().as_bytes())?;
    to_be_signed.extend(digest.digest(nonce.0.as_bytes())?);
    Ok(PreparedToken {
        algorithm,
        certificate: certificate.clone(),
        to_be_signed,
    })
}

impl PreparedToken {
    /// Algorithm that the key must use.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The bytes to sign.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// Takes the signature, after checking that the certificate's key made it. `version` is the program's own.
    ///
    /// # Errors
    /// [`WebEidError::Signature`].
    pub fn complete(
        self,
        signature: &[u8],
        version: &str,
    ) -> Result<AuthenticationToken, WebEidError> {
        let spki = self.certificate.spki_der();
        self.algorithm.verify(spki, &self.to_be_signed, signature)?;
        Ok(AuthenticationToken {
            unverified_certificate: STANDARD.encode(self.certificate.der()),
            algorithm: self.algorithm.name(),
            signature: STANDARD.encode(signature),
            format: FORMAT,
            app_version: format!("https://paraphe.invalid/releases/{version}"),
        })
    }
}
