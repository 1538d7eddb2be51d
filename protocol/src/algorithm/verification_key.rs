//! A public key that was read once and verifies many times: reading it, and the first look of OpenSSL at it, take longer than a
//! verification. Refused: what [`super::public_key`] refuses.

use openssl::bn::BigNum;
use openssl::ec::EcKey;
use openssl::ecdsa::EcdsaSig;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};

use super::public_key::{Curve, PublicKey};
use super::{SignatureAlgorithm, SignatureError, SignatureScheme};

/// A key that may verify, of a kind and size of the table.
#[derive(Clone, Debug)]
pub struct VerificationKey(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Rsa(PKey<Public>),
    Ecdsa(Curve, EcKey<Public>),
}

impl VerificationKey {
    /// Reads a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`SignatureError::UnsupportedKey`], [`SignatureError::KeySize`], [`SignatureError::Exponent`].
    pub fn from_spki(spki_der: &[u8]) -> Result<Self, SignatureError> {
        Ok(Self(match PublicKey::read(spki_der)? {
            PublicKey::Rsa(key) => {
                Kind::Rsa(PKey::from_rsa(key).map_err(|_| SignatureError::UnsupportedKey)?)
            }
            PublicKey::Ecdsa(curve, key) => Kind::Ecdsa(curve, key),
        }))
    }

    /// What this key can log in with, of [`SignatureAlgorithm::LOGINS`].
    #[must_use]
    pub fn login_algorithms(&self) -> &'static [SignatureAlgorithm] {
        match self.0 {
            Kind::Rsa(_) => &[
                SignatureAlgorithm::RsaPkcs1Sha256,
                SignatureAlgorithm::RsaPssSha256,
            ],
            Kind::Ecdsa(Curve::P256, _) => &[SignatureAlgorithm::EcdsaP256Sha256],
            Kind::Ecdsa(Curve::P384, _) => &[SignatureAlgorithm::EcdsaP384Sha384],
        }
    }

    /// Verifies a signature of `message`. The value is as keys give it.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let accepted = match (algorithm.scheme(), &self.0) {
            (SignatureScheme::RsaPkcs1, Kind::Rsa(key)) => {
                verify_rsa(algorithm, key, message, signature, false)
            }
            (SignatureScheme::RsaPss, Kind::Rsa(key)) => {
                verify_rsa(algorithm, key, message, signature, true)
            }
            (SignatureScheme::Ecdsa(expected), Kind::Ecdsa(curve, key)) if expected == *curve => {
                let digest = algorithm.digest().digest(message)?;
                verify_ecdsa(*curve, key, &digest, signature)
            }
            _ => return Err(SignatureError::AnotherKey),
        };
        // OpenSSL reports a malformed signature as an error and a wrong one as false; both are
        // the same refusal to us.
        match accepted {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(SignatureError::Mismatch),
        }
    }
}

fn verify_rsa(
    algorithm: SignatureAlgorithm,
    key: &PKey<Public>,
    message: &[u8],
    signature: &[u8],
    pss: bool,
) -> Result<bool, ErrorStack> {
    // OpenSSL takes a shorter value in PSS.
    if key.size() != signature.len() {
        return Ok(false);
    }
    let digest = algorithm.digest().message_digest();
    let mut verifier = Verifier::new(digest, key)?;
    if pss {
        verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
        verifier.set_rsa_mgf1_md(digest)?;
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    verifier.verify_oneshot(signature, message)
}

/// Verifies r and s of the curve's length, one after the other. OpenSSL refuses what is zero or not below the order.
fn verify_ecdsa(
    curve: Curve,
    key: &EcKey<Public>,
    digest: &[u8],
    signature: &[u8],
) -> Result<bool, ErrorStack> {
    let length = curve.coordinate_length();
    match signature.split_at_checked(length) {
        Some((r, s)) if s.len() == length => {
            EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?
                .verify(digest, key)
        }
        _ => Ok(false),
    }
}
