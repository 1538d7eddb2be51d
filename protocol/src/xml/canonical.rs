//! Canonical forms of parsed XML: exclusive (W3C xml-exc-c14n 1.0) and inclusive (xml-c14n 1.0 and 1.1).
//!
//! Through `bergshamra-c14n`, which is exact for documents without DOCTYPE and without raw
//! whitespace in attribute values: what [`super::gate`] lets through. What we write is exclusive
//! without comments and without inclusive prefixes; the others are for signatures of other people.

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

/// A canonicalisation algorithm with its parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canonicalization {
    mode: C14nMode,
    prefixes: Vec<String>,
}

/// Which part of a document is canonicalised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The element and what it holds; `None` for the whole document.
    pub element: Option<NodeId>,
    /// An element that is left out with what it holds: a signature inside what it signs.
    pub without: Option<NodeId>,
    /// Whether comments belong to it. They are in the canonical form only where the algorithm keeps
    /// them too.
    pub comments: bool,
}

impl Canonicalization {
    /// Exclusive, without comments, without inclusive prefixes.
    pub const EXCLUSIVE: Self = Self {
        mode: C14nMode::Exclusive,
        prefixes: Vec::new(),
    };

    /// Inclusive 1.0 without comments: what XML signatures mean where they name none.
    pub const INCLUSIVE: Self = Self {
        mode: C14nMode::Inclusive,
        prefixes: Vec::new(),
    };

    /// Inclusive 1.0 with comments.
    pub const INCLUSIVE_WITH_COMMENTS: Self = Self {
        mode: C14nMode::InclusiveWithComments,
        prefixes: Vec::new(),
    };

    /// The algorithm of an identifier, one of six.
    #[must_use]
    pub fn from_uri(uri: &str) -> Option<Self> {
        C14nMode::from_uri(uri).map(|mode| Self {
            mode,
            prefixes: Vec::new(),
        })
    }

    /// Identifier of the algorithm.
    #[must_use]
    pub fn uri(&self) -> &'static str {
        self.mode.uri()
    }

    /// The same with inclusive prefixes (`#default` for the default namespace); `None` where the
    /// algorithm is not an exclusive one.
    #[must_use]
    pub fn with_inclusive_prefixes(self, prefixes: &str) -> Option<Self> {
        self.mode.is_exclusive().then(|| Self {
            mode: self.mode,
            prefixes: prefixes
                .split_ascii_whitespace()
                .map(str::to_owned)
                .collect(),
        })
    }

    /// The canonical bytes.
    ///
    /// # Errors
    /// [`CanonicalError`].
    pub fn canonical(
        &self,
        document: &Document<'_>,
        selection: Selection,
    ) -> Result<Vec<u8>, CanonicalError> {
        let apex = selection.element.unwrap_or_else(|| document.root());
        let mut nodes = if selection.comments {
            NodeSet::tree_with_comments(apex, document)
        } else {
            NodeSet::tree_without_comments(apex, document)
        };
        if let Some(left_out) = selection.without {
            nodes.remove_id(left_out);
            for node in document.descendants(left_out) {
                nodes.remove_id(node);
            }
        }
        canonicalize_doc(document, self.mode, Some(&nodes), &self.prefixes).map_err(|error| {
            CanonicalError {
                detail: error.to_string(),
            }
        })
    }
}

impl Selection {
    /// An element and what it holds, without comments.
    #[must_use]
    pub const fn element(element: NodeId) -> Self {
        Self {
            element: Some(element),
            without: None,
            comments: false,
        }
    }

    /// A whole document, without comments.
    #[must_use]
    pub const fn document() -> Self {
        Self {
            element: None,
            without: None,
            comments: false,
        }
    }
}

/// The exclusive canonical bytes of an element and what it holds, without comments.
///
/// # Errors
/// [`CanonicalError`].
pub fn exclusive_canonical(
    document: &Document<'_>,
    element: NodeId,
) -> Result<Vec<u8>, CanonicalError> {
    Canonicalization::EXCLUSIVE.canonical(document, Selection::element(element))
}
