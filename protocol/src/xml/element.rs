//! A parsed element read strictly: exactly the attributes, children or text that are expected.
//!
//! Comments, CDATA, processing instructions and stray text between elements are all errors, so that
//! nothing stands in a signed document that its reader does not see.

use std::fmt;

use uppsala::{Document, Element, NodeId, NodeKind};

/// An element of a parsed document.
#[derive(Clone, Copy)]
pub struct XmlElement<'d, 'a> {
    document: &'d Document<'a>,
    id: NodeId,
    element: &'d Element<'a>,
}

/// Where a document has not the shape that its profile demands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("element {element}: {problem}")]
pub struct ShapeError {
    /// Local name of the element, cut to 64 characters.
    pub element: String,
    /// What is wrong with it.
    pub problem: ShapeProblem,
}

/// What is wrong with an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeProblem {
    /// Another element stands where one is expected.
    #[error("not the element expected here")]
    Name,
    /// An attribute is missing, or there is one too many.
    #[error("its attributes are not those of the profile")]
    Attributes,
    /// Something else than elements between its tags.
    #[error("it holds something else than elements")]
    NotOnlyElements,
    /// Something else than text between its tags.
    #[error("it holds something else than text")]
    NotOnlyText,
    /// Not as many children as expected.
    #[error("its child elements are not those of the profile")]
    Children,
    /// Its value cannot be what the profile puts there.
    #[error("its value is malformed")]
    Value,
}

impl<'d, 'a> XmlElement<'d, 'a> {
    /// The element of a node, if it is one.
    #[must_use]
    pub fn new(document: &'d Document<'a>, id: NodeId) -> Option<Self> {
        let element = document.element(id)?;
        Some(Self {
            document,
            id,
            element,
        })
    }

    /// The document's root element.
    #[must_use]
    pub fn root(document: &'d Document<'a>) -> Option<Self> {
        Self::new(document, document.document_element()?)
    }

    /// The node, for canonicalisation.
    #[must_use]
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// An error about this element.
    #[must_use]
    pub fn error(&self, problem: ShapeProblem) -> ShapeError {
        ShapeError {
            element: self.element.name.local_name.chars().take(64).collect(),
            problem,
        }
    }

    /// Demands a name and a set of attributes, none of which has a namespace.
    ///
    /// # Errors
    /// [`ShapeProblem::Name`] or [`ShapeProblem::Attributes`].
    pub fn expect(
        self,
        namespace: &str,
        local_name: &str,
        attributes: &[&str],
    ) -> Result<Self, ShapeError> {
        if !self.element.matches_name_ns(namespace, local_name) {
            return Err(self.error(ShapeProblem::Name));
        }
        let found = &self.element.attributes;
        let known = found.iter().all(|attribute| {
            attribute.name.namespace_uri.is_none()
                && attribute.name.prefix.is_none()
                && attributes.contains(&&*attribute.name.local_name)
        });
        if known && found.len() == attributes.len() {
            Ok(self)
        } else {
            Err(self.error(ShapeProblem::Attributes))
        }
    }

    /// Demands a name and attributes, lets others stand, and no more than these. The others are given as namespace and name; an
    /// empty namespace is none.
    ///
    /// # Errors
    /// [`ShapeProblem::Name`] or [`ShapeProblem::Attributes`].
    pub fn expect_allowing(
        self,
        namespace: &str,
        local_name: &str,
        required: &[&str],
        allowed: &[(&str, &str)],
    ) -> Result<Self, ShapeError> {
        if !self.is(namespace, local_name) {
            return Err(self.error(ShapeProblem::Name));
        }
        for name in required {
            self.attribute(name)?;
        }
        let known = self.element.attributes.iter().all(|attribute| {
            let namespace = attribute.name.namespace_uri.as_deref().unwrap_or_default();
            let name = &*attribute.name.local_name;
            (namespace.is_empty() && required.contains(&name))
                || allowed.contains(&(namespace, name))
        });
        if known {
            Ok(self)
        } else {
            Err(self.error(ShapeProblem::Attributes))
        }
    }

    /// Whether it has this name.
    #[must_use]
    pub fn is(&self, namespace: &str, local_name: &str) -> bool {
        self.element.matches_name_ns(namespace, local_name)
    }

    /// Whether it has this name and no namespace.
    #[must_use]
    pub fn has_no_namespace(&self, local_name: &str) -> bool {
        let name = &self.element.name;
        name.namespace_uri.as_deref().unwrap_or_default().is_empty()
            && *name.local_name == *local_name
    }

    /// Whether it has attributes; namespace declarations are none.
    #[must_use]
    pub fn has_attributes(&self) -> bool {
        !self.element.attributes.is_empty()
    }

    /// Demands a name, whatever the attributes.
    ///
    /// # Errors
    /// [`ShapeProblem::Name`].
    pub fn named(self, namespace: &str, local_name: &str) -> Result<Self, ShapeError> {
        if self.is(namespace, local_name) {
            Ok(self)
        } else {
            Err(self.error(ShapeProblem::Name))
        }
    }

    /// The value of an attribute without namespace, where there is one.
    #[must_use]
    pub fn optional_attribute(&self, name: &str) -> Option<&'d str> {
        self.attribute(name).ok()
    }

    /// The value of an attribute without namespace.
    ///
    /// # Errors
    /// [`ShapeProblem::Attributes`].
    pub fn attribute(&self, name: &str) -> Result<&'d str, ShapeError> {
        self.element
            .attributes
            .iter()
            .find(|attribute| {
                attribute.name.namespace_uri.is_none() && *attribute.name.local_name == *name
            })
            .map(|attribute| &*attribute.value)
            .ok_or_else(|| self.error(ShapeProblem::Attributes))
    }

    /// The value of an attribute in a namespace, where there is one.
    #[must_use]
    pub fn attribute_of(&self, namespace: &str, local_name: &str) -> Option<&'d str> {
        let mut attributes = self.element.attributes.iter();
        let found = attributes.find(|attribute| {
            attribute.name.namespace_uri.as_deref() == Some(namespace)
                && *attribute.name.local_name == *local_name
        });
        found.map(|attribute| &*attribute.value)
    }

    /// The child elements, where nothing else may stand.
    ///
    /// # Errors
    /// [`ShapeProblem::NotOnlyElements`].
    pub fn elements(&self) -> Result<Vec<Self>, ShapeError> {
        self.document
            .children_iter(self.id)
            .map(|id| {
                Self::new(self.document, id)
                    .ok_or_else(|| self.error(ShapeProblem::NotOnlyElements))
            })
            .collect()
    }

    /// The child elements, where white space may stand between them and nothing else: files that
    /// other programs indented.
    ///
    /// # Errors
    /// [`ShapeProblem::NotOnlyElements`].
    pub fn spaced_elements(&self) -> Result<Vec<Self>, ShapeError> {
        let mut elements = Vec::new();
        for id in self.document.children_iter(self.id) {
            match self.document.node_kind(id) {
                Some(NodeKind::Text(text)) if text.trim_ascii().is_empty() => {}
                _ => elements.push(
                    Self::new(self.document, id)
                        .ok_or_else(|| self.error(ShapeProblem::NotOnlyElements))?,
                ),
            }
        }
        Ok(elements)
    }

    /// The child elements, exactly `N` of them.
    ///
    /// # Errors
    /// [`ShapeProblem::NotOnlyElements`] or [`ShapeProblem::Children`].
    pub fn exactly<const N: usize>(&self) -> Result<[Self; N], ShapeError> {
        self.elements()?
            .try_into()
            .map_err(|_| self.error(ShapeProblem::Children))
    }

    /// The text, where nothing else may stand: one run of characters, or none.
    ///
    /// # Errors
    /// [`ShapeProblem::NotOnlyText`].
    pub fn text(&self) -> Result<&'d str, ShapeError> {
        let mut children = self.document.children_iter(self.id);
        let text = match children.next() {
            None => return Ok(""),
            Some(id) => match self.document.node_kind(id) {
                Some(NodeKind::Text(text)) => &**text,
                _ => return Err(self.error(ShapeProblem::NotOnlyText)),
            },
        };
        match children.next() {
            None => Ok(text),
            Some(_) => Err(self.error(ShapeProblem::NotOnlyText)),
        }
    }
}

impl fmt::Debug for XmlElement<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "XmlElement({})", self.element.name.local_name)
    }
}
