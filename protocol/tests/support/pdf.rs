//! PDFs to sign, and signing them.

use std::process::Command;

use paraphe_certs::RevocationList;
use paraphe_protocol::pades::{self, PadesOptions, VisibleMark};
use paraphe_protocol::signature::{
    DigestAlgorithm, DocumentsInMemory, Evidence, Level, Output, SignatureFile,
};

use super::document_signer::DocumentSigner;
use super::time_stamping::stamp;
use super::{NOW, Practice};

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

/// Evidence of the practice's authorities.
pub fn evidence(practice: &Practice) -> Evidence {
    let mut evidence = Evidence::default();
    for (_, certificate) in practice.pki.authorities() {
        evidence.add_certificate(certificate.clone()).unwrap();
    }
    for list in practice.pki.crls(NOW).unwrap() {
        let list = RevocationList::from_pem_or_der(list.pem().as_bytes()).unwrap();
        evidence.add_revocation_list(list).unwrap();
    }
    evidence
}

fn next_stamp(practice: &Practice, file: &mut dyn SignatureFile, original: &[u8]) {
    let documents = [original];
    let mut contents = DocumentsInMemory(&documents);
    let digest = DigestAlgorithm::Sha256;
    let imprint = file.imprint(digest, &mut contents).unwrap();
    let token = stamp(practice, digest, &imprint, NOW.plus_seconds(60));
    file.add_time_stamp(&token).unwrap();
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
    if level >= Level::T {
        next_stamp(practice, file.as_mut(), original);
    }
    if level >= Level::LT {
        file.add_evidence(&evidence(practice)).unwrap();
    }
    if level >= Level::LTA {
        next_stamp(practice, file.as_mut(), original);
    }
    assert_eq!(file.level(), level);
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
