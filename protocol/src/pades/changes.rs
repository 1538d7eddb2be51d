//! What became of a PDF after a signature: later signatures, document time stamps and evidence may have been added, nothing else.
//!
//! The signed revision and the file as it is are compared object by object. Everything that the revision holds must be as it was,
//! except where a signature cannot be added otherwise: the form's and pages' lists may have grown by signature fields, an
//! empty signature field may have been signed, the document security store and the file's descriptive data may differ. An
//! object that the revision referred to and did not have may not have been supplied. That answers attacks that hide, replace or
//! overlay content in updates (incremental saving, shadow attacks). A signature that came since must hold, and its mark must be smaller
//! than a quarter of an A4 page.

use std::collections::{BTreeMap, BTreeSet};

use lopdf::{Dictionary, Document, Object, ObjectId};

use super::PdfError;
use super::document::{array, catalog, dictionary, name};
use super::fields;
use super::mark::MAXIMUM_MARK_AREA;

/// Stands for the trailer among the parents of an object; no object has number 0.
const TRAILER: ObjectId = (0, u16::MAX);

/// Keys of a security store.
const STORE_KEYS: [&[u8]; 5] = [b"Type", b"Certs", b"CRLs", b"OCSPs", b"VRI"];

struct Comparison<'a> {
    before: &'a Document,
    after: &'a Document,
    /// For each object number that the revision refers to, the objects that do.
    parents: BTreeMap<u32, BTreeSet<ObjectId>>,
    catalog: ObjectId,
    pages: BTreeSet<ObjectId>,
    unsigned: BTreeSet<ObjectId>,
}

/// Compares a signed revision with the file as it is. `broken` are the fields whose signature or time stamp does not hold: none of
/// them may have come since.
pub(super) fn check(
    before: &Document,
    after: &Document,
    broken: &BTreeSet<ObjectId>,
) -> Result<(), PdfError> {
    if broken
        .iter()
        .any(|field| !before.objects.contains_key(field))
    {
        return changed("a signature or time stamp was added that does not hold");
    }
    for key in [&b"Root"[..], b"Info"] {
        let (old, new) = (before.trailer.get(key).ok(), after.trailer.get(key).ok());
        if old.is_some() && old != new {
            return changed("the trailer refers to other objects");
        }
    }
    let (catalog, _) = catalog(before)?;
    let unsigned = fields::signatures(before)?
        .into_iter()
        .filter(|field| field.value.is_none())
        .map(|field| field.id);
    let comparison = Comparison {
        before,
        after,
        parents: parents(before),
        catalog,
        pages: before.page_iter().collect(),
        unsigned: unsigned.collect(),
    };
    comparison.check()
}

fn changed<T>(what: impl Into<String>) -> Result<T, PdfError> {
    Err(PdfError::ChangedAfterwards(what.into()))
}

/// For each object number that a document refers to, the objects that do.
pub(super) fn parents(document: &Document) -> BTreeMap<u32, BTreeSet<ObjectId>> {
    let mut parents = BTreeMap::new();
    for (_, value) in &document.trailer {
        note(value, TRAILER, &mut parents);
    }
    for (id, object) in &document.objects {
        // A cross-reference stream is a trailer, too.
        let is_trailer = matches!(object, Object::Stream(stream) if stream.dict.has_type(b"XRef"));
        let parent = if is_trailer { TRAILER } else { *id };
        note(object, parent, &mut parents);
    }
    parents
}

/// The library bounds how deep it reads, so this is no deeper.
fn note(object: &Object, parent: ObjectId, parents: &mut BTreeMap<u32, BTreeSet<ObjectId>>) {
    match object {
        Object::Reference((number, _)) => {
            parents.entry(*number).or_default().insert(parent);
        }
        Object::Array(array) => array
            .iter()
            .for_each(|object| note(object, parent, parents)),
        Object::Dictionary(dictionary) => dictionary
            .iter()
            .for_each(|(_, object)| note(object, parent, parents)),
        Object::Stream(stream) => stream
            .dict
            .iter()
            .for_each(|(_, object)| note(object, parent, parents)),
        _ => {}
    }
}

/// Whether two objects are the same, wherever they stand in the file.
fn same(one: &Object, other: &Object) -> bool {
    match (one, other) {
        (Object::Stream(one), Object::Stream(other)) => {
            one.content == other.content && same_dictionary(&one.dict, &other.dict, &[])
        }
        (Object::Dictionary(one), Object::Dictionary(other)) => same_dictionary(one, other, &[]),
        (Object::Array(one), Object::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (one, other) => one == other,
    }
}

/// Whether two dictionaries differ in nothing but the values of `except`.
fn same_dictionary(one: &Dictionary, other: &Dictionary, except: &[&[u8]]) -> bool {
    let has_all = |one: &Dictionary, other: &Dictionary| {
        one.iter()
            .filter(|(key, _)| !except.contains(&key.as_slice()))
            .all(|(key, value)| other.get(key).is_ok_and(|found| same(value, found)))
    };
    has_all(one, other) && has_all(other, one)
}

impl Comparison<'_> {
    fn check(&self) -> Result<(), PdfError> {
        for id in self.after.objects.keys() {
            if !self.before.objects.contains_key(id) && self.parents.contains_key(&id.0) {
                return changed(format!("object {} was missing and was supplied", id.0));
            }
        }
        for (id, before) in &self.before.objects {
            let Some(after) = self.after.objects.get(id) else {
                return changed(format!("object {} was removed", id.0));
            };
            if !same(before, after) && !self.may_differ(*id, before, after)? {
                return changed(format!("object {} is another one", id.0));
            }
        }
        Ok(())
    }

    fn may_differ(&self, id: ObjectId, before: &Object, after: &Object) -> Result<bool, PdfError> {
        if let (Object::Dictionary(before), Object::Dictionary(after)) = (before, after) {
            return Ok(if id == self.catalog {
                self.catalogs_agree(before, after)
            } else if self.is_form(id) {
                self.forms_agree(before, after)
            } else if self.pages.contains(&id) {
                same_dictionary(before, after, &[b"Annots"])
                    && self.lists_agree(before, after, b"Annots")
            } else if self.unsigned.contains(&id) {
                // Signing an empty field: its value and what it shows.
                same_dictionary(before, after, &[b"V", b"AP", b"F", b"M", b"AS"])
                    && self.is_signature_field(after)
            } else {
                self.is_store(id, before, after) || self.is_information(id, before, after)
            });
        }
        if let (Object::Array(before), Object::Array(after)) = (before, after) {
            return Ok(self.is_list(id) && self.grew_by_fields(before, after)
                || self.belongs_to_store(id) && only_references(before) && only_references(after));
        }
        Ok(self.is_metadata(id, before, after))
    }

    fn catalogs_agree(&self, before: &Dictionary, after: &Dictionary) -> bool {
        const MAY_DIFFER: [&[u8]; 4] = [b"AcroForm", b"DSS", b"Extensions", b"Version"];
        if !same_dictionary(before, after, &MAY_DIFFER) {
            return false;
        }
        let old = dictionary(self.before, before, b"AcroForm");
        let new = dictionary(self.after, after, b"AcroForm");
        match (old, new) {
            (None, None) => true,
            (Some(_), None) => false,
            (Some(old), Some(new)) => self.forms_agree(old, new),
            (None, Some(new)) => {
                const OF_NEW: [&[u8]; 4] = [b"Fields", b"SigFlags", b"DR", b"DA"];
                new.iter().all(|(key, _)| OF_NEW.contains(&key.as_slice()))
                    && self.lists_agree(&Dictionary::new(), new, b"Fields")
            }
        }
    }

    fn is_form(&self, id: ObjectId) -> bool {
        self.before
            .get_dictionary(self.catalog)
            .and_then(|catalog| catalog.get(b"AcroForm"))
            .is_ok_and(|form| *form == Object::Reference(id))
    }

    fn forms_agree(&self, before: &Dictionary, after: &Dictionary) -> bool {
        same_dictionary(before, after, &[b"Fields", b"SigFlags"])
            && self.lists_agree(before, after, b"Fields")
    }

    /// Whether a list in two dictionaries, or apart, only grew by signature fields.
    fn lists_agree(&self, before: &Dictionary, after: &Dictionary, key: &[u8]) -> bool {
        let old = array(self.before, before, key).map(Vec::as_slice);
        let new = array(self.after, after, key).map(Vec::as_slice);
        self.grew_by_fields(old.unwrap_or_default(), new.unwrap_or_default())
    }

    fn grew_by_fields(&self, before: &[Object], after: &[Object]) -> bool {
        let Some((old, new)) = after.split_at_checked(before.len()) else {
            return false;
        };
        old.iter()
            .zip(before)
            .all(|(old, before)| same(old, before))
            && new.iter().all(|element| match element {
                Object::Reference(id) => {
                    !self.before.objects.contains_key(id)
                        && self
                            .after
                            .get_dictionary(*id)
                            .is_ok_and(|field| self.is_signature_field(field))
                }
                _ => false,
            })
    }

    /// Whether a field holds a signature or time stamp and does nothing else.
    fn is_signature_field(&self, field: &Dictionary) -> bool {
        let acts = field.has(b"A") || field.has(b"AA") || field.has(b"Kids");
        let holds = dictionary(self.after, field, b"V").is_some_and(|value| {
            matches!(
                name(self.after, value, b"Type"),
                None | Some(b"Sig" | b"DocTimeStamp")
            ) && value.has(b"ByteRange")
        });
        let kind = name(self.after, field, b"FT");
        !acts && holds && kind == Some(b"Sig") && self.is_no_cover(field)
    }

    /// A mark may stand on a page; it may not be a page.
    fn is_no_cover(&self, field: &Dictionary) -> bool {
        let Some(corners) = array(self.after, field, b"Rect") else {
            return true;
        };
        let corners: Vec<f32> = corners
            .iter()
            .filter_map(|corner| corner.as_float().ok())
            .collect();
        match corners.as_slice() {
            [left, bottom, right, top] => {
                ((right - left) * (top - bottom)).abs() <= MAXIMUM_MARK_AREA
            }
            _ => false,
        }
    }

    /// Whether an array is the form's list of fields or the annotations of pages, and of nothing else.
    fn is_list(&self, id: ObjectId) -> bool {
        let parents = self.parents.get(&id.0);
        parents.is_some_and(|parents| {
            parents.iter().all(|parent| {
                let key: &[u8] = if self.pages.contains(parent) {
                    b"Annots"
                } else if self.is_form(*parent) {
                    b"Fields"
                } else {
                    return false;
                };
                self.before
                    .get_dictionary(*parent)
                    .and_then(|parent| parent.get(key))
                    .is_ok_and(|list| *list == Object::Reference(id))
            })
        })
    }

    /// A security store, or one of its entries by signature, and nothing that anything else refers to.
    fn is_store(&self, id: ObjectId, before: &Dictionary, after: &Dictionary) -> bool {
        let has_only = |dictionary: &Dictionary| {
            dictionary
                .iter()
                .all(|(key, _)| STORE_KEYS.contains(&key.as_slice()))
        };
        let is_root = self.parents_are(id, |parent| parent == self.catalog)
            && self.is_store_root(id)
            && has_only(before)
            && has_only(after);
        is_root || self.belongs_to_store(id) && only_data(before) && only_data(after)
    }

    fn is_store_root(&self, id: ObjectId) -> bool {
        self.before
            .get_dictionary(self.catalog)
            .and_then(|catalog| catalog.get(b"DSS"))
            .is_ok_and(|store| *store == Object::Reference(id))
    }

    /// Whether everything that refers to an object is the store, or an entry of the store.
    fn belongs_to_store(&self, id: ObjectId) -> bool {
        self.parents_are(id, |parent| {
            self.is_store_root(parent)
                || self.parents_are(parent, |grandparent| self.is_store_root(grandparent))
        })
    }

    fn parents_are(&self, id: ObjectId, mut of_kind: impl FnMut(ObjectId) -> bool) -> bool {
        self.parents
            .get(&id.0)
            .is_some_and(|parents| parents.iter().all(|parent| of_kind(*parent)))
    }

    /// The information dictionary: texts that no page shows.
    fn is_information(&self, id: ObjectId, before: &Dictionary, after: &Dictionary) -> bool {
        let only_texts = |dictionary: &Dictionary| {
            dictionary
                .iter()
                .all(|(_, value)| matches!(value, Object::String(..) | Object::Name(_)))
        };
        self.parents_are(id, |parent| parent == TRAILER) && only_texts(before) && only_texts(after)
    }

    /// The document's metadata stream, of which nothing but the catalog knows.
    fn is_metadata(&self, id: ObjectId, before: &Object, after: &Object) -> bool {
        let is_metadata = |object: &Object| match object {
            Object::Stream(stream) => stream.dict.has_type(b"Metadata"),
            _ => false,
        };
        let of_catalog = self
            .before
            .get_dictionary(self.catalog)
            .and_then(|catalog| catalog.get(b"Metadata"))
            .is_ok_and(|metadata| *metadata == Object::Reference(id));
        of_catalog
            && self.parents_are(id, |parent| parent == self.catalog)
            && is_metadata(before)
            && is_metadata(after)
    }
}

fn only_references(array: &[Object]) -> bool {
    array
        .iter()
        .all(|object| matches!(object, Object::Reference(_)))
}

fn only_data(dictionary: &Dictionary) -> bool {
    dictionary.iter().all(|(_, value)| match value {
        Object::Array(array) => only_references(array),
        value => matches!(
            value,
            Object::Reference(_) | Object::String(..) | Object::Name(_)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dictionary_of(entries: &[(&str, Object)]) -> Dictionary {
        entries
            .iter()
            .map(|(key, value)| (key.as_bytes().to_vec(), value.clone()))
            .collect()
    }

    fn one_page() -> Document {
        let mut document = Document::new();
        let kids = vec![Object::Reference((3, 0))];
        for (number, entries) in [
            (
                1,
                vec![("Type", "Catalog".into()), ("Pages", (2, 0).into())],
            ),
            (2, vec![("Type", "Pages".into()), ("Kids", kids.into())]),
            (3, vec![("Type", "Page".into()), ("Parent", (2, 0).into())]),
        ] {
            let object = Object::Dictionary(dictionary_of(&entries));
            document.objects.insert((number, 0), object);
        }
        document.trailer.set("Root", (1, 0));
        document
    }

    /// The same with a signature field of this size, and one more entry in it.
    fn signed(size: f32, more: Option<(&str, Object)>) -> Document {
        let mut document = one_page();
        let list = || Object::Array(vec![Object::Reference((10, 0))]);
        let corners = [0.0, 0.0, size, size].map(Object::Real).to_vec();
        let mut field = vec![
            ("Subtype", "Widget".into()),
            ("FT", "Sig".into()),
            ("V", (12, 0).into()),
            ("Rect", corners.into()),
        ];
        field.extend(more);
        let form = dictionary_of(&[("Fields", list()), ("SigFlags", 3.into())]);
        let value = dictionary_of(&[("Type", "Sig".into()), ("ByteRange", list())]);
        for (number, object) in [(10, dictionary_of(&field)), (11, form), (12, value)] {
            document
                .objects
                .insert((number, 0), Object::Dictionary(object));
        }
        for (number, key, value) in [(1, "AcroForm", (11, 0).into()), (3, "Annots", list())] {
            if let Some(Object::Dictionary(object)) = document.objects.get_mut(&(number, 0)) {
                object.set(key, value);
            }
        }
        document
    }

    #[test]
    fn a_field_may_come_where_it_holds_is_small_and_does_nothing() {
        let check = |after: &Document, broken: &BTreeSet<ObjectId>| {
            check(&one_page(), after, broken).is_ok()
        };
        let none = BTreeSet::new();
        assert!(check(&one_page(), &none));
        assert!(check(&signed(100.0, None), &none));
        assert!(!check(&signed(400.0, None), &none), "it hides the page");
        assert!(!check(&signed(100.0, None), &BTreeSet::from([(10, 0)])));
        let action = Some(("A", Object::Dictionary(Dictionary::new())));
        assert!(!check(&signed(100.0, action), &none), "it acts");
        let text = Some(("FT", Object::from("Tx")));
        assert!(!check(&signed(100.0, text), &none), "it is another field");
        let unsigned = Some(("V", Object::Null));
        assert!(!check(&signed(100.0, unsigned), &none), "it is empty");
    }
}
