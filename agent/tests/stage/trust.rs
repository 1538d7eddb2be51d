//! What the tests' PKI publishes, as files of programs that judge and as what a verifier trusts.

use std::path::Path;

use paraphe_certs::TrustStore;
use paraphe_softcard::PkiDirectory;

use super::pki;

/// PEM texts of a directory, one after the other.
pub fn texts(directory: &Path) -> String {
    let files = std::fs::read_dir(directory).unwrap();
    files
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
        .collect()
}

/// The anchors, and nothing else.
pub fn anchors() -> TrustStore {
    anchors_of(&pki())
}

/// The anchors, the authorities below them and their lists, which are made at this moment: a verifier's time is read after it.
pub fn all() -> TrustStore {
    let pki = pki();
    let mut store = anchors_of(&pki);
    let below = texts(&pki.intermediates());
    store.add_intermediates_pem(below.as_bytes()).unwrap();
    let lists = texts(&pki.crls());
    store.add_crls_pem(lists.as_bytes()).unwrap();
    store
}

fn anchors_of(pki: &PkiDirectory) -> TrustStore {
    let mut store = TrustStore::new();
    store.accept_test(true);
    let anchors = texts(&pki.anchors());
    store.add_anchors_pem(anchors.as_bytes()).unwrap();
    store
}
