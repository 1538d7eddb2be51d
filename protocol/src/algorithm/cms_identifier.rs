//! Signature algorithms in CMS, X.509 and time stamps: `AlgorithmIdentifier` of RFC 5754 section 3.2 (RSA), RFC 4056 and RFC
//! 4055 section 3.1 (PSS), RFC 5753 section 2.1.1 (ECDSA).
//!
//! Written: RSA with NULL, PSS with all its parameters and NULL for its digests, ECDSA without parameters. Accepted besides, as
//! those RFC demand: NULL left out, and `rsaEncryption` beside a digest that is named elsewhere. Refused: PSS with another
//! digest in MGF1, with another salt length or trailer field, or with defaults (SHA-1); parameters where there are none.

use super::{SignatureAlgorithm, SignatureScheme};
use crate::signature::DigestAlgorithm;

/// DER of NULL.
const NULL: [u8; 2] = [0x05, 0x00];
/// `rsaEncryption`, dotted: PKCS#1 v1.5 beside a digest algorithm.
const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
/// `id-mgf1`, DER.
const MGF1: [u8; 11] = [
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x08,
];
/// `id-sha256`, `id-sha384` and `id-sha512`, DER, up to the last byte.
const SHA2: [u8; 10] = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
const SEQUENCE: u8 = 0x30;

impl SignatureAlgorithm {
    /// Object identifier in CMS and X.509, dotted.
    #[must_use]
    pub const fn oid(self) -> &'static str {
        match self {
            Self::RsaPkcs1Sha256 => "1.2.840.113549.1.1.11",
            Self::RsaPkcs1Sha384 => "1.2.840.113549.1.1.12",
            Self::RsaPkcs1Sha512 => "1.2.840.113549.1.1.13",
            Self::RsaPssSha256 | Self::RsaPssSha384 | Self::RsaPssSha512 => "1.2.840.113549.1.1.10",
            Self::EcdsaP256Sha256 => "1.2.840.10045.4.3.2",
            Self::EcdsaP384Sha384 => "1.2.840.10045.4.3.3",
        }
    }

    /// DER of the parameters that follow the object identifier; `None` where there are none.
    #[must_use]
    pub fn oid_parameters(self) -> Option<Vec<u8>> {
        match self.scheme() {
            SignatureScheme::RsaPkcs1 => Some(NULL.to_vec()),
            SignatureScheme::RsaPss => Some(pss_parameters(self.digest(), &NULL, &NULL)),
            SignatureScheme::Ecdsa(_) => None,
        }
    }

    /// The algorithm of an object identifier, dotted, and the DER of its parameters. `digest` is what CMS names beside it; one
    /// that contradicts it is refused.
    #[must_use]
    pub fn from_oid(oid: &str, parameters: Option<&[u8]>, digest: DigestAlgorithm) -> Option<Self> {
        Self::DOCUMENTS
            .into_iter()
            .filter(|algorithm| algorithm.digest() == digest)
            .find(|algorithm| match algorithm.scheme() {
                SignatureScheme::RsaPkcs1 => {
                    [algorithm.oid(), RSA_ENCRYPTION].contains(&oid)
                        && parameters.is_none_or(|parameters| parameters == NULL)
                }
                SignatureScheme::RsaPss => {
                    algorithm.oid() == oid
                        && parameters.is_some_and(|found| is_pss_parameters(digest, found))
                }
                SignatureScheme::Ecdsa(_) => algorithm.oid() == oid && parameters.is_none(),
            })
    }
}

fn is_pss_parameters(digest: DigestAlgorithm, found: &[u8]) -> bool {
    let either: [&[u8]; 2] = [&NULL, &[]];
    either.iter().any(|of_digest| {
        either
            .iter()
            .any(|of_mask| pss_parameters(digest, of_digest, of_mask) == found)
    })
}

/// RSASSA-PSS-params (RFC 4055 section 3.1) with these parameters of the two digest identifiers.
fn pss_parameters(digest: DigestAlgorithm, of_digest: &[u8], of_mask: &[u8]) -> Vec<u8> {
    let (last, salt) = match digest {
        DigestAlgorithm::Sha256 => (0x01, 32),
        DigestAlgorithm::Sha384 => (0x02, 48),
        DigestAlgorithm::Sha512 => (0x03, 64),
    };
    let digest = |parameters: &[u8]| element(SEQUENCE, &[&SHA2, &[last], parameters]);
    let mask = element(SEQUENCE, &[&MGF1, &digest(of_mask)]);
    element(
        SEQUENCE,
        &[
            &element(0xA0, &[&digest(of_digest)]),
            &element(0xA1, &[&mask]),
            &element(0xA2, &[&[0x02, 0x01, salt]]),
        ],
    )
}

/// A DER element whose content is shorter than 128 bytes, as all of these are.
fn element(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    [&[tag, length], content.as_slice()].concat()
}
