//! Exclusive canonical form (W3C xml-exc-c14n 1.0, without comments) of an element as parsed.
//!
//! Through `bergshamra-c14n`, which is exact for documents without DOCTYPE and without raw
//! whitespace in attribute values: what [`super::gate`] lets through. No inclusive prefixes.

use bergshamra_c14n::{C14nMode, canonicalize_doc};
use bergshamra_xml::NodeSet;
use uppsala::{Document, NodeId};

/// The engine failed; no document that passed the gate makes it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the XML cannot be canonicalised: {detail}")]
pub struct CanonicalError {
    /// What the engine says.
    pub detail: String,
}

/// The canonical bytes of an element and what it holds.
///
/// # Errors
/// [`CanonicalError`].
pub fn exclusive_canonical(
    document: &Document<'_>,
    element: NodeId,
) -> Result<Vec<u8>, CanonicalError> {
    let subtree = NodeSet::tree_without_comments(element, document);
    let prefixes: [&str; 0] = [];
    canonicalize_doc(document, C14nMode::Exclusive, Some(&subtree), &prefixes).map_err(|error| {
        CanonicalError {
            detail: error.to_string(),
        }
    })
}
