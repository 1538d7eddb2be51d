//! What the store promises to owners and refuses to everybody else.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use paraphe_protocol::digest::Sha256Digest;

use super::{DocumentStore, Owner, StoreError};
use crate::config::{Limits, Origin};

fn limits() -> Limits {
    Limits {
        document_bytes: 10,
        documents_held: 2,
        ..Limits::default()
    }
}

fn site(origin: &str) -> Owner {
    Owner::Site(origin.parse::<Origin>().unwrap())
}

fn store() -> (tempfile::TempDir, DocumentStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = DocumentStore::open(directory.path(), limits()).unwrap();
    (directory, store)
}

#[test]
fn a_document_comes_back_as_it_was_put() {
    let (directory, store) = store();
    let (id, size, none) = store.put(&Owner::User, None, 0, b"0123", false).unwrap();
    assert_eq!((size, none), (4, None));
    assert!(matches!(
        store.get(&Owner::User, id.as_str()),
        Err(StoreError::NotClosed)
    ));
    let (_, size, digest) = store
        .put(&Owner::User, Some(id.as_str()), 4, b"456", true)
        .unwrap();
    assert_eq!((size, digest), (7, Some(Sha256Digest::of(b"0123456"))));
    let stored = store.get(&Owner::User, id.as_str()).unwrap();
    let mut content = [0; 7];
    assert_eq!(stored.read_at(&mut content, 0).unwrap(), 7);
    assert_eq!(&content, b"0123456");
    let mut piece = [0; 8];
    assert_eq!(stored.read_at(&mut piece, 5).unwrap(), 2);
    assert_eq!(stored.read_at(&mut piece, u64::MAX).unwrap(), 0);
    let names = std::fs::read_dir(directory.path().join("documents")).unwrap();
    assert_eq!(names.count(), 0, "no name in the file system");
    store.drop_document(&Owner::User, id.as_str()).unwrap();
    assert!(matches!(
        store.get(&Owner::User, id.as_str()),
        Err(StoreError::Unknown)
    ));
}

#[test]
fn a_piece_out_of_place_is_refused_and_costs_nothing() {
    let (_directory, store) = store();
    let (id, ..) = store.put(&Owner::User, None, 0, b"0123", false).unwrap();
    for offset in [0, 3, 5, u64::MAX] {
        assert!(matches!(
            store.put(&Owner::User, Some(id.as_str()), offset, b"x", true),
            Err(StoreError::OutOfPlace { held: 4 })
        ));
    }
    store
        .put(&Owner::User, Some(id.as_str()), 4, b"", true)
        .unwrap();
    assert!(matches!(
        store.put(&Owner::User, Some(id.as_str()), 4, b"x", true),
        Err(StoreError::OutOfPlace { held: 4 })
    ));
    assert!(matches!(
        store.put(&Owner::User, None, 1, b"x", true),
        Err(StoreError::OutOfPlace { held: 0 })
    ));
}

#[test]
fn nobody_else_can_name_a_document() {
    let (_directory, store) = store();
    let owner = site("https://dossier.example");
    let (id, ..) = store.put(&owner, None, 0, b"a", true).unwrap();
    for other in [
        site("https://dossier.example:8443"),
        site("https://other.example"),
        Owner::User,
    ] {
        assert!(matches!(
            store.get(&other, id.as_str()),
            Err(StoreError::Unknown)
        ));
        assert!(matches!(
            store.drop_document(&other, id.as_str()),
            Err(StoreError::Unknown)
        ));
        assert!(matches!(
            store.put(&other, Some(id.as_str()), 1, b"b", true),
            Err(StoreError::Unknown)
        ));
    }
    store.get(&owner, id.as_str()).unwrap();
}

#[test]
fn size_and_number_are_bounded() {
    let (_directory, store) = store();
    let (id, ..) = store.put(&Owner::User, None, 0, &[0; 10], false).unwrap();
    assert!(matches!(
        store.put(&Owner::User, Some(id.as_str()), 10, b"x", true),
        Err(StoreError::TooLarge { limit: 10 })
    ));
    assert!(
        matches!(
            store.put(&Owner::User, Some(id.as_str()), 10, b"", true),
            Err(StoreError::Unknown)
        ),
        "given up"
    );
    store.put(&Owner::User, None, 0, b"", true).unwrap();
    store.put(&Owner::User, None, 0, b"", true).unwrap();
    assert!(matches!(
        store.put(&Owner::User, None, 0, b"", true),
        Err(StoreError::TooMany { limit: 2 })
    ));
    let other = site("https://dossier.example");
    store.put(&other, None, 0, b"", true).unwrap();
}
