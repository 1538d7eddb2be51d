//! Walking the form's fields (ISO 32000-1 section 12.7.3): bounded, each object once.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Object, ObjectId, decode_text_string};

use super::PdfError;
use super::document::{array, catalog, dictionary};

/// Most fields of a form.
const MAXIMUM_FIELDS: usize = 20_000;

/// Names of the fields that stand in no other.
pub(super) fn names(document: &Document) -> Result<BTreeSet<String>, PdfError> {
    let mut names = BTreeSet::new();
    for (_, field) in roots(document)? {
        names.insert(partial_name(field));
    }
    Ok(names)
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
