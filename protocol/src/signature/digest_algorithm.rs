//! Digest algorithms that signatures may use (FIPS 180-4): SHA-2 only. SHA-1 is not among them; the one profile and the
//! reports that still meet it name it themselves.

use openssl::hash::{Hasher, MessageDigest};
use serde::{Deserialize, Serialize};

use crate::algorithm::SignatureError;

/// A digest algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DigestAlgorithm {
    /// SHA-256, 32 bytes.
    #[serde(rename = "SHA-256")]
    Sha256,
    /// SHA-384, 48 bytes.
    #[serde(rename = "SHA-384")]
    Sha384,
    /// SHA-512, 64 bytes.
    #[serde(rename = "SHA-512")]
    Sha512,
}

impl DigestAlgorithm {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    /// Length of a digest, bytes.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// Name in reports and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        }
    }

    /// Identifier in XML (RFC 9231 section 2.1, xmlenc-core1 section 5.8).
    #[must_use]
    pub const fn xml_uri(self) -> &'static str {
        match self {
            Self::Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
            Self::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
            Self::Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
        }
    }

    /// The algorithm of this identifier in XML.
    #[must_use]
    pub fn from_xml_uri(uri: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.xml_uri() == uri)
    }

    /// Object identifier in CMS and in time stamps (RFC 5754 section 2), dotted.
    #[must_use]
    pub const fn oid(self) -> &'static str {
        match self {
            Self::Sha256 => "2.16.840.1.101.3.4.2.1",
            Self::Sha384 => "2.16.840.1.101.3.4.2.2",
            Self::Sha512 => "2.16.840.1.101.3.4.2.3",
        }
    }

    /// The algorithm of this object identifier, dotted.
    #[must_use]
    pub fn from_oid(oid: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.oid() == oid)
    }

    /// Digest of bytes held in memory.
    ///
    /// # Errors
    /// [`SignatureError::Unavailable`] where the system's OpenSSL refuses the algorithm.
    pub fn digest(self, bytes: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let digest = openssl::hash::hash(self.message_digest(), bytes);
        Ok(digest.map_err(|_| SignatureError::Unavailable)?.to_vec())
    }

    /// A computation piece by piece.
    ///
    /// # Errors
    /// As [`DigestAlgorithm::digest`].
    pub fn hasher(self) -> Result<Hasher, SignatureError> {
        Hasher::new(self.message_digest()).map_err(|_| SignatureError::Unavailable)
    }

    /// The digest with its algorithm in front, DER of `DigestInfo`: what PKCS#1 v1.5 pads (RFC 8017 section 9.2, note 1).
    /// `digest` is one of this algorithm.
    #[must_use]
    pub fn digest_info(self, digest: &[u8]) -> Vec<u8> {
        let (algorithm, length): (u8, u8) = match self {
            Self::Sha256 => (0x01, 32),
            Self::Sha384 => (0x02, 48),
            Self::Sha512 => (0x03, 64),
        };
        let header = [
            0x30,
            length + 17,
            0x30,
            0x0D,
            0x06,
            0x09,
            0x60,
            0x86,
            0x48,
            0x01,
            0x65,
            0x03,
            0x04,
            0x02,
            algorithm,
            0x05,
            0x00,
            0x04,
            length,
        ];
        [header.as_slice(), digest].concat()
    }

    pub(crate) fn message_digest(self) -> MessageDigest {
        match self {
            Self::Sha256 => MessageDigest::sha256(),
            Self::Sha384 => MessageDigest::sha384(),
            Self::Sha512 => MessageDigest::sha512(),
        }
    }
}
