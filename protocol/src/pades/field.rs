//! Signature fields (ISO 32000-1 sections 12.7.4.5 and 12.5.6.19): a form field that is its own widget, added to the form and to a
//! page. Form, list of fields and list of annotations may stand inside their parent or apart; each is changed where it stands.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::PdfError;
use super::document::catalog;
use super::fields;
use super::increment::Increments;

/// Print and Locked (section 12.5.3).
const FLAGS: i64 = 4 | 128;
/// SignaturesExist and AppendOnly (section 12.7.2).
const SIGNATURE_FLAGS: i64 = 1 | 2;

/// Where fields go.
#[derive(Clone)]
pub(super) struct Place {
    page: ObjectId,
    /// Names that no new field may have.
    names: BTreeSet<String>,
}

/// How a field looks.
pub(super) struct Look {
    /// Left, bottom, right, top, points.
    pub(super) rectangle: [f32; 4],
    pub(super) appearance: ObjectId,
}

impl Place {
    /// On a page, counted from 0.
    pub(super) fn on_page(
        document: &Document,
        increments: &mut Increments,
        page: usize,
    ) -> Result<Self, PdfError> {
        let page_id = document
            .page_iter()
            .nth(page)
            .ok_or_else(|| PdfError::NoSuchPage {
                page: page + 1,
                pages: document.page_iter().count(),
            })?;
        increments.know(document, page_id)?;
        let (_, catalog) = catalog(document)?;
        if let Ok(Object::Reference(form)) = catalog.get(b"AcroForm") {
            increments.know(document, *form)?;
            if let Ok(Object::Reference(list)) = increments.dictionary(*form)?.get(b"Fields") {
                increments.know(document, *list)?;
            }
        } else if let Ok(Object::Dictionary(form)) = catalog.get(b"AcroForm")
            && let Ok(Object::Reference(list)) = form.get(b"Fields")
        {
            increments.know(document, *list)?;
        }
        if let Ok(Object::Reference(list)) = increments.dictionary(page_id)?.get(b"Annots") {
            increments.know(document, *list)?;
        }
        Ok(Self {
            page: page_id,
            names: fields::names(document)?,
        })
    }

    /// Adds a field that holds a signature or time stamp.
    pub(super) fn add(
        &mut self,
        increments: &mut Increments,
        value: ObjectId,
        look: Option<Look>,
    ) -> Result<(), PdfError> {
        let name = self.new_name();
        let mut field = Dictionary::new();
        field.set("Type", "Annot");
        field.set("Subtype", "Widget");
        field.set("FT", "Sig");
        field.set("T", Object::string_literal(name.as_str()));
        field.set("V", value);
        field.set("P", self.page);
        field.set("F", FLAGS);
        let rectangle = look.as_ref().map_or([0.0; 4], |look| look.rectangle);
        let rectangle: Vec<Object> = rectangle.into_iter().map(Object::Real).collect();
        field.set("Rect", rectangle);
        if let Some(look) = look {
            let mut appearance = Dictionary::new();
            appearance.set("N", look.appearance);
            field.set("AP", appearance);
        }
        let id = increments.new_id();
        increments.put_once(id, &Object::Dictionary(field))?;
        add_to_form(increments, id)?;
        let page = increments.dictionary(self.page)?.clone();
        if let Some(page) = with_element(increments, page, "Annots", id)? {
            increments.put(self.page, Object::Dictionary(page))?;
        }
        self.names.insert(name);
        Ok(())
    }

    fn new_name(&self) -> String {
        let mut number = 1u32;
        loop {
            let name = format!("Signature{number}");
            if !self.names.contains(&name) {
                return name;
            }
            number = number.saturating_add(1);
        }
    }
}

fn add_to_form(increments: &mut Increments, field: ObjectId) -> Result<(), PdfError> {
    let mut catalog = increments.dictionary(increments.catalog)?.clone();
    let (form_id, form) = match catalog.get(b"AcroForm") {
        Ok(Object::Reference(id)) => (Some(*id), increments.dictionary(*id)?.clone()),
        Ok(Object::Dictionary(form)) => (None, form.clone()),
        Ok(Object::Null) | Err(_) => {
            let id = increments.new_id();
            catalog.set("AcroForm", id);
            increments.put(increments.catalog, Object::Dictionary(catalog.clone()))?;
            (Some(id), Dictionary::new())
        }
        Ok(_) => return Err(PdfError::Field("the form is no dictionary")),
    };
    let flags = form.get(b"SigFlags").and_then(Object::as_i64).unwrap_or(0);
    let mut form = match with_element(increments, form.clone(), "Fields", field)? {
        Some(form) => form,
        None => form,
    };
    form.set("SigFlags", flags | SIGNATURE_FLAGS);
    match form_id {
        Some(id) => increments.put(id, Object::Dictionary(form)),
        None => {
            catalog.set("AcroForm", form);
            increments.put(increments.catalog, Object::Dictionary(catalog))
        }
    }
}

/// Adds a reference to a list. Gives the parent where the list stands in it, and nothing where the list stands apart and was
/// changed there.
fn with_element(
    increments: &mut Increments,
    mut parent: Dictionary,
    key: &str,
    element: ObjectId,
) -> Result<Option<Dictionary>, PdfError> {
    let mut list = match parent.get(key.as_bytes()) {
        Ok(Object::Reference(id)) => {
            let id = *id;
            let Some(Object::Array(list)) = increments.object(id) else {
                return Err(PdfError::Field("a list of fields or annotations is none"));
            };
            let mut list = list.clone();
            list.push(Object::Reference(element));
            increments.put(id, Object::Array(list))?;
            return Ok(None);
        }
        Ok(Object::Array(list)) => list.clone(),
        Ok(Object::Null) | Err(_) => Vec::new(),
        Ok(_) => return Err(PdfError::Field("a list of fields or annotations is none")),
    };
    list.push(Object::Reference(element));
    parent.set(key, list);
    Ok(Some(parent))
}
