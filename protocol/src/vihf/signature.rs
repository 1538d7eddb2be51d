//! The signature inside an assertion, read strictly: one reference to the assertion by its ID, the two transforms of SAML (core
//! clause 5.4.4), SHA-256, a certificate. What is read of it is read from the canonical SignedInfo, the very bytes that were signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::Certificate;
use uppsala::Document;

use super::error::VihfError;
use super::layout::SHA256_URI;
use super::names::SAML;
use crate::algorithm::SignatureAlgorithm;
use crate::digest::Sha256Digest;
use crate::xades::names::{DS, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N};
use crate::xml::{
    Canonicalization, RefusedAlgorithm, Selection, ShapeError, ShapeProblem, XmlElement, gate,
};

/// Most certificates beside the signer's.
const MAX_CERTIFICATES: usize = 4;
const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;
const MAX_SIGNATURE_BYTES: usize = 512;
/// Most characters of a list of prefixes.
const MAX_PREFIXES: usize = 128;

/// A signature whose value is not verified yet.
pub(super) struct ReadSignature {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) signed_info: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) certificate: Certificate,
    pub(super) reference_uri: String,
    pub(super) digest: Sha256Digest,
    /// The second transform.
    pub(super) canonicalization: Canonicalization,
}

/// Reads `signature`, an element of `document`.
pub(super) fn read(
    document: &Document<'_>,
    signature: XmlElement<'_, '_>,
    limits: &gate::Limits,
) -> Result<ReadSignature, VihfError> {
    let signature = signature.expect_allowing(DS.uri, "Signature", &[], &[("", "Id")])?;
    let children = signature.spaced_elements()?;
    let [signed_info, value, key_info] = children.as_slice() else {
        return Err(signature.error(ShapeProblem::Children).into());
    };
    let signed_info = signed_info.expect_allowing(DS.uri, "SignedInfo", &[], &[("", "Id")])?;
    // How SignedInfo itself is canonicalised stands in it; that it was signed so is checked with the signature.
    let method = first_child(signed_info)?;
    let canonicalization = exclusive(method, "CanonicalizationMethod")?;
    let canonical = canonicalization.canonical(document, Selection::element(signed_info.id()))?;
    let certificates = read_certificates(*key_info)?;
    let certificate = certificates
        .into_iter()
        .next()
        .ok_or_else(|| key_info.error(ShapeProblem::Children))?;
    let value = value.expect_allowing(DS.uri, "SignatureValue", &[], &[("", "Id")])?;
    let value = read_base64(value, MAX_SIGNATURE_BYTES)?;
    let signed = gate::parse(&canonical, limits)?;
    let root = XmlElement::root(&signed)
        .ok_or_else(|| signed_info.error(ShapeProblem::Name))?
        .expect_allowing(DS.uri, "SignedInfo", &[], &[("", "Id")])?;
    let (algorithm, reference) = read_signed_info(root)?;
    Ok(ReadSignature {
        algorithm,
        value,
        certificate,
        reference_uri: reference.uri,
        digest: reference.digest,
        canonicalization: reference.canonicalization,
        signed_info: canonical,
    })
}

struct Reference {
    uri: String,
    digest: Sha256Digest,
    canonicalization: Canonicalization,
}

fn read_signed_info(
    signed_info: XmlElement<'_, '_>,
) -> Result<(SignatureAlgorithm, Reference), VihfError> {
    let children = signed_info.spaced_elements()?;
    let [_canonicalization, method, reference] = children.as_slice() else {
        return Err(signed_info.error(ShapeProblem::Children).into());
    };
    let method = method.expect(DS.uri, "SignatureMethod", &["Algorithm"])?;
    demand_empty(method)?;
    let uri = method.attribute("Algorithm")?;
    let algorithm = SignatureAlgorithm::ALL
        .iter()
        .copied()
        .find(|algorithm| algorithm.xml_uri() == uri)
        .ok_or_else(|| refused_algorithm(uri))?;
    Ok((algorithm, read_reference(*reference)?))
}

fn read_reference(reference: XmlElement<'_, '_>) -> Result<Reference, VihfError> {
    let reference = reference.expect_allowing(DS.uri, "Reference", &["URI"], &[("", "Id")])?;
    let children = reference.spaced_elements()?;
    let [transforms, method, value] = children.as_slice() else {
        return Err(reference.error(ShapeProblem::Children).into());
    };
    let transforms = transforms.expect(DS.uri, "Transforms", &[])?;
    let both = transforms.spaced_elements()?;
    let [enveloped, canonical] = both.as_slice() else {
        return Err(transforms.error(ShapeProblem::Children).into());
    };
    let enveloped = enveloped.expect(DS.uri, "Transform", &["Algorithm"])?;
    demand_empty(enveloped)?;
    demand_algorithm(enveloped, ENVELOPED_SIGNATURE)?;
    let canonicalization = exclusive(*canonical, "Transform")?;
    let method = method.expect(DS.uri, "DigestMethod", &["Algorithm"])?;
    demand_empty(method)?;
    demand_algorithm(method, SHA256_URI)?;
    let value = value.expect(DS.uri, "DigestValue", &[])?;
    let digest = Sha256Digest::from_base64(value.text()?.trim_ascii());
    Ok(Reference {
        uri: reference.attribute("URI")?.to_owned(),
        digest: digest.map_err(|_| value.error(ShapeProblem::Value))?,
        canonicalization,
    })
}

/// Exclusive canonicalisation without comments, with the prefixes that it may name.
fn exclusive(element: XmlElement<'_, '_>, name: &str) -> Result<Canonicalization, VihfError> {
    let element = element.expect(DS.uri, name, &["Algorithm"])?;
    demand_algorithm(element, EXCLUSIVE_C14N)?;
    match element.spaced_elements()?.as_slice() {
        [] => Ok(Canonicalization::EXCLUSIVE),
        [list] => {
            let list = list.expect(EXCLUSIVE_C14N, "InclusiveNamespaces", &["PrefixList"])?;
            demand_empty(list)?;
            let prefixes = list.attribute("PrefixList")?;
            Some(prefixes)
                .filter(|prefixes| prefixes.len() <= MAX_PREFIXES)
                .and_then(|prefixes| Canonicalization::EXCLUSIVE.with_inclusive_prefixes(prefixes))
                .ok_or_else(|| list.error(ShapeProblem::Value).into())
        }
        _ => Err(element.error(ShapeProblem::Children).into()),
    }
}

fn read_certificates(key_info: XmlElement<'_, '_>) -> Result<Vec<Certificate>, VihfError> {
    let key_info = key_info.expect_allowing(DS.uri, "KeyInfo", &[], &[("", "Id")])?;
    let data = key_info.spaced_elements()?;
    let [data] = data.as_slice() else {
        return Err(key_info.error(ShapeProblem::Children).into());
    };
    let data = data.expect(DS.uri, "X509Data", &[])?;
    let elements = data.spaced_elements()?;
    if elements.is_empty() || elements.len() > MAX_CERTIFICATES {
        return Err(data.error(ShapeProblem::Children).into());
    }
    let certificates = elements.into_iter().map(|element| {
        let element = element.expect(DS.uri, "X509Certificate", &[])?;
        let der = read_base64(element, MAX_CERTIFICATE_BYTES)?;
        Ok(Certificate::from_der(&der)?)
    });
    certificates.collect()
}

/// Other programs break base64 into lines.
fn read_base64(element: XmlElement<'_, '_>, max_bytes: usize) -> Result<Vec<u8>, ShapeError> {
    let text = element.text()?;
    let refused = || element.error(ShapeProblem::Value);
    if text.len() > max_bytes.saturating_mul(2) {
        return Err(refused());
    }
    let compact: String = text.split_ascii_whitespace().collect();
    match STANDARD.decode(compact) {
        Ok(bytes) if (1..=max_bytes).contains(&bytes.len()) => Ok(bytes),
        _ => Err(refused()),
    }
}

fn first_child<'d, 'a>(element: XmlElement<'d, 'a>) -> Result<XmlElement<'d, 'a>, ShapeError> {
    let children = element.spaced_elements()?;
    children
        .first()
        .copied()
        .ok_or_else(|| element.error(ShapeProblem::Children))
}

fn demand_empty(element: XmlElement<'_, '_>) -> Result<(), ShapeError> {
    if element.spaced_elements()?.is_empty() {
        Ok(())
    } else {
        Err(element.error(ShapeProblem::Children))
    }
}

fn demand_algorithm(element: XmlElement<'_, '_>, expected: &str) -> Result<(), VihfError> {
    let uri = element.attribute("Algorithm")?;
    if uri == expected {
        Ok(())
    } else {
        Err(refused_algorithm(uri))
    }
}

fn refused_algorithm(uri: &str) -> VihfError {
    let RefusedAlgorithm { uri, is_weak } = RefusedAlgorithm::new(uri);
    if is_weak {
        VihfError::WeakAlgorithm { uri }
    } else {
        VihfError::UnknownAlgorithm { uri }
    }
}

/// The one signature that an assertion may hold, the second of its children, and nothing else in that place.
pub(super) fn of_assertion<'d, 'a>(
    assertion: XmlElement<'d, 'a>,
) -> Result<XmlElement<'d, 'a>, VihfError> {
    let children = assertion.spaced_elements()?;
    match children.as_slice() {
        [issuer, signature, ..] if issuer.is(SAML.uri, "Issuer") => Ok(*signature),
        _ => Err(assertion.error(ShapeProblem::Children).into()),
    }
}
