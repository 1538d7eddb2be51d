//! PAdES signatures: every level and algorithm in classic and in compressed PDFs, accepted by `pdfsig` and found well-formed by
//! `qpdf`, none of which anybody here wrote.
//!
//! Needs the programs `pdfsig` (Debian package poppler-utils) and `qpdf` and fails without them.

use std::path::Path;
use std::process::Command;

use crate::support::Practice;
use crate::support::document_signer::DocumentSigner;
use crate::support::pdf::{self, sign};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::pades::{self, PadesOptions, VisibleMark};
use paraphe_protocol::signature::{Level, SigningError};

fn pdfsig(folder: &Path, pdf: &[u8]) -> String {
    std::fs::write(folder.join("signed.pdf"), pdf).unwrap();
    let output = Command::new("pdfsig")
        .args(["-nocert", "signed.pdf"])
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| {
            panic!("pdfsig cannot be run (apt install poppler-utils): {error}")
        });
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn qpdf_accepts(folder: &Path, pdf: &[u8]) {
    std::fs::write(folder.join("signed.pdf"), pdf).unwrap();
    let output = Command::new("qpdf")
        .args(["--check", "signed.pdf"])
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| panic!("qpdf cannot be run (apt install qpdf): {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{problems}");
}

fn mark() -> VisibleMark {
    VisibleMark {
        page: 0,
        left: 300.0,
        bottom: 40.0,
        width: 220.0,
        height: 60.0,
        lines: vec![
            "Signé par Dr TEST SIMULATEUR".into(),
            "Médecin, cœur".into(),
            "22/11/2026 10:00 UTC".into(),
        ],
    }
}

#[test]
fn every_level_is_accepted_by_pdfsig_and_qpdf() {
    let practice = Practice::new();
    let folder = tempfile::tempdir().unwrap();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    for original in [pdf::sample(), pdf::compressed()] {
        for level in Level::ALL {
            let signed = sign(&practice, &signer, &original, level, None);
            assert!(signed.starts_with(&original), "{level:?}");
            qpdf_accepts(folder.path(), &signed);
            let told = pdfsig(folder.path(), &signed);
            assert!(told.contains("Signature #1"), "{told}");
            assert!(!told.contains("Invalid"), "{told}");
            assert!(told.contains("Signature is Valid"), "{told}");
            assert_eq!(told.contains("Signature #2"), level == Level::LTA, "{told}");
        }
    }
}

#[test]
fn every_algorithm_is_accepted_by_pdfsig() {
    let practice = Practice::new();
    let folder = tempfile::tempdir().unwrap();
    for algorithm in SignatureAlgorithm::DOCUMENTS {
        let signer = DocumentSigner::new(&practice, algorithm);
        let signed = sign(&practice, &signer, &pdf::sample(), Level::B, Some(&mark()));
        qpdf_accepts(folder.path(), &signed);
        let told = pdfsig(folder.path(), &signed);
        assert!(told.contains("Signature is Valid"), "{algorithm}: {told}");
        assert!(
            told.contains("Total document signed"),
            "{algorithm}: {told}"
        );
    }
}

#[test]
fn a_signed_file_is_signed_again_without_breaking_the_first_signature() {
    let practice = Practice::new();
    let folder = tempfile::tempdir().unwrap();
    let first = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let second = DocumentSigner::new(&practice, SignatureAlgorithm::EcdsaP256Sha256);
    for original in [pdf::sample(), pdf::compressed(), pdf::with_form_apart()] {
        let once = sign(&practice, &first, &original, Level::LTA, None);
        let twice = sign(&practice, &second, &once, Level::LT, Some(&mark()));
        assert!(twice.starts_with(&once));
        qpdf_accepts(folder.path(), &twice);
        let told = pdfsig(folder.path(), &twice);
        // Three with the document time stamp, which this program finds and does not verify.
        assert_eq!(told.matches("Signature is Valid").count(), 2, "{told}");
        assert!(told.contains("Signature #3"), "{told}");
    }
}

#[test]
fn what_is_not_signed_is_refused_before() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let refusal = |pdf: &[u8], options: &PadesOptions<'_>| match pades::prepare(
        pdf,
        &signer.signer(),
        options,
    ) {
        Err(SigningError::Document { reason }) => reason,
        other => panic!("{other:?}"),
    };
    let plain = PadesOptions::default();
    for (objects, said) in [
        (
            "/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>",
            "a script",
        ),
        ("/OpenAction<</S/Launch/F(x)>>", "starts a program"),
        ("/AcroForm<</Fields[]/XFA(x)>>", "an XFA form"),
        ("/Names<</EmbeddedFiles<</Names[]>>>>", "an embedded file"),
        ("/AA<</WC<</S/#4aavaScript/JS(x)>>>>", "a script"),
    ] {
        let reason = refusal(&pdf::with_catalog_entries(objects), &plain);
        assert!(reason.contains(said), "{reason}");
    }
    let certified = |permission: u8| {
        pdf::with_catalog_entries(&format!(
            "/Perms<</DocMDP<</Type/Sig/Reference[<</TransformMethod/DocMDP/TransformParams<</P {permission}>>>>]>>>>"
        ))
    };
    assert!(refusal(&certified(1), &plain).contains("any change"));
    let mark = mark();
    let visible = PadesOptions {
        mark: Some(&mark),
        ..PadesOptions::default()
    };
    assert!(refusal(&certified(2), &visible).contains("visible mark"));
    assert!(pades::prepare(&certified(2), &signer.signer(), &plain).is_ok());
    assert!(pades::prepare(&certified(3), &signer.signer(), &visible).is_ok());
    assert!(refusal(b"%PDF-1.7\n", &plain).contains("cannot be read"));
    assert!(refusal(b"GIF89a", &plain).contains("does not begin as a PDF"));
    let mut damaged = pdf::sample();
    damaged.truncate(damaged.len() / 2);
    assert!(!refusal(&damaged, &plain).is_empty());
    let elsewhere = VisibleMark { page: 99, ..mark };
    let options = PadesOptions {
        mark: Some(&elsewhere),
        ..PadesOptions::default()
    };
    assert!(refusal(&pdf::sample(), &options).contains("page 100"));
}
