//! What the unsigned properties hold (EN 319 132-1 clauses 5.3 to 5.5): time stamps with whether they are of the bytes that
//! they should be of, certificates and revocation data. Others are passed over: they prove nothing here.

use uppsala::NodeId;

use super::failure::{canonical as canonical_refused, format, refused};
use super::names::{DS, XADES, XADES_141};
use super::reference;
use super::signed_values;
use super::structure::Structure;
use crate::signature::imprint::{self, Piece};
use crate::signature::{
    Contents, Evidence, EvidenceError, ImprintedTimeStamp, ReadError, SubIndication,
};
use crate::time_stamp::TimeStampToken;
use crate::xml::{Canonicalization, Selection, ShapeProblem, XmlElement};

/// Most time stamps of each kind.
const MAXIMUM_TIME_STAMPS: usize = 16;
/// Largest token, bytes of DER.
const MAXIMUM_TOKEN_BYTES: usize = 256 * 1024;
/// Largest revocation list, bytes of DER.
const MAXIMUM_LIST_BYTES: usize = 16 * 1024 * 1024;

#[derive(Default)]
pub(super) struct UnsignedValues {
    pub(super) signature_time_stamps: Vec<ImprintedTimeStamp>,
    pub(super) archive_time_stamps: Vec<ImprintedTimeStamp>,
    pub(super) evidence: Evidence,
}

/// What a reference was of, for archive time stamps.
pub(super) enum Referenced {
    /// Octets that its transforms gave.
    Octets(Vec<u8>),
    /// Nodes, which a time stamp canonicalises with its own algorithm.
    Nodes(Selection),
    /// A presented document.
    Document(usize),
}

pub(super) fn read(
    structure: &Structure<'_, '_>,
    references: &[Referenced],
    named_objects: &[NodeId],
    contents: &mut dyn Contents,
) -> Result<UnsignedValues, ReadError> {
    let mut values = UnsignedValues::default();
    for (position, property) in structure.unsigned_properties.iter().enumerate() {
        if property.is(XADES.uri, "SignatureTimeStamp") {
            let stamp = TimeStampElement::read(*property)?;
            let value = stamp.canonical(structure, structure.signature_value.id())?;
            let pieces = [Piece::Bytes(&value)].into_iter();
            let stamp = stamp.imprinted(pieces, contents)?;
            push(&mut values.signature_time_stamps, *property, stamp)?;
        } else if property.is(XADES_141.uri, "ArchiveTimeStamp") {
            let stamp = TimeStampElement::read(*property)?;
            let parts = archived(structure, references, named_objects, position, &stamp)?;
            let pieces = parts.iter().map(|part| match part {
                Part::Bytes(bytes) => Piece::Bytes(bytes),
                Part::Borrowed(bytes) => Piece::Bytes(bytes),
                Part::Document(index) => Piece::Document(*index),
            });
            let stamp = stamp.imprinted(pieces, contents)?;
            push(&mut values.archive_time_stamps, *property, stamp)?;
        } else if property.is(XADES_141.uri, "TimeStampValidationData")
            || property.is(XADES_141.uri, "AnyValidationData")
        {
            for part in property.spaced_elements().map_err(format)? {
                values.add_evidence(part)?;
            }
        } else {
            values.add_evidence(*property)?;
        }
    }
    Ok(values)
}

enum Part<'a> {
    Bytes(Vec<u8>),
    Borrowed(&'a [u8]),
    Document(usize),
}

fn archived<'r>(
    structure: &Structure<'_, '_>,
    references: &'r [Referenced],
    named_objects: &[NodeId],
    position: usize,
    stamp: &TimeStampElement,
) -> Result<Vec<Part<'r>>, ReadError> {
    let mut parts = Vec::new();
    for reference in references {
        parts.push(match reference {
            Referenced::Octets(octets) => Part::Borrowed(octets),
            Referenced::Nodes(selection) => Part::Bytes(
                stamp
                    .method
                    .canonical(structure.document, *selection)
                    .map_err(canonical_refused)?,
            ),
            Referenced::Document(index) => Part::Document(*index),
        });
    }
    let before = structure.unsigned_properties.iter().take(position);
    let objects = structure.objects.iter().filter(|object| {
        object.id() != structure.qualifying_object && !named_objects.contains(&object.id())
    });
    let elements = [structure.signed_info, structure.signature_value]
        .into_iter()
        .chain(structure.key_info)
        .chain(before.copied())
        .chain(objects.copied());
    for element in elements {
        parts.push(Part::Bytes(stamp.canonical(structure, element.id())?));
    }
    Ok(parts)
}

/// A time stamp of the implicit kind: an optional CanonicalizationMethod, then one token.
struct TimeStampElement {
    method: Canonicalization,
    token: TimeStampToken,
    /// Whether other elements (`Include`, `ReferenceInfo`) change what it is of.
    is_explicit: bool,
}

impl TimeStampElement {
    fn read(element: XmlElement<'_, '_>) -> Result<Self, ReadError> {
        let mut method = Canonicalization::INCLUSIVE;
        let mut token = None;
        let mut is_explicit = false;
        for child in element.spaced_elements().map_err(format)? {
            if child.is(DS.uri, "CanonicalizationMethod") {
                method = reference::canonicalization(child)?;
            } else if child.is(XADES.uri, "EncapsulatedTimeStamp") && token.is_none() {
                let der = reference::base64(child, MAXIMUM_TOKEN_BYTES)?;
                token = Some(TimeStampToken::from_der(&der).map_err(|error| {
                    refused(
                        SubIndication::FormatFailure,
                        "time-stamp-unreadable",
                        format!("a time stamp cannot be read: {error}"),
                    )
                })?);
            } else {
                is_explicit = true;
            }
        }
        Ok(Self {
            method,
            token: token.ok_or_else(|| format(element.error(ShapeProblem::Children)))?,
            is_explicit,
        })
    }

    fn canonical(
        &self,
        structure: &Structure<'_, '_>,
        element: NodeId,
    ) -> Result<Vec<u8>, ReadError> {
        self.method
            .canonical(structure.document, Selection::element(element))
            .map_err(canonical_refused)
    }

    fn imprinted<'a>(
        self,
        pieces: impl Iterator<Item = Piece<'a>>,
        contents: &mut dyn Contents,
    ) -> Result<ImprintedTimeStamp, ReadError> {
        let algorithm = self.token.info().digest();
        let imprint = imprint::imprint(pieces, algorithm, contents).map_err(|error| {
            refused(
                SubIndication::SignedDataNotFound,
                "document-unreadable",
                error.to_string(),
            )
        })?;
        let imprint_matches = !self.is_explicit && imprint == self.token.info().imprint();
        Ok(ImprintedTimeStamp {
            token: self.token,
            imprint_matches,
        })
    }
}

impl UnsignedValues {
    fn add_evidence(&mut self, property: XmlElement<'_, '_>) -> Result<(), ReadError> {
        if property.is(XADES.uri, "CertificateValues") {
            for element in property.spaced_elements().map_err(format)? {
                if element.is(XADES.uri, "EncapsulatedX509Certificate") {
                    let certificate = signed_values::certificate(element)?;
                    self.evidence
                        .add_certificate(certificate)
                        .map_err(evidence)?;
                }
            }
        } else if property.is(XADES.uri, "RevocationValues") {
            for group in property.spaced_elements().map_err(format)? {
                for element in group.spaced_elements().map_err(format)? {
                    self.add_revocation(element)?;
                }
            }
        }
        Ok(())
    }

    fn add_revocation(&mut self, element: XmlElement<'_, '_>) -> Result<(), ReadError> {
        if element.is(XADES.uri, "EncapsulatedCRLValue") {
            let der = reference::base64(element, MAXIMUM_LIST_BYTES)?;
            let list = paraphe_certs::RevocationList::from_der(&der).map_err(|error| {
                refused(
                    SubIndication::FormatFailure,
                    "revocation-list-unreadable",
                    format!("a revocation list of the signature cannot be read: {error}"),
                )
            })?;
            self.evidence.add_revocation_list(list).map_err(evidence)?;
        } else if element.is(XADES.uri, "EncapsulatedOCSPValue") {
            let der = reference::base64(element, crate::signature::MAXIMUM_OCSP_RESPONSE_BYTES)?;
            self.evidence.add_ocsp_response(&der).map_err(evidence)?;
        }
        Ok(())
    }
}

fn push(
    stamps: &mut Vec<ImprintedTimeStamp>,
    property: XmlElement<'_, '_>,
    stamp: ImprintedTimeStamp,
) -> Result<(), ReadError> {
    if stamps.len() >= MAXIMUM_TIME_STAMPS {
        return Err(format(property.error(ShapeProblem::Children)));
    }
    stamps.push(stamp);
    Ok(())
}

fn evidence(error: EvidenceError) -> ReadError {
    refused(SubIndication::FormatFailure, "evidence", error.to_string())
}
