//! Which PDFs are signed: nothing that acts, fetches or changes by itself, and nothing that an earlier signer forbade to change.
//! Unlike the filter over raw bytes ([`crate::document`]), this looks at every object, those in compressed streams too.

use lopdf::{Dictionary, Document, Object};

use super::PdfError;
use super::document::{array, catalog, dictionary, name, value};
use crate::document::ActiveContent;

/// Types of action (ISO 32000-1 section 12.6.4) that are more than a jump inside the document or a web link.
const ACTIONS: &[(&[u8], ActiveContent)] = &[
    (b"JavaScript", ActiveContent::JavaScript),
    (b"Launch", ActiveContent::Launch),
    (b"SubmitForm", ActiveContent::FormAction),
    (b"ImportData", ActiveContent::FormAction),
    (b"GoToE", ActiveContent::RemoteGoTo),
    (b"Rendition", ActiveContent::RichMedia),
    (b"Movie", ActiveContent::RichMedia),
    (b"Sound", ActiveContent::RichMedia),
    (b"GoTo3DView", ActiveContent::RichMedia),
    (b"RichMediaExecute", ActiveContent::RichMedia),
];
/// Subtypes of annotations (section 12.5.6) that play something or hold a file.
const ANNOTATIONS: &[(&[u8], ActiveContent)] = &[
    (b"RichMedia", ActiveContent::RichMedia),
    (b"Movie", ActiveContent::RichMedia),
    (b"Sound", ActiveContent::RichMedia),
    (b"Screen", ActiveContent::RichMedia),
    (b"3D", ActiveContent::RichMedia),
    (b"FileAttachment", ActiveContent::EmbeddedFile),
];
/// Keys that hold something active wherever they stand.
const KEYS: &[(&[u8], ActiveContent)] = &[
    (b"JS", ActiveContent::JavaScript),
    (b"JavaScript", ActiveContent::JavaScript),
    (b"XFA", ActiveContent::XfaForm),
    (b"NeedsRendering", ActiveContent::XfaForm),
    (b"EmbeddedFiles", ActiveContent::EmbeddedFile),
];

/// Refuses what is not signed.
pub(super) fn check(document: &Document, is_visible: bool) -> Result<(), PdfError> {
    for object in document.objects.values() {
        check_object(object)?;
    }
    check_certification(document, is_visible)
}

/// Everything inside an object. The library bounds how deep it reads, so this is no deeper.
fn check_object(object: &Object) -> Result<(), PdfError> {
    match object {
        Object::Dictionary(dictionary) => check_dictionary(dictionary),
        Object::Stream(stream) => {
            // Section 7.3.8.2: the stream's data stands in another file.
            if stream.dict.has(b"F") {
                return Err(PdfError::ExternalContent);
            }
            check_dictionary(&stream.dict)
        }
        Object::Array(array) => array.iter().try_for_each(check_object),
        _ => Ok(()),
    }
}

fn check_dictionary(dictionary: &Dictionary) -> Result<(), PdfError> {
    let named = |key: &[u8], list: &[(&[u8], ActiveContent)]| {
        let name = dictionary.get(key).ok()?.as_name().ok()?;
        let (_, found) = list.iter().find(|(active, _)| *active == name)?;
        Some(*found)
    };
    if let Some(found) = named(b"S", ACTIONS).or_else(|| named(b"Subtype", ANNOTATIONS)) {
        return Err(PdfError::Active(found));
    }
    if named(b"Type", &[(b"EmbeddedFile", ActiveContent::EmbeddedFile)]).is_some() {
        return Err(PdfError::Active(ActiveContent::EmbeddedFile));
    }
    for (key, value) in dictionary {
        if let Some((_, found)) = KEYS.iter().find(|(active, _)| *active == key.as_slice()) {
            let is_harmless = matches!(value, Object::Null | Object::Boolean(false));
            if !is_harmless {
                return Err(PdfError::Active(*found));
            }
        }
        check_object(value)?;
    }
    Ok(())
}

/// What an author (DocMDP, ISO 32000-1 section 12.8.2.2) or an earlier signer (field locks, ISO 32000-2 section 12.8.2.4) permits.
fn check_certification(document: &Document, is_visible: bool) -> Result<(), PdfError> {
    let (_, catalog) = catalog(document)?;
    let certified = dictionary(document, catalog, b"Perms")
        .and_then(|permissions| dictionary(document, permissions, b"DocMDP"))
        .map(|signature| permission(document, signature));
    match certified {
        Some(1) => {
            return Err(PdfError::Certified { what: "any change" });
        }
        Some(2) if is_visible => {
            return Err(PdfError::Certified {
                what: "a new visible mark",
            });
        }
        _ => {}
    }
    let locks = document.objects.values().any(|object| {
        object.as_dict().is_ok_and(|field| {
            field.has(b"V")
                && dictionary(document, field, b"Lock").is_some_and(|lock| {
                    value(document, lock, b"P").is_some_and(|p| matches!(p, Object::Integer(1)))
                })
        })
    });
    if locks {
        return Err(PdfError::Certified { what: "any change" });
    }
    Ok(())
}

/// P of the DocMDP transform: 2 where it says nothing.
fn permission(document: &Document, signature: &Dictionary) -> i64 {
    let references = array(document, signature, b"Reference");
    references
        .into_iter()
        .flatten()
        .filter_map(|reference| document.dereference(reference).ok()?.1.as_dict().ok())
        .filter(|reference| name(document, reference, b"TransformMethod") == Some(b"DocMDP"))
        .find_map(|reference| {
            let parameters = dictionary(document, reference, b"TransformParams")?;
            value(document, parameters, b"P")?.as_i64().ok()
        })
        .unwrap_or(2)
}
