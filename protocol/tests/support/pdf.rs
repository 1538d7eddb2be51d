//! PDFs to sign, and signing them.

use std::process::Command;

use paraphe_protocol::pades::{self, PadesOptions, VisibleMark};
use paraphe_protocol::signature::{DigestAlgorithm, Level, Output};

use super::Practice;
use super::document_signer::DocumentSigner;
use super::time_stamping::{evidence, raise};

/// The project's sample report, with a classic cross-reference table.
pub fn sample() -> Vec<u8> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/documents/compte-rendu.pdf"
    );
    std::fs::read(path).unwrap()
}

/// A PDF with one empty page and these entries in its catalog.
pub fn with_catalog_entries(entries: &str) -> Vec<u8> {
    written(&[
        format!("<</Type/Catalog/Pages 2 0 R{entries}>>"),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>>>".into(),
    ])
}

/// A PDF of these objects, numbered from 1, the first being the catalog.
pub fn written(objects: &[String]) -> Vec<u8> {
    let mut pdf = String::from("%PDF-1.7\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(pdf.len());
        pdf.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let section = pdf.len();
    let size = objects.len() + 1;
    pdf.push_str(&format!("xref\n0 {size}\n0000000000 65535 f \n"));
    for offset in offsets {
        pdf.push_str(&format!("{offset:010} 00000 n \n"));
    }
    pdf.push_str(&format!(
        "trailer\n<</Size {size}/Root 1 0 R>>\nstartxref\n{section}\n%%EOF\n"
    ));
    pdf.into_bytes()
}

/// The sample with object streams and a cross-reference stream, as `qpdf` writes it.
pub fn compressed() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("sample.pdf"), sample()).unwrap();
    let output = Command::new("qpdf")
        .args(["--object-streams=generate", "--min-version=1.5"])
        .args(["sample.pdf", "compressed.pdf"])
        .current_dir(folder.path())
        .output()
        .unwrap_or_else(|error| panic!("qpdf cannot be run (apt install qpdf): {error}"));
    assert!(output.status.success(), "{output:?}");
    let pdf = std::fs::read(path("compressed.pdf")).unwrap();
    assert!(!String::from_utf8_lossy(&pdf).contains("\nxref\n"));
    pdf
}

/// A PDF whose form, list of fields and list of annotations each are an object of their own.
pub fn with_form_apart() -> Vec<u8> {
    written(&[
        "<</Type/Catalog/Pages 2 0 R/AcroForm 4 0 R>>".into(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".into(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<>>/Annots 6 0 R>>".into(),
        "<</Fields 5 0 R/DA(/Helv 0 Tf)>>".into(),
        "[7 0 R]".into(),
        "[7 0 R]".into(),
        "<</Type/Annot/Subtype/Widget/FT/Tx/T(Signature1)/V(TEST)/P 3 0 R/Rect[50 700 200 720]>>"
            .into(),
    ])
}

/// The whole file, signed.
pub fn sign(
    practice: &Practice,
    signer: &DocumentSigner,
    original: &[u8],
    level: Level,
    mark: Option<&VisibleMark>,
) -> Vec<u8> {
    let options = PadesOptions {
        reason: Some("Validation du compte rendu"),
        location: Some("TEST"),
        mark,
        level: Some(level),
    };
    let prepared = pades::prepare(original, &signer.signer(), &options).unwrap();
    let value = signer.sign(prepared.to_be_signed());
    let mut file = prepared.complete(&value).unwrap();
    let digest = DigestAlgorithm::Sha256;
    let evidence = evidence(practice);
    raise(practice, &mut *file, level, &[original], &evidence, digest);
    match file.finish().unwrap() {
        Output::Appended(appended) => [original, &appended].concat(),
        Output::Whole(_) | Output::Container(_) => panic!("a PAdES signature follows the file"),
    }
}

/// A PDF with an update by hand: objects by number, in a classic cross-reference table. The catalog is object 1.
pub fn updated(pdf: &[u8], objects: &[(u32, &str)]) -> Vec<u8> {
    let mut updated = pdf.to_vec();
    let mut entries = Vec::new();
    for (number, object) in objects {
        entries.push((*number, updated.len()));
        updated.extend_from_slice(format!("{number} 0 obj\n{object}\nendobj\n").as_bytes());
    }
    finished(pdf, updated, &entries)
}

/// The same with cross-reference entries only: object numbers and where they begin in the file as it was.
pub fn repointed(pdf: &[u8], entries: &[(u32, usize)]) -> Vec<u8> {
    finished(pdf, pdf.to_vec(), entries)
}

fn finished(pdf: &[u8], mut updated: Vec<u8>, entries: &[(u32, usize)]) -> Vec<u8> {
    let text = String::from_utf8_lossy(pdf);
    let previous: usize = text
        .rsplit("startxref\n")
        .next()
        .and_then(|rest| rest.split('\n').next()?.parse().ok())
        .unwrap();
    let section = updated.len();
    updated.extend_from_slice(b"xref\n");
    for (number, offset) in entries {
        // Offset 0 is nobody's: a free entry.
        let kind = if *offset == 0 { 'f' } else { 'n' };
        let entry = format!("{number} 1\n{offset:010} 00000 {kind} \n");
        updated.extend_from_slice(entry.as_bytes());
    }
    let trailer = format!(
        "trailer\n<</Size 1000/Root 1 0 R/Prev {previous}>>\nstartxref\n{section}\n%%EOF\n"
    );
    updated.extend_from_slice(trailer.as_bytes());
    updated
}
