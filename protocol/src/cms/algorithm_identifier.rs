//! `AlgorithmIdentifier` (RFC 5280 section 4.1.1.2) of digests (RFC 5754 section 2) and of signatures (see [`SignatureAlgorithm`]).

use paraphe_certs::der::{self, Element, Reader};

use super::CmsError;
use super::object_identifiers as oid;
use crate::algorithm::SignatureAlgorithm;
use crate::signature::DigestAlgorithm;

/// Written without parameters (RFC 5754 section 2).
pub(crate) fn digest_algorithm(digest: DigestAlgorithm) -> Vec<u8> {
    der::sequence(&[oid::encoded(digest.oid())])
}

/// Read with parameters that are absent or NULL.
pub(crate) fn read_digest_algorithm(element: Element<'_>) -> Result<DigestAlgorithm, CmsError> {
    let (oid, parameters) = parts(element, "a digest algorithm")?;
    DigestAlgorithm::from_oid(&oid)
        .filter(|_| parameters.is_none_or(|parameters| parameters == der::NULL))
        .ok_or(CmsError::DigestAlgorithm { oid })
}

pub(crate) fn signature_algorithm(algorithm: SignatureAlgorithm) -> Vec<u8> {
    let mut parts = vec![oid::encoded(algorithm.oid())];
    parts.extend(algorithm.oid_parameters());
    der::sequence(&parts)
}

pub(crate) fn read_signature_algorithm(
    element: Element<'_>,
    digest: DigestAlgorithm,
) -> Result<SignatureAlgorithm, CmsError> {
    let (oid, parameters) = parts(element, "a signature algorithm")?;
    SignatureAlgorithm::from_oid(&oid, parameters, digest)
        .ok_or(CmsError::SignatureAlgorithm { oid })
}

fn parts<'a>(
    element: Element<'a>,
    what: &'static str,
) -> Result<(String, Option<&'a [u8]>), CmsError> {
    let mut inside = Reader::of_sequence(element.whole, what)?;
    let oid = inside.object_identifier(what)?;
    let parameters = if inside.is_empty() {
        None
    } else {
        Some(inside.any(what)?.whole)
    };
    inside.end(what)?;
    Ok((oid, parameters))
}
