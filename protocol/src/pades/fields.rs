//! Walking the form's fields (ISO 32000-1 section 12.7.3): bounded, each object once.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Object, ObjectId, decode_text_string};

use super::PdfError;
use super::document::{array, catalog, dictionary, name};

/// Most fields of a form.
const MAXIMUM_FIELDS: usize = 20_000;
/// How deep fields stand in fields, at most.
const MAXIMUM_DEPTH: usize = 32;

/// A signature field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignatureField {
    pub(super) id: ObjectId,
    /// Full name, its parts joined by periods.
    pub(super) name: String,
    /// The signature dictionary, where it is signed.
    pub(super) value: Option<ObjectId>,
}

/// Names of the fields that stand in no other.
pub(super) fn names(document: &Document) -> Result<BTreeSet<String>, PdfError> {
    let mut names = BTreeSet::new();
    for (_, field) in roots(document)? {
        names.insert(partial_name(field));
    }
    Ok(names)
}

/// Every signature field, in the order of the form.
pub(super) fn signatures(document: &Document) -> Result<Vec<SignatureField>, PdfError> {
    let mut walk = Walk {
        document,
        seen: BTreeSet::new(),
        found: Vec::new(),
    };
    for (id, field) in roots(document)? {
        walk.visit(id, field, "", false, 0)?;
    }
    Ok(walk.found)
}

fn roots(document: &Document) -> Result<Vec<(ObjectId, &Dictionary)>, PdfError> {
    let (_, catalog) = catalog(document)?;
    let fields = dictionary(document, catalog, b"AcroForm")
        .and_then(|form| array(document, form, b"Fields"));
    let fields = fields.map(Vec::as_slice).unwrap_or_default();
    if fields.len() > MAXIMUM_FIELDS {
        return Err(PdfError::TooManyObjects {
            most: MAXIMUM_FIELDS,
        });
    }
    Ok(referenced(document, fields))
}

fn referenced<'a>(
    document: &'a Document,
    objects: &'a [Object],
) -> Vec<(ObjectId, &'a Dictionary)> {
    objects
        .iter()
        .filter_map(|object| {
            let id = object.as_reference().ok()?;
            Some((id, document.get_dictionary(id).ok()?))
        })
        .collect()
}

fn partial_name(field: &Dictionary) -> String {
    field
        .get(b"T")
        .ok()
        .and_then(|name| decode_text_string(name).ok())
        .unwrap_or_default()
}

struct Walk<'a> {
    document: &'a Document,
    seen: BTreeSet<ObjectId>,
    found: Vec<SignatureField>,
}

impl Walk<'_> {
    fn visit(
        &mut self,
        id: ObjectId,
        field: &Dictionary,
        parent_name: &str,
        is_signature: bool,
        depth: usize,
    ) -> Result<(), PdfError> {
        if depth > MAXIMUM_DEPTH || self.seen.len() > MAXIMUM_FIELDS {
            return Err(PdfError::Malformed(
                "its form is too deep or too large".into(),
            ));
        }
        if !self.seen.insert(id) {
            return Ok(());
        }
        // A widget of its parent field has no name of its own.
        let partial = partial_name(field);
        let full = match (parent_name, partial.as_str()) {
            ("", partial) => partial.to_owned(),
            (parent, "") => parent.to_owned(),
            (parent, partial) => format!("{parent}.{partial}"),
        };
        let is_signature = match name(self.document, field, b"FT") {
            Some(kind) => kind == b"Sig",
            None => is_signature,
        };
        let value = field.get(b"V").ok();
        if is_signature && (value.is_some() || !field.has(b"Kids")) {
            // A direct dictionary is refused: its place in the file would be unknown.
            let value = match value {
                None | Some(Object::Null) => None,
                Some(Object::Reference(id)) => Some(*id),
                Some(_) => {
                    return Err(PdfError::Malformed(
                        "a signature stands inside its field".into(),
                    ));
                }
            };
            self.found.push(SignatureField {
                id,
                name: full.clone(),
                value,
            });
        }
        if let Some(kids) = array(self.document, field, b"Kids") {
            for (kid, dictionary) in referenced(self.document, kids) {
                self.visit(kid, dictionary, &full, is_signature, depth + 1)?;
            }
        }
        Ok(())
    }
}
