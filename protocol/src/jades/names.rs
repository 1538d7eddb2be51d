//! Names of header parameters and identifiers (RFC 7515, RFC 7797, ETSI TS 119 182-1), and base64 in its two spellings.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::signature::{DigestAlgorithm, ReadError, SubIndication};

/// `typ` of the JSON serialisations, as RFC 7515 section 4.1.9 shortens the media type.
pub(super) const TYPE: &str = "jose+json";
/// Documents by name and digest (TS 119 182-1 clause 5.2.8.3.3).
pub(super) const BY_URI_HASH: &str = "http://uri.etsi.org/19182/ObjectIdByURIHash";

/// Identifier of a digest algorithm in `hashM` and `digAlg`.
pub(super) const fn digest_name(digest: DigestAlgorithm) -> &'static str {
    match digest {
        DigestAlgorithm::Sha256 => "S256",
        DigestAlgorithm::Sha384 => "S384",
        DigestAlgorithm::Sha512 => "S512",
    }
}

/// The algorithm of an identifier.
pub(super) fn digest_algorithm(name: &str) -> Result<DigestAlgorithm, ReadError> {
    let known = DigestAlgorithm::ALL.into_iter();
    let mut known = known.filter(|digest| digest_name(*digest) == name);
    known.next().ok_or_else(|| not_accepted(name))
}

/// An algorithm that is not accepted.
pub(super) fn not_accepted(name: &str) -> ReadError {
    let name: String = name.chars().take(64).collect();
    ReadError::new(
        SubIndication::CryptoConstraintsFailure,
        "unknown-algorithm",
        format!("the signature uses {name}, which is not accepted"),
    )
}

/// Not the structure of a JAdES signature.
pub(super) fn malformed(what: impl std::fmt::Display) -> ReadError {
    ReadError::new(
        SubIndication::FormatFailure,
        "structure",
        format!("not a signature that is read here: {what}"),
    )
}

pub(super) fn to_base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Bytes of their one encoding, without padding and without bits left over.
pub(super) fn from_base64url(text: &str, what: &str) -> Result<Vec<u8>, ReadError> {
    let decoded = URL_SAFE_NO_PAD.decode(text).ok();
    decoded.ok_or_else(|| malformed(format_args!("{what} is not base64url")))
}

pub(super) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// DER in base64 of at most `most` bytes, as certificates, tokens and revocation values stand in JSON.
pub(super) fn from_base64(text: &str, most: usize, what: &str) -> Result<Vec<u8>, ReadError> {
    let decoded = STANDARD.decode(text).ok();
    decoded
        .filter(|bytes| bytes.len() <= most)
        .ok_or_else(|| malformed(format_args!("{what} is too long or not base64")))
}
