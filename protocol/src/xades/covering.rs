//! From the references of SignedInfo to what they cover: each is resolved to exactly one thing, transformed, hashed and
//! compared; what comes out as covered is what was hashed. A manifest's documents are compared too, which core
//! validation leaves to the caller.

use uppsala::{Document, NodeId, NodeKind};

use super::failure::{canonical as canonical_refused, format, gate as gate_refused, refused};
use super::names::{DS, SIGNED_PROPERTIES_TYPE};
use super::prepare::embedded_limits;
use super::reference::{self, Declared, Last};
use super::signed_values;
use super::structure::{Structure, Target};
use super::unsigned_values::Referenced;
use crate::signature::{
    Covered, DigestAlgorithm, Digests, MAXIMUM_DOCUMENTS, Packaging, Presented, ReadError,
    SignedContent, SubIndication, document_name,
};
use crate::xml::{Canonicalization, Selection, ShapeProblem, XmlElement, gate};

/// What the references gave so far.
pub(super) struct Reading<'s, 'd, 'a> {
    pub(super) structure: &'s Structure<'d, 'a>,
    pub(super) digests: Digests,
    pub(super) targets: Vec<Target>,
    pub(super) covered: Vec<Covered>,
    pub(super) contents: Vec<SignedContent>,
    /// In the order of SignedInfo.
    pub(super) referenced: Vec<Referenced>,
    /// Their canonical bytes, once their reference was met.
    pub(super) signed_properties: Option<Vec<u8>>,
}

impl Reading<'_, '_, '_> {
    pub(super) fn check(
        &mut self,
        declared: &Declared,
        presented: &mut Presented<'_>,
    ) -> Result<(), ReadError> {
        let Some(target) = self.structure.resolve(&declared.uri)? else {
            return self.check_detached(declared, presented);
        };
        let selection = self.selection(target, declared)?;
        let octets = self.octets(selection, declared)?;
        let found = digest(declared.algorithm, &octets)?;
        if found != declared.digest {
            return Err(refused(
                SubIndication::HashFailure,
                "signed-part-altered",
                format!(
                    "{} was altered after signing",
                    self.describe(target, declared)
                ),
            ));
        }
        self.referenced
            .push(if declared.transforms.last == Last::None {
                Referenced::Nodes(selection)
            } else {
                Referenced::Octets(octets.clone())
            });
        self.targets.push(target);
        match target {
            Target::SignedProperties => {
                let is_declared = declared.kind.as_deref() == Some(SIGNED_PROPERTIES_TYPE);
                if !is_declared || self.signed_properties.replace(octets).is_some() {
                    return Err(refused(
                        SubIndication::FormatFailure,
                        "structure",
                        "the signed properties are not referenced as the standard says, once",
                    ));
                }
            }
            Target::KeyInfo => {}
            Target::Whole(_) | Target::Object(_) | Target::Sibling(_) => {
                if is_manifest(self.structure.document, target) {
                    return self.check_manifest(&octets, presented);
                }
                let name = self.describe(target, declared);
                self.covered.push(Covered {
                    name: name.clone(),
                    bytes: u64::try_from(octets.len()).ok(),
                    presented: self.digests.mark(&octets)?,
                });
                self.contents.push(SignedContent {
                    name,
                    bytes: octets,
                });
            }
        }
        Ok(())
    }

    fn selection(&self, target: Target, declared: &Declared) -> Result<Selection, ReadError> {
        let signature = self.structure.signature.id();
        let (element, may_envelop) = match target {
            Target::Whole(element) => (element, true),
            Target::SignedProperties => (Some(self.structure.signed_properties.id()), false),
            Target::KeyInfo => (self.structure.key_info.map(|element| element.id()), false),
            Target::Object(node) | Target::Sibling(node) => (Some(node), false),
        };
        if declared.transforms.enveloped != may_envelop {
            return Err(refused(
                SubIndication::FormatFailure,
                "transforms",
                "a signature is left out of what does not hold it, or not left out of what does",
            ));
        }
        Ok(Selection {
            element,
            without: may_envelop.then_some(signature),
            comments: false,
        })
    }

    fn octets(&self, selection: Selection, declared: &Declared) -> Result<Vec<u8>, ReadError> {
        let document = self.structure.document;
        match &declared.transforms.last {
            Last::None => Canonicalization::INCLUSIVE.canonical(document, selection),
            Last::Canonical(method) => method.canonical(document, selection),
            Last::Base64 => {
                let object = selection
                    .element
                    .and_then(|element| XmlElement::new(document, element))
                    .and_then(|element| element.named(DS.uri, "Object").ok())
                    .ok_or_else(|| {
                        refused(
                            SubIndication::FormatFailure,
                            "transforms",
                            "base64 is read where an object holds nothing else",
                        )
                    })?;
                return reference::base64(object, embedded_limits().bytes);
            }
        }
        .map_err(canonical_refused)
    }

    fn check_detached(
        &mut self,
        declared: &Declared,
        presented: &mut Presented<'_>,
    ) -> Result<(), ReadError> {
        let (index, bytes, referenced) = match &declared.transforms.last {
            _ if declared.transforms.enveloped => return Err(detached_transform()),
            Last::Base64 => return Err(detached_transform()),
            Last::None => {
                let names = presented.names;
                let (uri, expected) = (&declared.uri, &declared.digest);
                let (index, bytes) = self
                    .digests
                    .find(names, uri, declared.algorithm, expected)?;
                (index, bytes, Referenced::Document(index))
            }
            Last::Canonical(method) => {
                let (index, octets) = find_canonical(declared, method, presented)?;
                (
                    index,
                    self.digests.mark_at(index),
                    Referenced::Octets(octets),
                )
            }
        };
        self.referenced.push(referenced);
        self.covered.push(Covered {
            name: document_name::from_uri(&declared.uri),
            bytes: Some(bytes),
            presented: Some(index),
        });
        Ok(())
    }

    /// Core validation does not look at what a manifest lists; this does.
    fn check_manifest(
        &mut self,
        octets: &[u8],
        presented: &mut Presented<'_>,
    ) -> Result<(), ReadError> {
        let document = gate::parse(octets, &embedded_limits()).map_err(gate_refused)?;
        let manifest = signed_values::root(&document, "Manifest").map_err(format)?;
        // Referenced by its object, or by itself.
        let manifest = if manifest.is(DS.uri, "Object") {
            let children = manifest.spaced_elements().map_err(format)?;
            *children
                .first()
                .ok_or_else(|| format(manifest.error(ShapeProblem::Children)))?
        } else {
            manifest
        };
        let references = manifest.spaced_elements().map_err(format)?;
        if references.is_empty() || references.len() > MAXIMUM_DOCUMENTS {
            return Err(format(manifest.error(ShapeProblem::Children)));
        }
        let before = self.referenced.len();
        for element in references {
            let declared = reference::declared(element)?;
            if declared.uri.is_empty() || declared.uri.starts_with('#') {
                return Err(format(element.error(ShapeProblem::Value)));
            }
            self.check_detached(&declared, presented)?;
        }
        // Time stamps are of the manifest, not of what it lists.
        self.referenced.truncate(before);
        Ok(())
    }

    fn describe(&self, target: Target, declared: &Declared) -> String {
        let (name, node) = match target {
            Target::Whole(node) => ("the whole document".to_owned(), node),
            Target::SignedProperties => return "the signed properties".to_owned(),
            Target::KeyInfo => return "the key information".to_owned(),
            Target::Object(node) | Target::Sibling(node) => (
                declared.uri.chars().take(128).collect::<String>(),
                Some(node),
            ),
        };
        let document = self.structure.document;
        let is_comment =
            |id: &NodeId| matches!(document.node_kind(*id), Some(NodeKind::Comment(_)));
        let nodes = document.descendants(node.unwrap_or_else(|| document.root()));
        if nodes.iter().any(is_comment) {
            format!("{name}, without its comments")
        } else {
            name
        }
    }

    pub(super) fn packaging(&self) -> Packaging {
        let is_whole = |target: &Target| matches!(target, Target::Whole(_));
        let has_contents = !self.contents.is_empty();
        let has_sibling = self
            .targets
            .iter()
            .any(|target| matches!(target, Target::Sibling(_)));
        if self.targets.iter().any(is_whole) {
            Packaging::Enveloped
        } else if has_contents && !has_sibling {
            Packaging::Enveloping
        } else {
            Packaging::Detached
        }
    }
}

fn is_manifest(document: &Document<'_>, target: Target) -> bool {
    let Target::Object(node) = target else {
        return false;
    };
    let is = |id: NodeId| {
        document
            .element(id)
            .is_some_and(|element| element.matches_name_ns(DS.uri, "Manifest"))
    };
    is(node) || document.children_iter(node).any(is)
}

/// A presented document whose canonical form is the one that was signed.
fn find_canonical(
    declared: &Declared,
    method: &Canonicalization,
    presented: &mut Presented<'_>,
) -> Result<(usize, Vec<u8>), ReadError> {
    let limits = embedded_limits();
    for index in 0..presented.names.len() {
        let mut bytes = Vec::new();
        let mut too_long = false;
        let read = presented.contents.read(index, &mut |piece| {
            too_long |= bytes.len().saturating_add(piece.len()) > limits.bytes;
            if !too_long {
                bytes.extend_from_slice(piece);
            }
        });
        if read.is_err() || too_long {
            continue;
        }
        let Ok(document) = gate::parse_document(&bytes, &limits) else {
            continue;
        };
        let selection = Selection {
            comments: true,
            ..Selection::document()
        };
        let octets = method
            .canonical(&document, selection)
            .map_err(canonical_refused)?;
        if digest(declared.algorithm, &octets)? == declared.digest {
            return Ok((index, octets));
        }
    }
    let (sub_indication, code) = if presented.names.is_empty() {
        (SubIndication::SignedDataNotFound, "document-missing")
    } else {
        (SubIndication::HashFailure, "document-changed")
    };
    let uri: String = declared.uri.chars().take(128).collect();
    Err(refused(
        sub_indication,
        code,
        format!("no document presented has the canonical form that was signed as {uri}"),
    ))
}

fn detached_transform() -> ReadError {
    refused(
        SubIndication::FormatFailure,
        "transforms",
        "a detached document is transformed in a way that is not read",
    )
}

fn digest(algorithm: DigestAlgorithm, bytes: &[u8]) -> Result<Vec<u8>, ReadError> {
    algorithm.digest(bytes).map_err(|error| {
        refused(
            SubIndication::CryptoConstraintsFailure,
            "unavailable-algorithm",
            error.to_string(),
        )
    })
}
