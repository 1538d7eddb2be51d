//! Reading a lot signature strictly: exactly the structure of profile `dsg`, nothing beside it.
//!
//! Order: gate and parser, structure and algorithms of the file, digests of the three signed parts
//! over their canonical bytes, values of the parts. Then every part is written anew from the values
//! that were read, and must come out byte for byte as what was hashed: an element, attribute or
//! character that the reader did not see cannot stand in a signed part.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::{Certificate, UnixTime};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::draft::{LotDocument, LotLimits, SubmissionSet};
use super::error::{LotError, SignedPart};
use super::layout::{self, DS, EXCLUSIVE_C14N, LOT, PartDigests, SHA256_URI, SIGNATURE_ID, XADES};
use super::prepare::MAX_CERTIFICATES;
use crate::algorithm::SignatureAlgorithm;
use crate::digest::Sha256Digest;
use crate::identifiers::{Ins, Oid};
use crate::xml::{
    RefusedAlgorithm, ShapeError, ShapeProblem, XmlElement, exclusive_canonical, gate,
};

/// A signature file whose parts are intact and wholly understood; the signature value itself is not
/// verified yet.
pub(super) struct ReadLot {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) signed_info: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) certificate_sha256: Sha256Digest,
    pub(super) signing_time: UnixTime,
    pub(super) submission_set: SubmissionSet,
    pub(super) documents: Vec<LotDocument>,
}

pub(super) fn read(xml: &[u8], limits: &LotLimits) -> Result<ReadLot, LotError> {
    let document = gate::parse(xml, &gate_limits(limits))?;
    let root = XmlElement::root(&document).ok_or_else(no_root)?;
    let root = root.expect(DS.uri, "Signature", &["Id"])?;
    if root.attribute("Id")? != SIGNATURE_ID {
        return Err(root.error(ShapeProblem::Attributes).into());
    }
    let [signed_info, value, key_info, objects @ ..] = root.exactly::<6>()?;
    let signed_info = signed_info.expect(DS.uri, "SignedInfo", &[])?;
    let [manifest, submission_set, qualifying] = objects;
    let manifest = only_child(manifest)?.expect(DS.uri, "Manifest", &["Id"])?;
    let submission_set =
        only_child(submission_set)?.expect(DS.uri, "SignatureProperties", &["Id"])?;
    let qualifying =
        only_child(qualifying)?.expect(XADES.uri, "QualifyingProperties", &["Target"])?;
    if qualifying.attribute("Target")?.strip_prefix('#') != Some(SIGNATURE_ID) {
        return Err(qualifying.error(ShapeProblem::Attributes).into());
    }
    let [properties] = qualifying.exactly()?;
    let properties = properties.expect(XADES.uri, "SignedProperties", &["Id"])?;

    let (algorithm, declared) = read_signed_info(signed_info)?;
    let canonical = |element: XmlElement<'_, '_>| exclusive_canonical(&document, element.id());
    let parts = [
        (
            SignedPart::Manifest,
            canonical(manifest)?,
            declared.manifest,
        ),
        (
            SignedPart::SignedProperties,
            canonical(properties)?,
            declared.signed_properties,
        ),
        (
            SignedPart::SubmissionSet,
            canonical(submission_set)?,
            declared.submission_set,
        ),
    ];
    for (part, bytes, digest) in &parts {
        if Sha256Digest::of(bytes) != *digest {
            return Err(LotError::PartAltered { part: *part });
        }
    }

    let (set_id, documents) = read_manifest(manifest, limits)?;
    let submission_set = read_submission_set(submission_set)?;
    if submission_set.unique_id != set_id {
        return Err(LotError::SubmissionSetMismatch {
            expected: submission_set.unique_id,
            found: set_id,
        });
    }
    let (signing_time, certificate_sha256) = read_properties(properties)?;
    let signed_info = canonical(signed_info)?;

    // Written anew from what was read; see the module's text.
    let rewritten = [
        layout::manifest(&submission_set.unique_id, &documents),
        layout::signed_properties(signing_time, certificate_sha256),
        layout::submission_set(&submission_set),
    ];
    for ((part, bytes, _), again) in parts.iter().zip(&rewritten) {
        if bytes != again.as_bytes() {
            return Err(LotError::UnexpectedContent { part: *part });
        }
    }
    if signed_info != layout::signed_info(algorithm, &declared).as_bytes() {
        return Err(shape("SignedInfo", ShapeProblem::Children));
    }

    Ok(ReadLot {
        algorithm,
        signed_info,
        signature: read_base64(value.expect(DS.uri, "SignatureValue", &[])?, 512)?,
        certificates: read_certificates(key_info)?,
        certificate_sha256,
        signing_time,
        submission_set,
        documents,
    })
}

/// Three elements and at most 512 bytes for each document, and the rest of the file.
fn gate_limits(limits: &LotLimits) -> gate::Limits {
    gate::Limits {
        bytes: limits
            .max_documents
            .saturating_mul(512)
            .saturating_add(128 * 1024),
        elements: limits.max_documents.saturating_mul(3).saturating_add(100),
        attributes: 6,
        depth: 12,
    }
}

fn shape(element: &str, problem: ShapeProblem) -> LotError {
    LotError::Shape(ShapeError {
        element: element.to_owned(),
        problem,
    })
}

fn no_root() -> LotError {
    shape("Signature", ShapeProblem::Name)
}

fn only_child<'d, 'a>(object: XmlElement<'d, 'a>) -> Result<XmlElement<'d, 'a>, ShapeError> {
    let [child] = object.expect(DS.uri, "Object", &[])?.exactly()?;
    Ok(child)
}

fn read_signed_info(
    signed_info: XmlElement<'_, '_>,
) -> Result<(SignatureAlgorithm, PartDigests), LotError> {
    let [canonicalization, method, manifest, properties, set] = signed_info.exactly()?;
    demand_algorithm(
        canonicalization.expect(DS.uri, "CanonicalizationMethod", &["Algorithm"])?,
        EXCLUSIVE_C14N,
    )?;
    let method = method.expect(DS.uri, "SignatureMethod", &["Algorithm"])?;
    let uri = method.attribute("Algorithm")?;
    let algorithm = SignatureAlgorithm::ALL
        .iter()
        .copied()
        .find(|algorithm| algorithm.xml_uri() == uri)
        .ok_or_else(|| refused_algorithm(uri))?;
    let digests = PartDigests {
        manifest: read_reference(manifest.expect(DS.uri, "Reference", &["Id", "Type", "URI"])?)?,
        signed_properties: read_reference(properties.expect(
            DS.uri,
            "Reference",
            &["Type", "URI"],
        )?)?,
        submission_set: read_reference(set.expect(DS.uri, "Reference", &["Id", "Type", "URI"])?)?,
    };
    Ok((algorithm, digests))
}

/// Which part it points to is settled by the comparison with SignedInfo written anew.
fn read_reference(reference: XmlElement<'_, '_>) -> Result<Sha256Digest, LotError> {
    let [transforms, method, value] = reference.exactly()?;
    let transforms = transforms.expect(DS.uri, "Transforms", &[])?;
    for transform in transforms.elements()? {
        demand_algorithm(
            transform.expect(DS.uri, "Transform", &["Algorithm"])?,
            EXCLUSIVE_C14N,
        )?;
    }
    read_digest(method, value)
}

fn read_digest(
    method: XmlElement<'_, '_>,
    value: XmlElement<'_, '_>,
) -> Result<Sha256Digest, LotError> {
    demand_algorithm(
        method.expect(DS.uri, "DigestMethod", &["Algorithm"])?,
        SHA256_URI,
    )?;
    let value = value.expect(DS.uri, "DigestValue", &[])?;
    Sha256Digest::from_base64(value.text()?).map_err(|_| value.error(ShapeProblem::Value).into())
}

fn demand_algorithm(element: XmlElement<'_, '_>, expected: &str) -> Result<(), LotError> {
    let uri = element.attribute("Algorithm")?;
    if uri == expected {
        Ok(())
    } else {
        Err(refused_algorithm(uri))
    }
}

fn refused_algorithm(uri: &str) -> LotError {
    let RefusedAlgorithm { uri, is_weak } = RefusedAlgorithm::new(uri);
    if is_weak {
        LotError::WeakAlgorithm { uri }
    } else {
        LotError::UnknownAlgorithm { uri }
    }
}

fn read_manifest(
    manifest: XmlElement<'_, '_>,
    limits: &LotLimits,
) -> Result<(Oid, Vec<LotDocument>), LotError> {
    let references = manifest.elements()?;
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
    let set_id = read_urn(*set)?;
    let mut seen = HashSet::with_capacity(references.len() + 1);
    seen.insert(set_id.clone());
    let mut documents = Vec::with_capacity(references.len());
    for reference in references {
        let unique_id = read_urn(*reference)?;
        let [method, value] = reference.exactly()?;
        let sha256 = read_digest(method, value)?;
        if !seen.insert(unique_id.clone()) {
            return Err(LotError::DuplicateReference { unique_id });
        }
        documents.push(LotDocument { unique_id, sha256 });
    }
    Ok((set_id, documents))
}

fn read_urn(reference: XmlElement<'_, '_>) -> Result<Oid, LotError> {
    let reference = reference.expect(DS.uri, "Reference", &["URI"])?;
    Oid::from_urn(reference.attribute("URI")?)
        .map_err(|_| reference.error(ShapeProblem::Value).into())
}

fn read_submission_set(properties: XmlElement<'_, '_>) -> Result<SubmissionSet, LotError> {
    let [_purpose, property] = properties.exactly()?;
    let [set] = property
        .expect(DS.uri, "SignatureProperty", &["Target"])?
        .exactly()?;
    let [unique_id, source_id, patient, time] =
        set.expect(LOT.uri, "SubmissionSet", &[])?.exactly()?;
    let value = |element: XmlElement<'_, '_>| element.error(ShapeProblem::Value);
    let patient = patient.expect(LOT.uri, "PatientId", &[])?;
    Ok(SubmissionSet {
        unique_id: read_oid(unique_id.expect(LOT.uri, "UniqueId", &[])?)?,
        source_id: read_oid(source_id.expect(LOT.uri, "SourceId", &[])?)?,
        patient: Ins::from_cx(patient.text()?).map_err(|_| value(patient))?,
        submission_time: read_time(time.expect(LOT.uri, "SubmissionTime", &[])?)?,
    })
}

fn read_oid(element: XmlElement<'_, '_>) -> Result<Oid, ShapeError> {
    let text = element.text()?;
    text.parse().map_err(|_| element.error(ShapeProblem::Value))
}

fn read_time(element: XmlElement<'_, '_>) -> Result<UnixTime, ShapeError> {
    let moment = OffsetDateTime::parse(element.text()?, &Rfc3339)
        .map_err(|_| element.error(ShapeProblem::Value))?;
    Ok(UnixTime(moment.unix_timestamp()))
}

fn read_properties(properties: XmlElement<'_, '_>) -> Result<(UnixTime, Sha256Digest), LotError> {
    let [of_signature, _of_data] = properties.exactly()?;
    let of_signature = of_signature.expect(XADES.uri, "SignedSignatureProperties", &[])?;
    let [time, certificate] = of_signature.exactly()?;
    let time = time.expect(XADES.uri, "SigningTime", &[])?;
    let [cert] = certificate
        .expect(XADES.uri, "SigningCertificateV2", &[])?
        .exactly()?;
    let [digest] = cert.expect(XADES.uri, "Cert", &[])?.exactly()?;
    let [method, value] = digest.expect(XADES.uri, "CertDigest", &[])?.exactly()?;
    Ok((read_time(time)?, read_digest(method, value)?))
}

fn read_certificates(key_info: XmlElement<'_, '_>) -> Result<Vec<Certificate>, LotError> {
    let [data] = key_info.expect(DS.uri, "KeyInfo", &[])?.exactly()?;
    let data = data.expect(DS.uri, "X509Data", &[])?;
    let elements = data.elements()?;
    if elements.is_empty() || elements.len() > MAX_CERTIFICATES {
        return Err(data.error(ShapeProblem::Children).into());
    }
    let mut certificates = Vec::with_capacity(elements.len());
    for element in elements {
        let element = element.expect(DS.uri, "X509Certificate", &[])?;
        let der = read_base64(element, 16 * 1024)?;
        certificates.push(Certificate::from_der(&der)?);
    }
    Ok(certificates)
}

fn read_base64(element: XmlElement<'_, '_>, max_bytes: usize) -> Result<Vec<u8>, ShapeError> {
    let text = element.text()?;
    if text.is_empty() || text.len() > max_bytes.saturating_mul(4) / 3 + 4 {
        return Err(element.error(ShapeProblem::Value));
    }
    STANDARD
        .decode(text)
        .map_err(|_| element.error(ShapeProblem::Value))
}
