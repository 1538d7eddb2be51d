//! The algorithms of a CertificateVerify by their numbers in TLS (RFC 8446 section 4.2.3, which TLS 1.2 shares), and which version has
//! which: PKCS#1 v1.5 is TLS 1.2's alone.

use super::TlsVersion;
use crate::algorithm::{SignatureAlgorithm, SignatureScheme};

/// Each algorithm with its number, the preferred one first: PSS before PKCS#1 v1.5.
pub const SIGNATURE_SCHEMES: [(SignatureAlgorithm, u16); 8] = [
    (SignatureAlgorithm::RsaPssSha256, 0x0804),
    (SignatureAlgorithm::RsaPssSha384, 0x0805),
    (SignatureAlgorithm::RsaPssSha512, 0x0806),
    (SignatureAlgorithm::EcdsaP256Sha256, 0x0403),
    (SignatureAlgorithm::EcdsaP384Sha384, 0x0503),
    (SignatureAlgorithm::RsaPkcs1Sha256, 0x0401),
    (SignatureAlgorithm::RsaPkcs1Sha384, 0x0501),
    (SignatureAlgorithm::RsaPkcs1Sha512, 0x0601),
];

impl TlsVersion {
    /// Whether a client proves itself by this algorithm in this version.
    #[must_use]
    pub fn signs_by(self, algorithm: SignatureAlgorithm) -> bool {
        match self {
            Self::Tls12 => true,
            Self::Tls13 => algorithm.scheme() != SignatureScheme::RsaPkcs1,
        }
    }
}
