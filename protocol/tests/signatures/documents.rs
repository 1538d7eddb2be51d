//! The repository's own documents, one of each format, pass as what they are.

use std::path::Path;

use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::document::{DocumentFormat, DocumentLimits, Inspector};

#[test]
fn the_five_shipped_documents_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/documents");
    for (name, format) in [
        ("compte-rendu.pdf", DocumentFormat::Pdf),
        ("courrier-numerise.tiff", DocumentFormat::Tiff),
        ("lettre-de-liaison.rtf", DocumentFormat::Rtf),
        ("note-de-suivi.txt", DocumentFormat::Text),
        ("photo-lesion.jpg", DocumentFormat::Jpeg),
    ] {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let mut inspector = Inspector::new(Some(format), DocumentLimits::default());
        for chunk in bytes.chunks(1000) {
            inspector.update(chunk).unwrap();
        }
        let document = inspector.finish().unwrap();
        assert_eq!(document.format, format, "{name}");
        assert_eq!(document.sha256, Sha256Digest::of(&bytes), "{name}");
    }
}
