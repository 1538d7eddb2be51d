//! Reading a signature: everything that needs no trust, in the order of the standard (xmldsig-core1 section 3.2).
//!
//! Gate and one parser; the one signature and its parts; SignedInfo and the signed properties read out of the canonical bytes
//! that are hashed, never out of the file; each reference resolved to one thing and its digest compared; nothing left in the file
//! that is neither signed nor signature; the certificate that the signer named; the signature value; time stamps and evidence.
//! What is signed comes out as the bytes that were hashed ([`SignedContent`]), and in no other way.

use std::collections::BTreeSet;

use uppsala::NodeId;

use super::covering::Reading;
use super::failure::{
    canonical as canonical_refused, format, gate as gate_refused, refused, weak_or_unknown,
};
use super::names::DS;
use super::prepare::embedded_limits;
use super::reference::{self, Declared};
use super::signed_values::{self, SignedValues, key_info_certificates};
use super::structure::{Structure, Target};
use super::unsigned_values;
use crate::algorithm::SignatureAlgorithm;
use crate::signature::{
    CheckedSignature, DigestAlgorithm, Digests, Level, MAXIMUM_DOCUMENTS, Presented, ReadError,
    SignatureFormat, SignedContent, SubIndication,
};
use crate::xml::{Selection, ShapeProblem, gate};

/// Most references within the document; each costs a walk over it.
const MAXIMUM_SAME_DOCUMENT_REFERENCES: usize = 32;

/// Reads a signature and what it signs.
///
/// # Errors
/// [`ReadError`].
pub fn read(xml: &[u8], presented: &mut Presented<'_>) -> Result<CheckedSignature, ReadError> {
    read_with_contents(xml, presented).map(|(signature, _)| signature)
}

/// The same, with what stands in the file itself and is signed.
///
/// # Errors
/// [`ReadError`].
pub fn read_with_contents(
    xml: &[u8],
    presented: &mut Presented<'_>,
) -> Result<(CheckedSignature, Vec<SignedContent>), ReadError> {
    let document = gate::parse_document(xml, &embedded_limits()).map_err(gate_refused)?;
    examine(&Structure::find(&document)?, presented)
}

/// Reads the one signature of an ASiC container, over files of the container and nothing else.
///
/// # Errors
/// [`ReadError`].
pub(crate) fn read_in_container(
    xml: &[u8],
    presented: &mut Presented<'_>,
) -> Result<CheckedSignature, ReadError> {
    let document = gate::parse(xml, &embedded_limits()).map_err(gate_refused)?;
    let structure = Structure::find_in_container(&document)?;
    examine(&structure, presented).map(|(signature, _)| signature)
}

fn examine(
    structure: &Structure<'_, '_>,
    presented: &mut Presented<'_>,
) -> Result<(CheckedSignature, Vec<SignedContent>), ReadError> {
    let limits = embedded_limits();
    let signed_info = signed_info(structure)?;
    let declared = SignedInfo::read(&signed_info, &limits)?;

    let mut reading = Reading {
        structure,
        digests: Digests::of(presented, &declared.algorithms())?,
        targets: Vec::new(),
        covered: Vec::new(),
        contents: Vec::new(),
        referenced: Vec::new(),
        signed_properties: None,
    };
    for reference in &declared.references {
        reading.check(reference, presented)?;
    }
    structure.check_coverage(&reading.targets)?;
    reading.digests.check_all_signed()?;
    let properties = reading.signed_properties.as_deref().ok_or_else(|| {
        refused(
            SubIndication::SigConstraintsFailure,
            "properties-not-signed",
            "the signing time and certificate are not covered by the signature",
        )
    })?;
    let values = SignedValues::read(properties, &limits)?;
    let named_objects = reading.targets.iter().filter_map(|target| match target {
        Target::Object(node) => Some(*node),
        _ => None,
    });
    let named_objects: Vec<NodeId> = named_objects.collect();
    let unsigned = unsigned_values::read(
        structure,
        &reading.referenced,
        &named_objects,
        presented.contents,
    )?;
    let certificates = key_info_certificates(structure.key_info)?;
    let evidence = unsigned.evidence.certificates();
    let signer = values.signer(certificates.iter().chain(evidence))?;
    let signature_value = reference::base64(
        structure
            .signature_value
            .named(DS.uri, "SignatureValue")
            .map_err(format)?,
        1024,
    )?;
    declared
        .algorithm
        .verify(signer.spki_der(), &signed_info, &signature_value)
        .map_err(|error| {
            refused(
                SubIndication::SigCryptoFailure,
                "signature-wrong",
                format!("the signature value does not verify: {error}"),
            )
        })?;
    let mut evidence = unsigned.evidence;
    let has_evidence = !evidence.is_empty();
    for certificate in certificates {
        evidence.add_certificate(certificate).map_err(|error| {
            refused(SubIndication::FormatFailure, "evidence", error.to_string())
        })?;
    }
    let level = match (
        unsigned.signature_time_stamps.is_empty(),
        has_evidence,
        unsigned.archive_time_stamps.is_empty(),
    ) {
        (true, _, _) => Level::B,
        (false, false, _) => Level::T,
        (false, true, true) => Level::LT,
        (false, true, false) => Level::LTA,
    };
    let signature = CheckedSignature {
        format: SignatureFormat::Xades,
        packaging: reading.packaging(),
        level,
        algorithm: declared.algorithm,
        signer,
        claimed_signing_time: values.signing_time,
        covered: reading.covered,
        signature_time_stamps: unsigned.signature_time_stamps,
        archive_time_stamps: unsigned.archive_time_stamps,
        evidence,
    };
    Ok((signature, reading.contents))
}

/// Canonical SignedInfo, by the algorithm that it names; that name is read again out of these bytes.
fn signed_info(structure: &Structure<'_, '_>) -> Result<Vec<u8>, ReadError> {
    let children = structure.signed_info.spaced_elements().map_err(format)?;
    let method = children
        .first()
        .ok_or_else(|| format(structure.signed_info.error(ShapeProblem::Children)))?;
    reference::canonicalization(*method)?
        .canonical(
            structure.document,
            Selection::element(structure.signed_info.id()),
        )
        .map_err(canonical_refused)
}

struct SignedInfo {
    algorithm: SignatureAlgorithm,
    references: Vec<Declared>,
}

impl SignedInfo {
    fn read(octets: &[u8], limits: &gate::Limits) -> Result<Self, ReadError> {
        let document = gate::parse(octets, limits).map_err(gate_refused)?;
        let root = signed_values::root(&document, "SignedInfo")
            .and_then(|root| root.named(DS.uri, "SignedInfo"))
            .map_err(format)?;
        let children = root.spaced_elements().map_err(format)?;
        let [canonicalization, method, references @ ..] = children.as_slice() else {
            return Err(format(root.error(ShapeProblem::Children)));
        };
        let canonicalization = canonicalization
            .named(DS.uri, "CanonicalizationMethod")
            .map_err(format)?;
        reference::canonicalization(canonicalization)?;
        let method = method.named(DS.uri, "SignatureMethod").map_err(format)?;
        if !method.spaced_elements().map_err(format)?.is_empty() {
            return Err(format(method.error(ShapeProblem::Children)));
        }
        let uri = method.attribute("Algorithm").map_err(format)?;
        let algorithm =
            SignatureAlgorithm::from_xml_uri(uri).ok_or_else(|| weak_or_unknown(uri))?;
        if references.is_empty() || references.len() > MAXIMUM_DOCUMENTS.saturating_add(8) {
            return Err(format(root.error(ShapeProblem::Children)));
        }
        let references: Result<Vec<_>, _> = references
            .iter()
            .map(|element| reference::declared(*element))
            .collect();
        let references = references?;
        let is_inside =
            |reference: &&Declared| reference.uri.is_empty() || reference.uri.starts_with('#');
        if references.iter().filter(is_inside).count() > MAXIMUM_SAME_DOCUMENT_REFERENCES {
            return Err(format(root.error(ShapeProblem::Children)));
        }
        Ok(Self {
            algorithm,
            references,
        })
    }

    fn algorithms(&self) -> BTreeSet<DigestAlgorithm> {
        self.references
            .iter()
            .map(|reference| reference.algorithm)
            .collect()
    }
}
