//! pyHanko, which nobody here wrote, accepts our signed PDFs at every level, and we read what it signs.
//!
//! Needs pyHanko in the judges' Python (`sh tests/install.sh tests` puts it there) and fails without it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::document_signer::DocumentSigner;
use crate::support::judges::python;
use crate::support::pdf::{self, sign};
use crate::support::{NOW, Practice};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::pades;
use paraphe_protocol::signature::Level;

fn anchors(practice: &Practice, folder: &Path) -> PathBuf {
    let path = folder.join("anchors.pem");
    let anchors = practice.pki.anchors_pem() + &practice.pki.intermediates_pem();
    std::fs::write(&path, anchors).unwrap();
    path
}

fn judged(practice: &Practice, pdf: &[u8]) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("signed.pdf");
    std::fs::write(&path, pdf).unwrap();
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/interop/verify_pdf.py"
    );
    let output = Command::new(python())
        .arg(script)
        .arg(&path)
        .arg(anchors(practice, folder.path()))
        .arg(NOW.plus_seconds(120).0.to_string())
        .output()
        .unwrap();
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problems}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_level_is_accepted() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    for original in [pdf::sample(), pdf::compressed(), pdf::with_form_apart()] {
        for level in Level::ALL {
            let signed = sign(&practice, &signer, &original, level, None);
            let told = judged(&practice, &signed);
            println!("{level:?}: {told:?}");
            assert_eq!(told.len(), if level == Level::LTA { 2 } else { 1 });
            assert!(told.iter().all(|told| told["accepted"] == true), "{told:?}");
            let stamped = &told[0]["signature_time_stamp"];
            assert_eq!(*stamped == true, level >= Level::T, "{told:?}");
        }
    }
}

#[test]
fn every_algorithm_and_a_second_signature_are_accepted() {
    let practice = Practice::new();
    let first = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    for algorithm in SignatureAlgorithm::DOCUMENTS {
        let second = DocumentSigner::new(&practice, algorithm);
        let once = sign(&practice, &first, &pdf::sample(), Level::T, None);
        let twice = sign(&practice, &second, &once, Level::B, None);
        let told = judged(&practice, &twice);
        assert_eq!(told.len(), 2);
        assert!(
            told.iter().all(|told| told["accepted"] == true),
            "{algorithm}: {told:?}"
        );
        assert_eq!(told[1]["coverage"], "ENTIRE_FILE", "{told:?}");
    }
}

#[test]
fn what_pyhanko_signs_is_read() {
    let practice = Practice::new();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    std::fs::write(path("key.pem"), signer.private_key_pem()).unwrap();
    std::fs::write(path("certificate.pem"), signer.certificate.pem()).unwrap();
    for (name, original) in [
        ("classic", pdf::sample()),
        ("compressed", pdf::compressed()),
    ] {
        let ours = sign(&practice, &signer, &original, Level::LTA, None);
        for (input, count) in [(original, 1), (ours, 2)] {
            std::fs::write(path("input.pdf"), &input).unwrap();
            let output = Command::new(python())
                .args(["-m", "pyhanko", "sign", "addsig", "--field", "Theirs"])
                .args(["--use-pades", "pemder", "--key", "key.pem"])
                .args(["--cert", "certificate.pem", "--no-pass"])
                .args(["input.pdf", "output.pdf"])
                .current_dir(folder.path())
                .output()
                .unwrap();
            let problems = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{problems}");
            let found = pades::read(&std::fs::read(path("output.pdf")).unwrap()).unwrap();
            assert_eq!(found.len(), count, "{name}");
            for found in found {
                assert!(
                    found.outcome.is_ok(),
                    "{name} {}: {:?}",
                    found.field,
                    found.outcome
                );
            }
        }
    }
}
