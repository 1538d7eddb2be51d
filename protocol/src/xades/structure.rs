//! The one signature of a file and its parts, found without looking for anything by name inside what is signed.
//!
//! A `ds:Signature` is the root, or the only one in the document. Its children are those of the standard in their order and
//! nothing else, its qualifying properties stand once, in an object of their own, and point to it. Ids are unique as the parser reads
//! them. [`Structure::check_coverage`] demands that nothing stands in the file that is neither signed nor part of the
//! signature, so that there is no room for a wrapped copy.

use std::collections::{HashMap, HashSet};

use uppsala::{Document, NodeId, NodeKind};

use super::failure::{format, refused};
use super::names::{ASIC, DS, XADES};
use crate::signature::{ReadError, SubIndication};
use crate::xml::{ShapeProblem, XmlElement};

/// A signature and its parts.
pub(super) struct Structure<'d, 'a> {
    pub(super) document: &'d Document<'a>,
    pub(super) signature: XmlElement<'d, 'a>,
    pub(super) signed_info: XmlElement<'d, 'a>,
    pub(super) signature_value: XmlElement<'d, 'a>,
    pub(super) key_info: Option<XmlElement<'d, 'a>>,
    pub(super) objects: Vec<XmlElement<'d, 'a>>,
    /// The object that holds the qualifying properties.
    pub(super) qualifying_object: NodeId,
    pub(super) signed_properties: XmlElement<'d, 'a>,
    pub(super) unsigned_properties: Vec<XmlElement<'d, 'a>>,
    ids: HashMap<&'d str, NodeId>,
    /// Whether it stands in the element that an ASiC container demands around it.
    is_in_container: bool,
}

/// What a same-document reference resolves to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// The document, or its root element by Id.
    Whole(Option<NodeId>),
    /// The signed properties of this signature.
    SignedProperties,
    /// The key information of this signature.
    KeyInfo,
    /// An object of this signature, or what it holds.
    Object(NodeId),
    /// A sibling of this signature below the root.
    Sibling(NodeId),
}

impl<'d, 'a> Structure<'d, 'a> {
    pub(super) fn find(document: &'d Document<'a>) -> Result<Self, ReadError> {
        Self::of(document, find_signature(document)?, false)
    }

    /// The one signature of a container, and nothing beside it.
    pub(super) fn find_in_container(document: &'d Document<'a>) -> Result<Self, ReadError> {
        Self::of(document, find_contained(document)?, true)
    }

    fn of(
        document: &'d Document<'a>,
        signature: XmlElement<'d, 'a>,
        is_in_container: bool,
    ) -> Result<Self, ReadError> {
        let ids = ids(document)?;
        let mut children = signature.spaced_elements().map_err(format)?.into_iter();
        let children_error = || format(signature.error(ShapeProblem::Children));
        let mut next = |name| {
            children
                .next()
                .ok_or_else(children_error)?
                .named(DS.uri, name)
                .map_err(format)
        };
        let signed_info = next("SignedInfo")?;
        let signature_value = next("SignatureValue")?;
        let mut objects: Vec<_> = children.collect();
        let key_info = match objects.first() {
            Some(first) if first.is(DS.uri, "KeyInfo") => Some(objects.remove(0)),
            _ => None,
        };
        for object in &objects {
            object.named(DS.uri, "Object").map_err(format)?;
        }
        let (qualifying_object, qualifying) = find_qualifying(&signature, &objects)?;
        let target = qualifying.attribute("Target").map_err(format)?;
        let id = signature.attribute("Id").map_err(format)?;
        if target.strip_prefix('#') != Some(id) {
            return Err(format(qualifying.error(ShapeProblem::Attributes)));
        }
        let parts = qualifying.spaced_elements().map_err(format)?;
        let (signed_properties, unsigned) = match parts.as_slice() {
            [signed] => (*signed, None),
            [signed, unsigned] => (*signed, Some(*unsigned)),
            _ => return Err(format(qualifying.error(ShapeProblem::Children))),
        };
        Ok(Self {
            document,
            signature,
            signed_info,
            signature_value,
            key_info,
            qualifying_object,
            signed_properties: signed_properties
                .named(XADES.uri, "SignedProperties")
                .map_err(format)?,
            unsigned_properties: unsigned_properties(unsigned)?,
            objects,
            ids,
            is_in_container,
        })
    }

    /// What a URI within the document is of; `None` for the URI of a detached document.
    pub(super) fn resolve(&self, uri: &str) -> Result<Option<Target>, ReadError> {
        let Some(fragment) = uri.strip_prefix('#') else {
            return Ok(uri.is_empty().then_some(Target::Whole(None)));
        };
        // An XPointer is no Id, and is found among none.
        let node = *self.ids.get(fragment).ok_or_else(|| {
            refused(
                SubIndication::SignedDataNotFound,
                "reference-to-nothing",
                "a reference is of an element that is not in the file",
            )
        })?;
        let is = |element: &XmlElement<'_, '_>| element.id() == node;
        let parent = self.document.parent(node);
        let root = self.document.document_element();
        if is(&self.signed_properties) {
            return Ok(Some(Target::SignedProperties));
        }
        if self.key_info.as_ref().is_some_and(is) {
            return Ok(Some(Target::KeyInfo));
        }
        let in_object = |object: &XmlElement<'_, '_>| {
            object.id() != self.qualifying_object
                && (object.id() == node || Some(object.id()) == parent)
        };
        if self.objects.iter().any(in_object) {
            return Ok(Some(Target::Object(node)));
        }
        if root == Some(node) && !is(&self.signature) {
            return Ok(Some(Target::Whole(Some(node))));
        }
        let beside = parent.is_some()
            && parent == root
            && self.document.parent(self.signature.id()) == root
            && !is(&self.signature);
        if beside {
            return Ok(Some(Target::Sibling(node)));
        }
        Err(refused(
            SubIndication::FormatFailure,
            "reference-elsewhere",
            "a reference is of an element in the middle of the file, beside which anything could stand unsigned",
        ))
    }

    /// Demands that whatever stands in the file is signed, or is the signature itself.
    pub(super) fn check_coverage(&self, targets: &[Target]) -> Result<(), ReadError> {
        let uncovered = |what: &str| {
            Err(refused(
                SubIndication::FormatFailure,
                "uncovered-content",
                format!("{what} is not covered by the signature"),
            ))
        };
        let mut covered = HashSet::new();
        let mut whole = false;
        for target in targets {
            match target {
                Target::Whole(_) => whole = true,
                Target::Object(node) | Target::Sibling(node) => {
                    if !covered.insert(*node) {
                        return uncovered("the second mention of an element");
                    }
                }
                Target::SignedProperties | Target::KeyInfo => {}
            }
        }
        let root = self.document.document_element();
        let is_root = root == Some(self.signature.id());
        let is_own = |target: &Target| matches!(target, Target::SignedProperties | Target::KeyInfo);
        if self.is_in_container && !targets.iter().all(is_own) {
            return uncovered("what is no file of the container");
        }
        if whole && is_root {
            return uncovered("what surrounds a signature that surrounds everything");
        }
        if !whole && !is_root && !self.is_in_container {
            let root = root.and_then(|id| XmlElement::new(self.document, id));
            let root = root.ok_or_else(|| format(self.signature.error(ShapeProblem::Name)))?;
            let is_covered = |child: &XmlElement<'_, '_>| {
                child.id() == self.signature.id() || covered.contains(&child.id())
            };
            if !root
                .spaced_elements()
                .map_err(format)?
                .iter()
                .all(is_covered)
            {
                return uncovered("a part of the document");
            }
            // The wrapper itself is not signed: it may say nothing, and wraps only what it must.
            let is_sibling = |target: &Target| matches!(target, Target::Sibling(_));
            if root.has_attributes() || !targets.iter().any(is_sibling) {
                return uncovered("the element around the signature");
            }
        }
        for object in &self.objects {
            if object.id() == self.qualifying_object || covered.contains(&object.id()) {
                continue;
            }
            let children = object.spaced_elements().map_err(format)?;
            let is_covered = |child: &XmlElement<'_, '_>| covered.contains(&child.id());
            if children.is_empty() || !children.iter().all(is_covered) {
                return uncovered("an object of the signature");
            }
        }
        self.check_markup(self.signature.id(), &covered)
    }

    /// Comments, CDATA and processing instructions have no place in a signature, but in documents that it signs.
    fn check_markup(&self, node: NodeId, covered: &HashSet<NodeId>) -> Result<(), ReadError> {
        for child in self.document.children_iter(node) {
            match self.document.node_kind(child) {
                Some(NodeKind::Text(_)) => {}
                Some(NodeKind::Element(_)) if covered.contains(&child) => {}
                Some(NodeKind::Element(_)) => self.check_markup(child, covered)?,
                _ => return Err(format(self.signature.error(ShapeProblem::NotOnlyElements))),
            }
        }
        Ok(())
    }
}

/// Ids as the parser reads them, whatever their spelling.
fn ids<'d>(document: &'d Document<'_>) -> Result<HashMap<&'d str, NodeId>, ReadError> {
    let mut ids = HashMap::new();
    let mut seen = HashSet::new();
    for node in document.descendants(document.root()) {
        let Some(element) = document.element(node) else {
            continue;
        };
        for attribute in &element.attributes {
            if !attribute.name.local_name.eq_ignore_ascii_case("id") {
                continue;
            }
            if !seen.insert(&*attribute.value) {
                return Err(refused(
                    SubIndication::FormatFailure,
                    "xml-refused",
                    "two elements of the XML have the same Id",
                ));
            }
            if attribute.name.namespace_uri.is_none() {
                ids.insert(&*attribute.value, node);
            }
        }
    }
    Ok(ids)
}

fn find_signature<'d, 'a>(document: &'d Document<'a>) -> Result<XmlElement<'d, 'a>, ReadError> {
    let none = || {
        refused(
            SubIndication::FormatFailure,
            "no-signature",
            "the file holds no XML signature",
        )
    };
    let root = XmlElement::root(document).ok_or_else(none)?;
    if root.is(DS.uri, "Signature") {
        return Ok(root);
    }
    let mut found = document
        .descendants(root.id())
        .into_iter()
        .filter_map(|id| XmlElement::new(document, id))
        .filter(|element| element.is(DS.uri, "Signature"));
    let signature = found.next().ok_or_else(none)?;
    if found.next().is_some() {
        return Err(refused(
            SubIndication::FormatFailure,
            "several-signatures",
            "the document holds several signatures, of which none is told apart",
        ));
    }
    Ok(signature)
}

/// EN 319 162-1 clause 4.4.3.2: a root that says nothing around one signature.
fn find_contained<'d, 'a>(document: &'d Document<'a>) -> Result<XmlElement<'d, 'a>, ReadError> {
    let signature = find_signature(document)?;
    let around = XmlElement::root(document)
        .ok_or_else(|| format(signature.error(ShapeProblem::Name)))?
        .named(ASIC.uri, "XAdESSignatures")
        .map_err(format)?;
    let children = around.spaced_elements().map_err(format)?;
    let [only] = children.as_slice() else {
        return Err(format(around.error(ShapeProblem::Children)));
    };
    if only.id() != signature.id() || around.has_attributes() {
        return Err(format(around.error(ShapeProblem::Attributes)));
    }
    Ok(signature)
}

fn find_qualifying<'d, 'a>(
    signature: &XmlElement<'d, 'a>,
    objects: &[XmlElement<'d, 'a>],
) -> Result<(NodeId, XmlElement<'d, 'a>), ReadError> {
    let mut found = None;
    for object in objects {
        let Ok(children) = object.spaced_elements() else {
            continue;
        };
        let holds = |child: &XmlElement<'_, '_>| child.is(XADES.uri, "QualifyingProperties");
        if !children.iter().any(holds) {
            continue;
        }
        match (children.as_slice(), found) {
            ([only], None) => found = Some((object.id(), *only)),
            _ => return Err(format(signature.error(ShapeProblem::Children))),
        }
    }
    found.ok_or_else(|| {
        refused(
            SubIndication::SigConstraintsFailure,
            "no-signed-properties",
            "the signature has no XAdES 1.3.2 properties: nothing says whose it is",
        )
    })
}

fn unsigned_properties<'d, 'a>(
    element: Option<XmlElement<'d, 'a>>,
) -> Result<Vec<XmlElement<'d, 'a>>, ReadError> {
    let Some(element) = element else {
        return Ok(Vec::new());
    };
    let unsigned = element
        .named(XADES.uri, "UnsignedProperties")
        .map_err(format)?;
    let mut properties = Vec::new();
    for part in unsigned.spaced_elements().map_err(format)? {
        if part.is(XADES.uri, "UnsignedSignatureProperties") {
            if !properties.is_empty() {
                return Err(format(unsigned.error(ShapeProblem::Children)));
            }
            properties = part.spaced_elements().map_err(format)?;
        } else {
            part.named(XADES.uri, "UnsignedDataObjectProperties")
                .map_err(format)?;
        }
    }
    Ok(properties)
}
