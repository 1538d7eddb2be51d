//! Opening a PDF (ISO 32000-1) with `lopdf` inside bounds: its length, what its compressed structure unpacks to, the number of
//! its objects. Nesting is bounded by the library. Refused besides: what has to be repaired to be read, what does not begin
//! with its header, encryption.

use lopdf::{Dictionary, Document, LoadOptions, Object, ObjectId};

use super::PdfError;

/// Longest PDF that is read, bytes.
pub const MAXIMUM_PDF_BYTES: usize = 128 * 1024 * 1024;
/// Most objects.
const MAXIMUM_OBJECTS: usize = 500_000;
/// What all object and cross-reference streams together may unpack to: so many times the file, between these two.
const UNPACKED_FACTOR: usize = 16;
const UNPACKED_AT_LEAST: usize = 16 * 1024 * 1024;
const UNPACKED_AT_MOST: usize = 256 * 1024 * 1024;

/// Opens a PDF whose cross-reference data fits.
pub(super) fn open(bytes: &[u8]) -> Result<Document, PdfError> {
    open_with(bytes, false)
}

/// Opens a PDF each object of which is well-formed.
pub(super) fn open_strictly(bytes: &[u8]) -> Result<Document, PdfError> {
    open_with(bytes, true)
}

fn open_with(bytes: &[u8], strict: bool) -> Result<Document, PdfError> {
    if bytes.len() > MAXIMUM_PDF_BYTES {
        return Err(PdfError::TooLong {
            length: bytes.len(),
        });
    }
    if !bytes.starts_with(b"%PDF-") {
        return Err(PdfError::NotPdf);
    }
    let options = LoadOptions {
        strict,
        max_decompressed_size: Some(limit_of_each_stream(bytes)),
        ..LoadOptions::default()
    };
    // The library is young and the file hostile: a panic in it is one more way not to be readable.
    let document =
        std::panic::catch_unwind(|| Document::load_mem_with_options(bytes, options.clone()))
            .map_err(|_| PdfError::Malformed("the reader gave up".into()))?
            .map_err(|error| PdfError::Malformed(error.to_string()))?;
    if document.is_encrypted() || document.was_encrypted() {
        return Err(PdfError::Encrypted);
    }
    if document.xref_recovery.is_some() {
        return Err(PdfError::Damaged);
    }
    if document.objects.len() > MAXIMUM_OBJECTS {
        return Err(PdfError::TooManyObjects {
            most: MAXIMUM_OBJECTS,
        });
    }
    Ok(document)
}

/// An equal share for each stream that the library unpacks while it loads: those are named `ObjStm` and `XRef`.
fn limit_of_each_stream(bytes: &[u8]) -> usize {
    let budget = bytes
        .len()
        .saturating_mul(UNPACKED_FACTOR)
        .clamp(UNPACKED_AT_LEAST, UNPACKED_AT_MOST);
    let streams = memchr::memchr_iter(b'/', bytes)
        .filter(|at| is_structure_name(bytes.get(at + 1..).unwrap_or_default()))
        .count();
    budget / (streams + 1)
}

fn is_structure_name(bytes: &[u8]) -> bool {
    // Names may hold any character as `#xx`: what has an escape in it counts as one of them.
    let name = bytes.get(..18).unwrap_or(bytes);
    name.starts_with(b"ObjStm")
        || name.starts_with(b"XRef")
        || (name.contains(&b'#') && matches!(name.first(), Some(b'O' | b'X' | b'#')))
}

/// The catalog's identifier and dictionary.
pub(super) fn catalog(document: &Document) -> Result<(ObjectId, &Dictionary), PdfError> {
    let id = document
        .trailer
        .get(b"Root")
        .and_then(Object::as_reference)
        .map_err(|_| PdfError::Malformed("no catalog".into()))?;
    let catalog = document
        .get_dictionary(id)
        .map_err(|_| PdfError::Malformed("no catalog".into()))?;
    Ok((id, catalog))
}

/// The value of a key, a reference followed; none where it is absent or null.
pub(super) fn value<'a>(
    document: &'a Document,
    dictionary: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Object> {
    let (_, object) = document.dereference(dictionary.get(key).ok()?).ok()?;
    (!object.is_null()).then_some(object)
}

/// The same where it is a dictionary.
pub(super) fn dictionary<'a>(
    document: &'a Document,
    parent: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Dictionary> {
    value(document, parent, key)?.as_dict().ok()
}

/// The same where it is an array.
pub(super) fn array<'a>(
    document: &'a Document,
    parent: &'a Dictionary,
    key: &[u8],
) -> Option<&'a Vec<Object>> {
    value(document, parent, key)?.as_array().ok()
}

/// The same where it is a name.
pub(super) fn name<'a>(
    document: &'a Document,
    parent: &'a Dictionary,
    key: &[u8],
) -> Option<&'a [u8]> {
    value(document, parent, key)?.as_name().ok()
}
