//! A public P-256 key as JSON (RFC 7517, RFC 7518 section 6.2) and its thumbprint (RFC 7638).
//!
//! Refused: other kinds and curves, a private part, coordinates that are not 32 bytes of canonical base64url, a point that is not on the
//! curve.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::algorithm::{SignatureAlgorithm, SignatureError, VerificationKey};
use crate::digest::Sha256Digest;

/// Everything of a SubjectPublicKeyInfo of P-256 before the coordinates (RFC 5480).
const SPKI_PREFIX: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A,
    0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];

/// A public key of a client.
#[derive(Clone, Debug)]
pub struct P256PublicJwk {
    x: String,
    y: String,
    key: VerificationKey,
}

/// Why a key is not one that a client may prove possession of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the key of a proof is a public key of P-256, with canonical coordinates and nothing private"
)]
pub struct JwkError;

/// The members that count; others (`alg`, `use`, `key_ops`, `ext`, `kid`) are allowed and mean nothing here.
#[derive(Deserialize)]
pub(super) struct WrittenJwk {
    kty: String,
    crv: String,
    x: String,
    y: String,
    d: Option<serde::de::IgnoredAny>,
}

/// In the order of RFC 7638 section 3.2, which is that of the thumbprint.
#[derive(Serialize)]
pub(super) struct Members<'a> {
    crv: &'static str,
    kty: &'static str,
    x: &'a str,
    y: &'a str,
}

impl P256PublicJwk {
    /// From its coordinates, 32 bytes each.
    ///
    /// # Errors
    /// [`JwkError`]: not on the curve.
    pub fn from_coordinates(x: &[u8; 32], y: &[u8; 32]) -> Result<Self, JwkError> {
        let spki = [&SPKI_PREFIX[..], x, y].concat();
        Ok(Self {
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
            key: VerificationKey::from_spki(&spki).map_err(|_| JwkError)?,
        })
    }

    pub(super) fn from_written(written: &WrittenJwk) -> Result<Self, JwkError> {
        let coordinate = |text: &str| -> Result<[u8; 32], JwkError> {
            let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| JwkError)?;
            bytes.try_into().map_err(|_| JwkError)
        };
        if written.kty != "EC" || written.crv != "P-256" || written.d.is_some() {
            return Err(JwkError);
        }
        Self::from_coordinates(&coordinate(&written.x)?, &coordinate(&written.y)?)
    }

    pub(super) fn members(&self) -> Members<'_> {
        Members {
            crv: "P-256",
            kty: "EC",
            x: &self.x,
            y: &self.y,
        }
    }

    /// The SHA-256 thumbprint, 32 bytes: `jkt` of a login and of a session.
    #[must_use]
    pub fn thumbprint(&self) -> Sha256Digest {
        // Base64url needs no escaping in JSON.
        let canonical = format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
            self.x, self.y
        );
        Sha256Digest::of(canonical.as_bytes())
    }

    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.key
            .verify(SignatureAlgorithm::EcdsaP256Sha256, message, signature)
    }
}
