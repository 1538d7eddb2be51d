//! Incremental updates (ISO 32000-1 section 7.5.6): objects, cross-reference section and trailer that follow the file's own bytes,
//! written so that the place of every byte is known before anything is signed.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use lopdf::xref::XrefType;
use lopdf::{Dictionary, Document, Object, ObjectId, Stream, Writer};

use super::PdfError;
use super::changes::parents;
use super::document::catalog;

/// A file as it grows. It keeps of the original only what further updates need.
#[derive(Clone)]
pub(super) struct Increments {
    /// Length of the original file, bytes.
    original_length: usize,
    /// What follows it.
    appended: Vec<u8>,
    /// Where the last cross-reference section begins in the whole file.
    previous_section: usize,
    is_stream: bool,
    /// Root, Info and ID.
    trailer: Dictionary,
    next_number: u32,
    pub(super) catalog: ObjectId,
    /// The current state of objects that updates touch or may touch.
    known: BTreeMap<ObjectId, Object>,
    /// What the next update will hold.
    pending: BTreeMap<ObjectId, Vec<u8>>,
}

impl Increments {
    pub(super) fn new(original: &[u8], document: &Document) -> Result<Self, PdfError> {
        let mut trailer = Dictionary::new();
        for key in [&b"Root"[..], b"Info", b"ID"] {
            if let Ok(value) = document.trailer.get(key) {
                trailer.set(key, value.clone());
            }
        }
        let (id, _) = catalog(document)?;
        let table = &document.reference_table;
        // A number that something refers to is taken too, though it may be nobody's: what was missing must stay so.
        let referred = parents(document).into_keys().next_back().unwrap_or(0);
        let highest = document.max_id.max(table.max_id()).max(table.size);
        let highest = highest.max(referred);
        let mut increments = Self {
            original_length: original.len(),
            appended: Vec::new(),
            previous_section: document.xref_start,
            is_stream: matches!(table.cross_reference_type, XrefType::CrossReferenceStream),
            trailer,
            next_number: highest
                .checked_add(1)
                .filter(|number| *number < 8_000_000)
                .ok_or(PdfError::Malformed("object numbers out of range".into()))?,
            catalog: id,
            known: BTreeMap::new(),
            pending: BTreeMap::new(),
        };
        increments.know(document, id)?;
        Ok(increments)
    }

    /// Takes the current state of an object out of the document, to be able to change it.
    pub(super) fn know(&mut self, document: &Document, id: ObjectId) -> Result<(), PdfError> {
        if let Entry::Vacant(vacant) = self.known.entry(id) {
            let object = document
                .objects
                .get(&id)
                .ok_or(PdfError::Field("a part of the form or page is missing"))?;
            vacant.insert(object.clone());
        }
        Ok(())
    }

    /// The current state of an object that is known.
    pub(super) fn object(&self, id: ObjectId) -> Option<&Object> {
        self.known.get(&id)
    }

    /// The same as a dictionary.
    pub(super) fn dictionary(&self, id: ObjectId) -> Result<&Dictionary, PdfError> {
        self.known
            .get(&id)
            .and_then(|object| object.as_dict().ok())
            .ok_or(PdfError::Field(
                "a part of the form or page is no dictionary",
            ))
    }

    /// An identifier that nothing has.
    pub(super) fn new_id(&mut self) -> ObjectId {
        let id = (self.next_number, 0);
        self.next_number += 1;
        id
    }

    /// Puts an object into the next update; its state is known from now on.
    pub(super) fn put(&mut self, id: ObjectId, object: Object) -> Result<(), PdfError> {
        self.pending.insert(id, written(&object)?);
        self.known.insert(id, object);
        Ok(())
    }

    /// Puts an object into the next update and forgets it.
    pub(super) fn put_once(&mut self, id: ObjectId, object: &Object) -> Result<(), PdfError> {
        self.pending.insert(id, written(object)?);
        Ok(())
    }

    /// Puts bytes of an object into the next update.
    pub(super) fn put_raw(&mut self, id: ObjectId, bytes: Vec<u8>) {
        self.pending.insert(id, bytes);
    }

    /// Writes the update. Gives where the bytes of `wanted` begin among what is appended.
    pub(super) fn write(&mut self, wanted: ObjectId) -> Result<usize, PdfError> {
        let mut place = 0;
        // Whatever the file ends with, the update begins on a line of its own.
        self.appended.push(b'\n');
        let mut offsets: BTreeMap<ObjectId, usize> = BTreeMap::new();
        for (id, bytes) in std::mem::take(&mut self.pending) {
            offsets.insert(id, self.original_length + self.appended.len());
            self.appended
                .extend_from_slice(format!("{} {} obj\n", id.0, id.1).as_bytes());
            if id == wanted {
                place = self.appended.len();
            }
            self.appended.extend_from_slice(&bytes);
            self.appended.extend_from_slice(b"\nendobj\n");
        }
        let section = self.original_length + self.appended.len();
        let previous = i64::try_from(self.previous_section).unwrap_or_default();
        let mut trailer = self.trailer.clone();
        trailer.set("Prev", previous);
        if self.is_stream {
            self.write_stream(section, offsets, trailer)?;
        } else {
            self.write_table(&offsets, trailer)?;
        }
        self.appended
            .extend_from_slice(format!("startxref\n{section}\n%%EOF\n").as_bytes());
        self.previous_section = section;
        Ok(place)
    }

    fn write_table(
        &mut self,
        offsets: &BTreeMap<ObjectId, usize>,
        mut trailer: Dictionary,
    ) -> Result<(), PdfError> {
        self.appended.extend_from_slice(b"xref\n");
        for run in runs(offsets) {
            if let Some(((first, _), _)) = run.first() {
                let head = format!("{first} {}\n", run.len());
                self.appended.extend_from_slice(head.as_bytes());
            }
            for ((_, generation), offset) in run {
                let entry = format!("{offset:010} {generation:05} n \n");
                self.appended.extend_from_slice(entry.as_bytes());
            }
        }
        trailer.set("Size", i64::from(self.next_number));
        self.appended.extend_from_slice(b"trailer\n");
        let trailer = written(&Object::Dictionary(trailer))?;
        self.appended.extend_from_slice(&trailer);
        self.appended.push(b'\n');
        Ok(())
    }

    fn write_stream(
        &mut self,
        section: usize,
        mut offsets: BTreeMap<ObjectId, usize>,
        mut trailer: Dictionary,
    ) -> Result<(), PdfError> {
        let id = self.new_id();
        offsets.insert(id, section);
        let mut index = Vec::new();
        let mut entries = Vec::new();
        for run in runs(&offsets) {
            if let Some(((first, _), _)) = run.first() {
                index.push(Object::from(*first));
                index.push(Object::Integer(
                    i64::try_from(run.len()).unwrap_or_default(),
                ));
            }
            for ((_, generation), offset) in run {
                let offset = u32::try_from(offset)
                    .map_err(|_| PdfError::Field("the file would be too long"))?;
                entries.push(1);
                entries.extend_from_slice(&offset.to_be_bytes());
                entries.extend_from_slice(&generation.to_be_bytes());
            }
        }
        trailer.set("Type", "XRef");
        trailer.set("Size", i64::from(self.next_number));
        trailer.set("Index", index);
        trailer.set("W", vec![1.into(), 4.into(), 2.into()]);
        let stream = Object::Stream(Stream::new(trailer, entries));
        self.appended
            .extend_from_slice(format!("{} {} obj\n", id.0, id.1).as_bytes());
        self.appended.extend_from_slice(&written(&stream)?);
        self.appended.extend_from_slice(b"\nendobj\n");
        Ok(())
    }

    /// Length of the original file, bytes.
    pub(super) fn original_length(&self) -> usize {
        self.original_length
    }

    /// What follows the original file.
    pub(super) fn appended(&self) -> &[u8] {
        &self.appended
    }

    /// The same, to fill places in.
    pub(super) fn appended_mut(&mut self) -> &mut [u8] {
        &mut self.appended
    }

    pub(super) fn into_appended(self) -> Vec<u8> {
        self.appended
    }
}

/// Entries with consecutive numbers together.
fn runs(offsets: &BTreeMap<ObjectId, usize>) -> Vec<Vec<(ObjectId, usize)>> {
    let mut runs: Vec<Vec<(ObjectId, usize)>> = Vec::new();
    for (id, offset) in offsets {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|((last, _), _)| last + 1 == id.0) => {
                run.push((*id, *offset));
            }
            _ => runs.push(vec![(*id, *offset)]),
        }
    }
    runs
}

/// An object as the library writes it.
pub(super) fn written(object: &Object) -> Result<Vec<u8>, PdfError> {
    let mut bytes = Vec::new();
    Writer::write_object(&mut bytes, object)
        .map_err(|error| PdfError::Malformed(error.to_string()))?;
    Ok(bytes)
}
