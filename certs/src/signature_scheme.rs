//! The signature on a structure of the X.509 family (an OCSP response, a time stamp): which AlgorithmIdentifier is accepted,
//! and its verification with a public key.
//!
//! RSASSA-PKCS1-v1_5 and RSASSA-PSS (RFC 4055) with a key of 2048 to 8192 bits, ECDSA (RFC 5758) on P-256, P-384 and P-521, each with
//! SHA-256, SHA-384 or SHA-512. Refused: every other digest, SHA-1 first; PSS with unlike digests or a salt beyond the digest's
//! length; RSA exponents of more than 64 bits.

use openssl::ec::EcKey;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Public};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Verifier};
use thiserror::Error;

use crate::der::{DerError, INTEGER, NULL, Reader};

/// Smallest RSA modulus accepted here, in bits.
const MIN_RSA_BITS: i32 = 2048;
/// Largest RSA modulus, in bits: beyond it a verification is only work.
const MAX_RSA_BITS: i32 = 8192;
/// Largest RSA exponent, in bits, for the same reason.
const MAX_EXPONENT_BITS: i32 = 64;
const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
const MGF1: &str = "1.2.840.113549.1.1.8";

/// An accepted combination of key family, padding and digest.
#[derive(Clone, Copy)]
pub struct SignatureScheme {
    family: Family,
    digest: Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    RsaPkcs1,
    RsaPss { salt: i32 },
    Ecdsa,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

/// Why a signature is not accepted.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureSchemeError {
    /// The algorithm is not one of those accepted here.
    #[error("the signature algorithm {oid} is not accepted")]
    UnknownAlgorithm {
        /// Its dotted identifier, or the digest's.
        oid: String,
    },
    /// The parameters of RSASSA-PSS are not ones accepted here.
    #[error("the parameters of the RSASSA-PSS signature are not accepted")]
    PssParameters,
    /// The key is of another family than the signature, too short, too long, or on another curve.
    #[error("the key does not go with the signature algorithm")]
    Key,
    /// The AlgorithmIdentifier cannot be read.
    #[error(transparent)]
    Der(#[from] DerError),
    /// The signature value does not fit the bytes and the key.
    #[error("the signature does not match")]
    Mismatch,
}

/// A key of the scheme's family.
#[derive(Debug)]
pub(crate) struct SchemeKey {
    scheme: SignatureScheme,
    key: PKey<Public>,
}

impl SignatureScheme {
    /// Reads an AlgorithmIdentifier of a signature (RFC 5280, 4.1.1.2).
    ///
    /// # Errors
    /// [`SignatureSchemeError`] where it is none that is accepted.
    pub fn from_der(algorithm_identifier: &[u8]) -> Result<Self, SignatureSchemeError> {
        Self::read(algorithm_identifier, None)
    }

    /// The same as CMS writes it (RFC 5652, 5.3): `rsaEncryption` takes its digest from `digest`, the dotted digestAlgorithm, and
    /// every other algorithm must agree with it.
    ///
    /// # Errors
    /// As [`SignatureScheme::from_der`].
    pub fn of_cms(algorithm_identifier: &[u8], digest: &str) -> Result<Self, SignatureSchemeError> {
        let unknown = || SignatureSchemeError::UnknownAlgorithm {
            oid: digest.to_owned(),
        };
        let digest = Digest::from_oid(digest).ok_or_else(unknown)?;
        let scheme = Self::read(algorithm_identifier, Some(digest))?;
        if scheme.digest != digest {
            return Err(unknown());
        }
        Ok(scheme)
    }

    /// Name for reports, such as `RSASSA-PKCS1-v1_5 with SHA-256`.
    #[must_use]
    pub fn name(self) -> String {
        let family = match self.family {
            Family::RsaPkcs1 => "RSASSA-PKCS1-v1_5",
            Family::RsaPss { .. } => "RSASSA-PSS",
            Family::Ecdsa => "ECDSA",
        };
        let digest = match self.digest {
            Digest::Sha256 => "SHA-256",
            Digest::Sha384 => "SHA-384",
            Digest::Sha512 => "SHA-512",
        };
        format!("{family} with {digest}")
    }

    /// Verifies a signature of `message` with the key of a DER SubjectPublicKeyInfo. An ECDSA value is DER (RFC 3279, 2.2.3).
    ///
    /// # Errors
    /// [`SignatureSchemeError::Key`] or [`SignatureSchemeError::Mismatch`].
    pub fn verify(
        self,
        spki_der: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureSchemeError> {
        self.with_key(spki_der)?.verify(message, signature)
    }

    /// Reads the key of a DER SubjectPublicKeyInfo, for several signatures.
    ///
    /// # Errors
    /// [`SignatureSchemeError::Key`].
    pub(crate) fn with_key(self, spki_der: &[u8]) -> Result<SchemeKey, SignatureSchemeError> {
        let key = self.key(spki_der).ok_or(SignatureSchemeError::Key)?;
        Ok(SchemeKey { scheme: self, key })
    }

    fn read(
        algorithm_identifier: &[u8],
        digest: Option<Digest>,
    ) -> Result<Self, SignatureSchemeError> {
        let mut fields = Reader::of_sequence(algorithm_identifier, "AlgorithmIdentifier")?;
        let oid = fields.object_identifier("algorithm")?;
        let (family, digest) = match (oid.as_str(), digest) {
            ("1.2.840.113549.1.1.11", _) => (Family::RsaPkcs1, Digest::Sha256),
            ("1.2.840.113549.1.1.12", _) => (Family::RsaPkcs1, Digest::Sha384),
            ("1.2.840.113549.1.1.13", _) => (Family::RsaPkcs1, Digest::Sha512),
            ("1.2.840.10045.4.3.2", _) => (Family::Ecdsa, Digest::Sha256),
            ("1.2.840.10045.4.3.3", _) => (Family::Ecdsa, Digest::Sha384),
            ("1.2.840.10045.4.3.4", _) => (Family::Ecdsa, Digest::Sha512),
            (RSA_ENCRYPTION, Some(digest)) => (Family::RsaPkcs1, digest),
            (RSASSA_PSS, _) => {
                return pss(&mut fields)?.ok_or(SignatureSchemeError::PssParameters);
            }
            _ => return Err(SignatureSchemeError::UnknownAlgorithm { oid }),
        };
        // RFC 4055, 1.2: NULL, and nothing tolerated in its place; RFC 5758, 3.2: none.
        let rest = fields.rest();
        let fits = rest.is_empty() || (family == Family::RsaPkcs1 && rest == NULL);
        if !fits {
            return Err(DerError {
                what: "parameters of the signature algorithm",
            }
            .into());
        }
        Ok(Self { family, digest })
    }

    fn key(self, spki_der: &[u8]) -> Option<PKey<Public>> {
        let key = PKey::public_key_from_der(spki_der).ok()?;
        let fits = match self.family {
            Family::Ecdsa => key.ec_key().is_ok_and(|key| is_accepted_curve(&key)),
            Family::RsaPkcs1 | Family::RsaPss { .. } => {
                let pkcs1 = self.family == Family::RsaPkcs1;
                let rsa = match key.id() {
                    Id::RSA => key.rsa().ok()?,
                    Id::RSA_PSS if !pkcs1 => key.rsa().ok()?,
                    _ => return None,
                };
                (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&rsa.n().num_bits())
                    && rsa.e().num_bits() <= MAX_EXPONENT_BITS
            }
        };
        fits.then_some(key)
    }
}

impl SchemeKey {
    /// Verifies a signature of `message`.
    ///
    /// # Errors
    /// [`SignatureSchemeError::Mismatch`].
    pub(crate) fn verify(
        &self,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureSchemeError> {
        let digest = self.scheme.digest.engine();
        let accepted = Verifier::new(digest, &self.key).and_then(|mut verifier| {
            if let Family::RsaPss { salt } = self.scheme.family {
                verifier.set_rsa_padding(Padding::PKCS1_PSS)?;
                verifier.set_rsa_mgf1_md(digest)?;
                verifier.set_rsa_pss_saltlen(RsaPssSaltlen::custom(salt))?;
            }
            verifier.verify_oneshot(signature, message)
        });
        // OpenSSL tells a malformed value as an error and a wrong one as false; both are one refusal here, and the error
        // must not stay in the thread's queue.
        match accepted {
            Ok(true) => Ok(()),
            Ok(false) | Err(_) => {
                drop(openssl::error::ErrorStack::get());
                Err(SignatureSchemeError::Mismatch)
            }
        }
    }
}

impl std::fmt::Debug for SignatureScheme {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name())
    }
}

impl Digest {
    fn from_oid(oid: &str) -> Option<Self> {
        match oid {
            "2.16.840.1.101.3.4.2.1" => Some(Self::Sha256),
            "2.16.840.1.101.3.4.2.2" => Some(Self::Sha384),
            "2.16.840.1.101.3.4.2.3" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn engine(self) -> MessageDigest {
        match self {
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}

/// RSASSA-PSS-params (RFC 4055, 3.1). Absent fields mean SHA-1, which is refused like any other digest that is not SHA-2.
fn pss(fields: &mut Reader<'_>) -> Result<Option<SignatureScheme>, DerError> {
    const WHAT: &str = "RSASSA-PSS-params";
    let mut parameters = fields.sequence(WHAT)?;
    let mut hash = parameters.enter(0xa0, WHAT)?;
    let digest = hash.sequence(WHAT)?.object_identifier(WHAT)?;
    let mut mask = parameters.enter(0xa1, WHAT)?;
    let mut mask = mask.sequence(WHAT)?;
    let generator = mask.object_identifier(WHAT)?;
    let mask_digest = mask.sequence(WHAT)?.object_identifier(WHAT)?;
    let mut salt = parameters.enter(0xa2, WHAT)?;
    let salt = salt.expect(INTEGER, WHAT)?.as_small_number(WHAT)?;
    Ok(Digest::from_oid(&digest)
        .filter(|_| generator == MGF1 && mask_digest == digest && parameters.is_empty())
        .filter(|digest| usize::try_from(salt).is_ok_and(|salt| salt <= digest.engine().size()))
        .and_then(|digest| {
            let salt = i32::try_from(salt).ok()?;
            Some(SignatureScheme {
                family: Family::RsaPss { salt },
                digest,
            })
        }))
}

fn is_accepted_curve(key: &EcKey<Public>) -> bool {
    matches!(
        key.group().curve_name(),
        Some(Nid::X9_62_PRIME256V1 | Nid::SECP384R1 | Nid::SECP521R1)
    )
}
