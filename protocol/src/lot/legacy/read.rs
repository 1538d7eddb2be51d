//! Reading a `dmp-legacy` signature strictly: the structure of the DMP's sample and of its kit, and nothing beside it.
//!
//! Both signed parts are read out of the canonical bytes that were hashed. Accepted beyond what is written here: white space
//! between elements, prefixes, references without transforms, purpose of signature without a namespace, as in the sample.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::{Certificate, UnixTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::DmpLegacy;
use super::digest::LegacyDigest;
use super::layout::{C14N, DS, MANIFEST_ID, RSA_SHA1, SHA1, SIGNED_PROPERTIES_TYPE, XADES};
use super::prepare::{LegacyDocument, LegacyTransform};
use crate::identifiers::Oid;
use crate::lot::layout::{PURPOSE_OF_SIGNATURE, SUBMISSION_SET_DIGEST};
use crate::lot::{LotError, LotLimits, SignedPart};
use crate::xades::names::MANIFEST_TYPE;
use crate::xml::{Canonicalization, Selection, ShapeError, ShapeProblem, XmlElement, gate};

/// A signature whose parts are intact; its value is not verified yet.
pub(super) struct ReadLegacyLot {
    pub(super) signed_info: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) certificate: Certificate,
    pub(super) signing_time: UnixTime,
    pub(super) submission_set: Oid,
    pub(super) documents: Vec<LegacyDocument>,
}

pub(super) fn read(
    legacy: DmpLegacy,
    xml: &[u8],
    limits: &LotLimits,
) -> Result<ReadLegacyLot, LotError> {
    let gate_limits = gate_limits(limits);
    let document = gate::parse(xml, &gate_limits)?;
    let root = XmlElement::root(&document).ok_or_else(|| no_element("Signature"))?;
    let root = root.expect(DS.uri, "Signature", &["Id"])?;
    let id = root.attribute("Id")?;
    let [signed_info, value, key_info, manifest, purpose, qualifying] = spaced(root)?;
    let signed_info = signed_info.expect(DS.uri, "SignedInfo", &[])?;
    let manifest = in_object(manifest)?.expect(DS.uri, "Manifest", &["Id"])?;
    let qualifying =
        in_object(qualifying)?.expect(XADES.uri, "QualifyingProperties", &["Target"])?;
    check_target(qualifying, id)?;
    check_purpose(in_object(purpose)?, id)?;
    let [properties] = spaced(qualifying)?;
    let properties = properties.expect(XADES.uri, "SignedProperties", &["Id"])?;

    let canonical = |element: XmlElement<'_, '_>| {
        Canonicalization::INCLUSIVE_WITH_COMMENTS
            .canonical(&document, Selection::element(element.id()))
    };
    let signed_info = canonical(signed_info)?;
    let declared = read_signed_info(legacy, &signed_info, &gate_limits)?;
    let parts = [
        (SignedPart::Manifest, manifest, MANIFEST_TYPE),
        (
            SignedPart::SignedProperties,
            properties,
            SIGNED_PROPERTIES_TYPE,
        ),
    ];
    let mut octets = Vec::with_capacity(parts.len());
    for ((part, element, kind), reference) in parts.into_iter().zip(&declared) {
        let is_this = reference.uri.strip_prefix('#') == Some(element.attribute("Id")?);
        if !is_this || reference.kind != kind {
            return Err(element.error(ShapeProblem::Attributes).into());
        }
        let bytes = canonical(element)?;
        if LegacyDigest::of(legacy, &bytes) != reference.sha1 {
            return Err(LotError::PartAltered { part });
        }
        octets.push(bytes);
    }
    let [manifest, properties] = octets.as_slice() else {
        return Err(no_element("Reference").into());
    };
    let (submission_set, documents) = read_manifest(legacy, manifest, limits, &gate_limits)?;
    let certificate = read_certificate(key_info)?;
    let signing_time = read_properties(legacy, properties, &certificate, &gate_limits)?;
    Ok(ReadLegacyLot {
        signed_info,
        signature: base64(value.expect(DS.uri, "SignatureValue", &[])?, 512)?,
        certificate,
        signing_time,
        submission_set,
        documents,
    })
}

/// Five elements and at most 768 bytes for each document, and the rest of the file.
fn gate_limits(limits: &LotLimits) -> gate::Limits {
    gate::Limits {
        bytes: limits
            .max_documents
            .saturating_mul(768)
            .saturating_add(128 * 1024),
        elements: limits.max_documents.saturating_mul(5).saturating_add(100),
        attributes: 6,
        depth: 12,
    }
}

struct Declared {
    uri: String,
    kind: String,
    sha1: LegacyDigest,
}

fn read_signed_info(
    legacy: DmpLegacy,
    octets: &[u8],
    limits: &gate::Limits,
) -> Result<[Declared; 2], LotError> {
    let document = gate::parse(octets, limits)?;
    let root = XmlElement::root(&document).ok_or_else(|| no_element("SignedInfo"))?;
    let root = root.expect(DS.uri, "SignedInfo", &[])?;
    let [canonicalization, method, manifest, properties] = spaced(root)?;
    demand(
        canonicalization.expect(DS.uri, "CanonicalizationMethod", &["Algorithm"])?,
        C14N,
    )?;
    demand(
        method.expect(DS.uri, "SignatureMethod", &["Algorithm"])?,
        RSA_SHA1,
    )?;
    let declared = |reference: XmlElement<'_, '_>| -> Result<Declared, LotError> {
        let reference = reference.expect(DS.uri, "Reference", &["Type", "URI"])?;
        let (_, bytes) = read_reference(reference)?;
        Ok(Declared {
            uri: reference.attribute("URI")?.to_owned(),
            kind: reference.attribute("Type")?.to_owned(),
            sha1: sha1(legacy, reference, &bytes)?,
        })
    };
    Ok([declared(manifest)?, declared(properties)?])
}

/// The transform, and the digest as it is written.
fn read_reference(reference: XmlElement<'_, '_>) -> Result<(LegacyTransform, Vec<u8>), LotError> {
    let children = reference.spaced_elements()?;
    let (transform, rest) = match children.as_slice() {
        [transforms, rest @ ..] if transforms.is(DS.uri, "Transforms") => {
            let [transform] = spaced(transforms.expect(DS.uri, "Transforms", &[])?)?;
            demand(transform.expect(DS.uri, "Transform", &["Algorithm"])?, C14N)?;
            (LegacyTransform::Canonical, rest)
        }
        rest => (LegacyTransform::None, rest),
    };
    let [method, value] = rest else {
        return Err(reference.error(ShapeProblem::Children).into());
    };
    demand(method.expect(DS.uri, "DigestMethod", &["Algorithm"])?, SHA1)?;
    Ok((
        transform,
        base64(value.expect(DS.uri, "DigestValue", &[])?, 20)?,
    ))
}

fn read_manifest(
    legacy: DmpLegacy,
    octets: &[u8],
    limits: &LotLimits,
    gate_limits: &gate::Limits,
) -> Result<(Oid, Vec<LegacyDocument>), LotError> {
    let document = gate::parse(octets, gate_limits)?;
    let manifest = XmlElement::root(&document).ok_or_else(|| no_element("Manifest"))?;
    let manifest = manifest.expect(DS.uri, "Manifest", &["Id"])?;
    if manifest.attribute("Id")? != MANIFEST_ID {
        return Err(manifest.error(ShapeProblem::Attributes).into());
    }
    let references = manifest.spaced_elements()?;
    let Some((set, references)) = references.split_first() else {
        return Err(LotError::NoDocument);
    };
    if references.is_empty() {
        return Err(LotError::NoDocument);
    }
    if references.len() > limits.max_documents {
        return Err(LotError::TooManyDocuments {
            count: references.len(),
            limit: limits.max_documents,
        });
    }
    let submission_set = read_urn(*set)?;
    let (transform, constant) = read_reference(*set)?;
    if transform != LegacyTransform::None || STANDARD.encode(constant) != SUBMISSION_SET_DIGEST {
        return Err(set.error(ShapeProblem::Value).into());
    }
    let mut seen = HashSet::with_capacity(references.len().saturating_add(1));
    seen.insert(submission_set.clone());
    let mut documents = Vec::with_capacity(references.len());
    for reference in references {
        let unique_id = read_urn(*reference)?;
        if !seen.insert(unique_id.clone()) {
            return Err(LotError::DuplicateReference { unique_id });
        }
        let (transform, bytes) = read_reference(*reference)?;
        documents.push(LegacyDocument {
            unique_id,
            transform,
            sha1: sha1(legacy, *reference, &bytes)?,
        });
    }
    Ok((submission_set, documents))
}

fn read_urn(reference: XmlElement<'_, '_>) -> Result<Oid, LotError> {
    let reference = reference.expect(DS.uri, "Reference", &["URI"])?;
    Oid::from_urn(reference.attribute("URI")?)
        .map_err(|_| reference.error(ShapeProblem::Value).into())
}

/// The signing time, after checking that the first certificate named is the one of KeyInfo.
fn read_properties(
    legacy: DmpLegacy,
    octets: &[u8],
    certificate: &Certificate,
    limits: &gate::Limits,
) -> Result<UnixTime, LotError> {
    let document = gate::parse(octets, limits)?;
    let properties = XmlElement::root(&document).ok_or_else(|| no_element("SignedProperties"))?;
    let [of_signature, of_data] = spaced(properties)?;
    let of_data = of_data.expect(XADES.uri, "SignedDataObjectProperties", &[])?;
    if !of_data.spaced_elements()?.is_empty() {
        return Err(of_data.error(ShapeProblem::Children).into());
    }
    let of_signature = of_signature.expect(XADES.uri, "SignedSignatureProperties", &[])?;
    let [time, certificates, policy] = spaced(of_signature)?;
    let [implied] = spaced(policy.expect(XADES.uri, "SignaturePolicyIdentifier", &[])?)?;
    implied.expect(XADES.uri, "SignaturePolicyImplied", &[])?;
    let certificates = certificates.expect(XADES.uri, "SigningCertificate", &[])?;
    let certs = certificates.spaced_elements()?;
    let first = certs
        .first()
        .ok_or_else(|| certificates.error(ShapeProblem::Children))?;
    let [digest, issuer] = spaced(first.expect(XADES.uri, "Cert", &[])?)?;
    let [method, value] = spaced(digest.expect(XADES.uri, "CertDigest", &[])?)?;
    demand(
        method.expect(XADES.uri, "DigestMethod", &["Algorithm"])?,
        SHA1,
    )?;
    let named = base64(value.expect(XADES.uri, "DigestValue", &[])?, 20)?;
    let [_name, serial] = spaced(issuer.expect(XADES.uri, "IssuerSerial", &[])?)?;
    let serial = serial.expect(DS.uri, "X509SerialNumber", &[])?.text()?;
    let is_named = sha1(legacy, value, &named)? == LegacyDigest::of(legacy, certificate.der())
        && serial.trim_ascii() == certificate.serial_number_decimal();
    if !is_named {
        return Err(LotError::CertificateMismatch);
    }
    let time = time.expect(XADES.uri, "SigningTime", &[])?;
    let moment = OffsetDateTime::parse(time.text()?.trim_ascii(), &Rfc3339)
        .map_err(|_| time.error(ShapeProblem::Value))?;
    Ok(UnixTime(moment.unix_timestamp()))
}

/// Not signed in this profile; demanded as it is written all the same.
fn check_purpose(properties: XmlElement<'_, '_>, id: &str) -> Result<(), LotError> {
    let [property] = spaced(properties)?;
    let named = |element: XmlElement<'_, '_>, name: &str| {
        if element.is(DS.uri, name) || element.has_no_namespace(name) {
            Ok(())
        } else {
            Err(element.error(ShapeProblem::Name))
        }
    };
    named(properties, "SignatureProperties")?;
    named(property, "SignatureProperty")?;
    check_target(property, id)?;
    if property.text()?.trim_ascii() == PURPOSE_OF_SIGNATURE {
        Ok(())
    } else {
        Err(property.error(ShapeProblem::Value).into())
    }
}

fn check_target(element: XmlElement<'_, '_>, id: &str) -> Result<(), LotError> {
    if element.attribute("Target")?.strip_prefix('#') == Some(id) {
        Ok(())
    } else {
        Err(element.error(ShapeProblem::Attributes).into())
    }
}

fn read_certificate(key_info: XmlElement<'_, '_>) -> Result<Certificate, LotError> {
    let [data] = spaced(key_info.expect(DS.uri, "KeyInfo", &[])?)?;
    let data = data.expect(DS.uri, "X509Data", &[])?;
    let [certificate] = spaced(data)?;
    let certificate = certificate.expect(DS.uri, "X509Certificate", &[])?;
    Ok(Certificate::from_der(&base64(certificate, 16 * 1024)?)?)
}

fn demand(element: XmlElement<'_, '_>, expected: &str) -> Result<(), LotError> {
    let uri = element.attribute("Algorithm")?;
    if !element.spaced_elements()?.is_empty() {
        return Err(element.error(ShapeProblem::Children).into());
    }
    if uri == expected {
        Ok(())
    } else {
        Err(LotError::UnknownAlgorithm {
            uri: uri.chars().take(128).collect(),
        })
    }
}

fn sha1(
    legacy: DmpLegacy,
    element: XmlElement<'_, '_>,
    bytes: &[u8],
) -> Result<LegacyDigest, LotError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| element.error(ShapeProblem::Value))?;
    Ok(LegacyDigest::from_bytes(legacy, bytes))
}

fn in_object<'d, 'a>(object: XmlElement<'d, 'a>) -> Result<XmlElement<'d, 'a>, ShapeError> {
    let [child] = spaced(object.expect(DS.uri, "Object", &[])?)?;
    Ok(child)
}

fn spaced<'d, 'a, const N: usize>(
    element: XmlElement<'d, 'a>,
) -> Result<[XmlElement<'d, 'a>; N], ShapeError> {
    let children = element.spaced_elements()?;
    children
        .try_into()
        .map_err(|_| element.error(ShapeProblem::Children))
}

fn base64(element: XmlElement<'_, '_>, most: usize) -> Result<Vec<u8>, ShapeError> {
    let compact: Vec<u8> = element
        .text()?
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let decoded = STANDARD.decode(compact).ok();
    decoded
        .filter(|bytes| !bytes.is_empty() && bytes.len() <= most)
        .ok_or_else(|| element.error(ShapeProblem::Value))
}

fn no_element(name: &str) -> ShapeError {
    ShapeError {
        element: name.to_owned(),
        problem: ShapeProblem::Name,
    }
}
