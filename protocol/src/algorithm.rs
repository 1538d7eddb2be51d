//! Signature algorithms: their names in each format, which key they need, and their verification.
//!
//! Logins and lots use RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 section 8.2), which every card can
//! do; there the algorithm always follows from the key, a message that names another one is refused,
//! and there is no default and no `none`. RSASSA-PSS (section 8.1) with SHA-256, MGF1 with the same
//! and a salt of 32 bytes exactly is what a CPS4 can do besides; it is named and verified here for
//! callers that ask a key for it, and no login or lot accepts it. Refused keys: anything but RSA, a
//! modulus outside 2048 to 4096 bits, an exponent that is even, below 65 537 or above 64 bits.

use std::fmt;
use std::str::FromStr;

use openssl::hash::MessageDigest;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};
use serde::{Deserialize, Serialize};

/// A signature algorithm that this project accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    RsaPkcs1Sha256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    #[serde(rename = "PS256")]
    RsaPssSha256,
}

/// Smallest RSA modulus accepted, in bits.
pub const RSA_MIN_BITS: u32 = 2048;
/// Largest RSA modulus accepted, in bits.
pub const RSA_MAX_BITS: u32 = 4096;

/// Why a key or a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The public key cannot be read, or is not of a kind that has an algorithm here.
    #[error("the certificate's public key is not of a supported kind")]
    UnsupportedKey,
    /// The RSA modulus is too short or too long.
    #[error("an RSA key of {bits} bits is outside {RSA_MIN_BITS} to {RSA_MAX_BITS}")]
    KeySize {
        /// Bits of the modulus.
        bits: u32,
    },
    /// The RSA public exponent is even, too small or too large.
    #[error("the RSA public exponent is not acceptable")]
    Exponent,
    /// The system's OpenSSL does not offer the algorithm.
    #[error("the algorithm is not available on this system")]
    Unavailable,
    /// The signature value does not fit message and key.
    #[error("the signature does not match the signed bytes and the certificate's key")]
    Mismatch,
}

/// A name that is no algorithm of this project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown signature algorithm")]
pub struct UnknownAlgorithm;

impl SignatureAlgorithm {
    /// Every algorithm that logins and lots accept, in order of preference.
    pub const ALL: &'static [Self] = &[Self::RsaPkcs1Sha256];

    /// Name in JSON and in the login assertion (RFC 7518 section 3.1).
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RsaPkcs1Sha256 => "RS256",
            Self::RsaPssSha256 => "PS256",
        }
    }

    /// Identifier in XML signatures (RFC 9231 sections 2.3.2 and 2.3.10).
    #[must_use]
    pub fn xml_uri(self) -> &'static str {
        match self {
            Self::RsaPkcs1Sha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::RsaPssSha256 => "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        }
    }

    /// The one algorithm that goes with a key in a login or a lot, given as DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`SignatureError::UnsupportedKey`], [`SignatureError::KeySize`],
    /// [`SignatureError::Exponent`].
    pub fn for_key(spki_der: &[u8]) -> Result<Self, SignatureError> {
        Self::read_key(spki_der).map(|(algorithm, _)| algorithm)
    }

    /// Verifies a signature of `message` with the key of a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(
        self,
        spki_der: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let (_, key) = Self::read_key(spki_der)?;
        let accepted = Verifier::new(MessageDigest::sha256(), &key).and_then(|mut verifier| {
            if self == Self::RsaPssSha256 {
                verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
                verifier.set_rsa_mgf1_md(MessageDigest::sha256())?;
                verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
            }
            verifier.verify_oneshot(signature, message)
        });
        // OpenSSL reports a malformed signature as an error and a wrong one as false; both are
        // the same refusal to us.
        match accepted {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => Err(SignatureError::Mismatch),
        }
    }

    fn read_key(spki_der: &[u8]) -> Result<(Self, PKey<Public>), SignatureError> {
        let key =
            PKey::public_key_from_der(spki_der).map_err(|_| SignatureError::UnsupportedKey)?;
        if key.id() != Id::RSA {
            return Err(SignatureError::UnsupportedKey);
        }
        let rsa = key.rsa().map_err(|_| SignatureError::UnsupportedKey)?;
        let bits = u32::try_from(rsa.n().num_bits()).unwrap_or(0);
        if !(RSA_MIN_BITS..=RSA_MAX_BITS).contains(&bits) {
            return Err(SignatureError::KeySize { bits });
        }
        let exponent = rsa.e();
        if !(17..=64).contains(&exponent.num_bits()) || !exponent.is_bit_set(0) {
            return Err(SignatureError::Exponent);
        }
        Ok((Self::RsaPkcs1Sha256, key))
    }
}

impl FromStr for SignatureAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        [Self::RsaPkcs1Sha256, Self::RsaPssSha256]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
            .ok_or(UnknownAlgorithm)
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use openssl::bn::BigNum;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::nid::Nid;
    use openssl::rsa::Rsa;
    use openssl::sign::Signer;

    use super::*;

    const RS256: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1Sha256;

    #[test]
    fn signature_of_the_right_key_and_message_only() {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let spki = key.public_key_to_der().unwrap();
        let signature = Signer::new(MessageDigest::sha256(), &key)
            .unwrap()
            .sign_oneshot_to_vec(b"message")
            .unwrap();
        assert_eq!(SignatureAlgorithm::for_key(&spki), Ok(RS256));
        assert_eq!(RS256.verify(&spki, b"message", &signature), Ok(()));
        let mismatch = Err(SignatureError::Mismatch);
        assert_eq!(RS256.verify(&spki, b"messagf", &signature), mismatch);
        assert_eq!(RS256.verify(&spki, b"message", &signature[1..]), mismatch);
        assert_eq!(RS256.verify(&spki, b"message", b""), mismatch);
        let mut longer = signature.clone();
        longer.push(0);
        assert_eq!(RS256.verify(&spki, b"message", &longer), mismatch);
        let sha1 = Signer::new(MessageDigest::sha1(), &key)
            .unwrap()
            .sign_oneshot_to_vec(b"message")
            .unwrap();
        assert_eq!(RS256.verify(&spki, b"message", &sha1), mismatch);
    }

    #[test]
    fn a_pss_signature_has_a_salt_of_32_bytes() {
        let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
        let spki = key.public_key_to_der().unwrap();
        let sign = |salt| {
            let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
            signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            signer
                .set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt))
                .unwrap();
            signer.sign_oneshot_to_vec(b"message").unwrap()
        };
        const PS256: SignatureAlgorithm = SignatureAlgorithm::RsaPssSha256;
        assert_eq!(PS256.verify(&spki, b"message", &sign(32)), Ok(()));
        let mismatch = Err(SignatureError::Mismatch);
        for salt in [0, 20, 31, 33] {
            assert_eq!(PS256.verify(&spki, b"message", &sign(salt)), mismatch);
        }
        assert_eq!(PS256.verify(&spki, b"messagf", &sign(32)), mismatch);
        assert_eq!(RS256.verify(&spki, b"message", &sign(32)), mismatch);
        assert_eq!("PS256".parse(), Ok(PS256));
        assert!(!SignatureAlgorithm::ALL.contains(&PS256));
        assert_ne!(SignatureAlgorithm::for_key(&spki), Ok(PS256));
    }

    #[test]
    fn keys_that_are_refused() {
        let small = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
        assert_eq!(
            SignatureAlgorithm::for_key(&small.public_key_to_der().unwrap()),
            Err(SignatureError::KeySize { bits: 1024 })
        );
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let curve = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        assert_eq!(
            SignatureAlgorithm::for_key(&curve.public_key_to_der().unwrap()),
            Err(SignatureError::UnsupportedKey)
        );
        let three = Rsa::generate_with_e(2048, &BigNum::from_u32(3).unwrap()).unwrap();
        assert_eq!(
            SignatureAlgorithm::for_key(&three.public_key_to_der().unwrap()),
            Err(SignatureError::Exponent)
        );
        assert_eq!(
            SignatureAlgorithm::for_key(b""),
            Err(SignatureError::UnsupportedKey)
        );
    }

    #[test]
    fn names_are_exact() {
        assert_eq!("RS256".parse(), Ok(RS256));
        for name in ["rs256", "RS256 ", "none", "HS256", "RS1", ""] {
            assert_eq!(name.parse::<SignatureAlgorithm>(), Err(UnknownAlgorithm));
        }
    }
}
