//! Signature algorithms as one table: name, scheme, digest and identifier in each format, and their verification.
//!
//! Standards: RSASSA-PKCS1-v1_5 and RSASSA-PSS of RFC 8017 sections 8.2 and 8.1, ECDSA of FIPS 186-5 section 6; names of RFC
//! 7518 section 3.1, XML identifiers of RFC 9231, CMS identifiers of RFC 5754, RFC 4056 and RFC 5753. PSS always has MGF1 with
//! the signature's own digest and a salt as long as that digest; a curve has one digest.
//!
//! Lots use [`SignatureAlgorithm::ALL`], which every card can do; there the algorithm always follows from the key
//! ([`SignatureAlgorithm::for_key`]), a message that names another one is refused, and there is no default and no `none`.
//! Logins use what the key allows of [`SignatureAlgorithm::LOGINS`] and the record server offers. Documents may use all that the
//! certificate's key can do ([`SignatureAlgorithm::for_documents`]).
//!
//! A signature value is, everywhere in the project, what keys give: RSA big-endian as long as the modulus, ECDSA r and s of
//! equal length, one after the other. CMS and X.509 write ECDSA otherwise: `cms_value` and `from_cms_value`.

mod cms_identifier;
mod cms_value;
mod public_key;
#[cfg(test)]
mod tests;
mod verification_key;

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::signature::DigestAlgorithm;
use public_key::PublicKey;
pub(crate) use public_key::rsa_public_key;
pub use public_key::{Curve, RSA_MAX_BITS, RSA_MIN_BITS};
pub use verification_key::VerificationKey;

/// A signature algorithm that this project accepts.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[serde(rename = "RS256")]
    RsaPkcs1Sha256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes.
    #[serde(rename = "PS256")]
    RsaPssSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    #[serde(rename = "RS384")]
    RsaPkcs1Sha384,
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384 and a salt of 48 bytes.
    #[serde(rename = "PS384")]
    RsaPssSha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    #[serde(rename = "RS512")]
    RsaPkcs1Sha512,
    /// RSASSA-PSS with SHA-512, MGF1 with SHA-512 and a salt of 64 bytes.
    #[serde(rename = "PS512")]
    RsaPssSha512,
    /// ECDSA on P-256 with SHA-256.
    #[serde(rename = "ES256")]
    EcdsaP256Sha256,
    /// ECDSA on P-384 with SHA-384.
    #[serde(rename = "ES384")]
    EcdsaP384Sha384,
}

/// How a digest becomes a signature, and so the kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SignatureScheme {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1,
    /// RSASSA-PSS.
    RsaPss,
    /// ECDSA on this curve.
    Ecdsa(Curve),
}

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
    /// The key is a good one, of another kind or curve than the algorithm needs.
    #[error("the certificate's key does not go with the signature algorithm")]
    AnotherKey,
    /// The system's OpenSSL does not offer the algorithm.
    #[error("the algorithm is not available on this system")]
    Unavailable,
    /// The signature value is not encoded as its format demands.
    #[error("the signature value is not well encoded")]
    Encoding,
    /// The signature value does not fit message and key.
    #[error("the signature does not match the signed bytes and the certificate's key")]
    Mismatch,
}

/// A name that is no algorithm of this project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown signature algorithm")]
pub struct UnknownAlgorithm;

/// One row of the table.
struct Row {
    name: &'static str,
    scheme: SignatureScheme,
    digest: DigestAlgorithm,
    xml_uri: &'static str,
}

const fn row(
    name: &'static str,
    scheme: SignatureScheme,
    digest: DigestAlgorithm,
    xml_uri: &'static str,
) -> Row {
    Row {
        name,
        scheme,
        digest,
        xml_uri,
    }
}

impl SignatureAlgorithm {
    /// Every algorithm that lots accept, in order of preference.
    pub const ALL: &'static [Self] = &[Self::RsaPkcs1Sha256];

    /// Every algorithm that logins accept: what cards of today do first, then PSS and the curves.
    pub const LOGINS: &'static [Self] = &[
        Self::RsaPkcs1Sha256,
        Self::RsaPssSha256,
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha384,
    ];

    /// Every algorithm that documents accept.
    pub const DOCUMENTS: [Self; 8] = [
        Self::RsaPkcs1Sha256,
        Self::RsaPssSha256,
        Self::RsaPkcs1Sha384,
        Self::RsaPssSha384,
        Self::RsaPkcs1Sha512,
        Self::RsaPssSha512,
        Self::EcdsaP256Sha256,
        Self::EcdsaP384Sha384,
    ];

    /// The table.
    #[rustfmt::skip]
    const fn row(self) -> Row {
        use DigestAlgorithm::{Sha256, Sha384, Sha512};
        use SignatureScheme::{Ecdsa, RsaPkcs1, RsaPss};
        match self {
            Self::RsaPkcs1Sha256 => row("RS256", RsaPkcs1, Sha256, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"),
            Self::RsaPkcs1Sha384 => row("RS384", RsaPkcs1, Sha384, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"),
            Self::RsaPkcs1Sha512 => row("RS512", RsaPkcs1, Sha512, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"),
            Self::RsaPssSha256 => row("PS256", RsaPss, Sha256, "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
            Self::RsaPssSha384 => row("PS384", RsaPss, Sha384, "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"),
            Self::RsaPssSha512 => row("PS512", RsaPss, Sha512, "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"),
            Self::EcdsaP256Sha256 => row("ES256", Ecdsa(Curve::P256), Sha256, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
            Self::EcdsaP384Sha384 => row("ES384", Ecdsa(Curve::P384), Sha384, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"),
        }
    }

    /// Name in JSON and in the login assertion (RFC 7518 section 3.1).
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// How the digest becomes a signature.
    #[must_use]
    pub const fn scheme(self) -> SignatureScheme {
        self.row().scheme
    }

    /// The digest of what is signed.
    #[must_use]
    pub const fn digest(self) -> DigestAlgorithm {
        self.row().digest
    }

    /// Identifier in XML signatures (RFC 9231 sections 2.3.2 to 2.3.4, 2.3.6 and 2.3.10).
    #[must_use]
    pub const fn xml_uri(self) -> &'static str {
        self.row().xml_uri
    }

    /// The algorithm of this identifier in XML, for documents.
    #[must_use]
    pub fn from_xml_uri(uri: &str) -> Option<Self> {
        Self::DOCUMENTS
            .into_iter()
            .find(|algorithm| algorithm.xml_uri() == uri)
    }

    /// The one algorithm that goes with a key in a lot, given as DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`SignatureError::UnsupportedKey`], [`SignatureError::KeySize`],
    /// [`SignatureError::Exponent`].
    pub fn for_key(spki_der: &[u8]) -> Result<Self, SignatureError> {
        match PublicKey::read(spki_der)? {
            PublicKey::Rsa(_) => Ok(Self::RsaPkcs1Sha256),
            PublicKey::Ecdsa(..) => Err(SignatureError::UnsupportedKey),
        }
    }

    /// What a key, given as DER SubjectPublicKeyInfo, can log in with.
    ///
    /// # Errors
    /// As [`SignatureAlgorithm::for_key`].
    pub fn for_login(spki_der: &[u8]) -> Result<&'static [Self], SignatureError> {
        Ok(VerificationKey::from_spki(spki_der)?.login_algorithms())
    }

    /// What a key, given as DER SubjectPublicKeyInfo, can sign documents with, the preferred algorithm first: RSA what every
    /// card and every validator does, then by rising strength; a curve what goes with it.
    ///
    /// # Errors
    /// As [`SignatureAlgorithm::for_key`].
    pub fn for_documents(spki_der: &[u8]) -> Result<&'static [Self], SignatureError> {
        Ok(match PublicKey::read(spki_der)? {
            PublicKey::Rsa(_) => &[
                Self::RsaPkcs1Sha256,
                Self::RsaPssSha256,
                Self::RsaPkcs1Sha384,
                Self::RsaPssSha384,
                Self::RsaPkcs1Sha512,
                Self::RsaPssSha512,
            ],
            PublicKey::Ecdsa(Curve::P256, _) => &[Self::EcdsaP256Sha256],
            PublicKey::Ecdsa(Curve::P384, _) => &[Self::EcdsaP384Sha384],
        })
    }

    /// Verifies a signature of `message` with the key of a DER SubjectPublicKeyInfo. The value is as keys give it.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(
        self,
        spki_der: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        VerificationKey::from_spki(spki_der)?.verify(self, message, signature)
    }
}

impl FromStr for SignatureAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::DOCUMENTS
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
