//! archive-time-stamp-v3 (EN 319 122-1 clause 5.5.3) and the index of what it protects, ats-hash-index-v3 (clause 5.5.2).
//!
//! The stamp is of: content type, digest of the content, the parts of the signer, the index. The index names by digest every
//! certificate, every revocation value and every unsigned attribute value; it stands as an unsigned attribute in the time
//! stamp's own signer, added there without touching the token's other bytes.

use paraphe_certs::der::{self, Reader};

use crate::algorithm::SignatureError;
use crate::cms::{Attribute, CmsError, SignedData, digest_algorithm, oid, read_digest_algorithm};
use crate::signature::{Contents, DigestAlgorithm, SigningError};
use crate::time_stamp::TimeStampToken;

/// DER of ATSHashIndexV3 over everything that is there.
pub(super) fn hash_index(
    signed_data: &SignedData<'_>,
    digest: DigestAlgorithm,
) -> Result<Vec<u8>, CmsError> {
    let index = |digests: Vec<Vec<u8>>| {
        let octets: Vec<Vec<u8>> = digests
            .iter()
            .map(|digest| der::value(der::OCTET_STRING, digest))
            .collect();
        der::sequence(&octets)
    };
    let parts = indexed_parts(signed_data, digest)?;
    let [certificates, revocation, attributes] = parts.map(index);
    Ok(der::sequence(&[
        digest_algorithm(digest),
        certificates,
        revocation,
        attributes,
    ]))
}

/// Digests of certificates, revocation values, unsigned attribute values.
fn indexed_parts(
    signed_data: &SignedData<'_>,
    digest: DigestAlgorithm,
) -> Result<[Vec<Vec<u8>>; 3], CmsError> {
    let of_each = |parts: &[std::borrow::Cow<'_, [u8]>]| {
        let digests = parts.iter().map(|part| digest.digest(part));
        digests.collect::<Result<Vec<_>, SignatureError>>()
    };
    let mut attributes = Vec::new();
    for attribute in &signed_data.signer()?.unsigned_attributes {
        let parts = attribute.parts()?;
        for value in parts.values {
            attributes.push(digest.digest(&[parts.type_der, value.whole].concat())?);
        }
    }
    Ok([
        of_each(&signed_data.certificates)?,
        of_each(&signed_data.revocation)?,
        attributes,
    ])
}

/// Digest that the stamp is of.
pub(super) fn imprint(
    signed_data: &SignedData<'_>,
    digest: DigestAlgorithm,
    content_digest: &[u8],
    hash_index: &[u8],
) -> Result<Vec<u8>, CmsError> {
    let mut hashed = signed_data.content_type_der().to_vec();
    hashed.extend_from_slice(content_digest);
    for part in signed_data.signer()?.archived_parts() {
        hashed.extend_from_slice(&part);
    }
    hashed.extend_from_slice(hash_index);
    Ok(digest.digest(&hashed)?)
}

/// The token with the index in it.
pub(super) fn with_hash_index(
    token: &TimeStampToken,
    hash_index: &[u8],
) -> Result<Vec<u8>, CmsError> {
    let mut token = SignedData::read(token.der())?;
    token
        .signer_mut()?
        .add_unsigned(Attribute::of(oid::ATS_HASH_INDEX_V3, hash_index));
    Ok(token.encode())
}

/// Whether a stamp found in a signature is one of what its index names, and the index names only what is there.
/// `content_digest` gives the digest of the content by any algorithm.
pub(super) fn matches(
    signed_data: &SignedData<'_>,
    token: &TimeStampToken,
    mut content_digest: impl FnMut(DigestAlgorithm) -> Result<Vec<u8>, CmsError>,
) -> Result<bool, CmsError> {
    let digest = token.info().digest();
    let stamp = SignedData::read(token.der())?;
    let indexes = stamp.unsigned_values(oid::ATS_HASH_INDEX_V3)?;
    let [index] = indexes.as_slice() else {
        return Ok(false);
    };
    if !names_only_what_is_there(signed_data, index)? {
        return Ok(false);
    }
    let expected = imprint(signed_data, digest, &content_digest(digest)?, index)?;
    Ok(token.info().imprint() == expected)
}

fn names_only_what_is_there(signed_data: &SignedData<'_>, index: &[u8]) -> Result<bool, CmsError> {
    let what = "an ATSHashIndexV3";
    let mut inside = Reader::of_sequence(index, what)?;
    let digest = read_digest_algorithm(inside.expect(der::SEQUENCE, what)?)?;
    for present in indexed_parts(signed_data, digest)? {
        let mut named = inside.sequence(what)?;
        while !named.is_empty() {
            let digest = named.octet_string(what)?;
            if !present.iter().any(|present| present == digest) {
                return Ok(false);
            }
        }
    }
    inside.end(what)?;
    Ok(true)
}

/// Digest of the one detached document.
pub(super) fn digest_of_document(
    digest: DigestAlgorithm,
    contents: &mut dyn Contents,
) -> Result<Vec<u8>, SigningError> {
    let mut hasher = digest.hasher()?;
    let mut outcome = Ok(());
    contents.read(0, &mut |piece| {
        if outcome.is_ok() {
            outcome = hasher.update(piece);
        }
    })?;
    let unavailable = |_| SignatureError::Unavailable;
    outcome.map_err(unavailable)?;
    Ok(hasher.finish().map_err(unavailable)?.to_vec())
}
