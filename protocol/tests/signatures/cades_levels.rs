//! CAdES signatures raised from B to LTA: each level is read as what it is, `openssl cms` still accepts the file and `openssl ts`
//! accepts its stamps; what was changed under a stamp is told.
//!
//! Needs the program `openssl` and fails without it.

use std::process::Command;

use crate::support::document_signer::DocumentSigner;
use crate::support::time_stamping::{
    OCSP_RESPONSE, add_time_stamp, evidence_with_ocsp_response as evidence, raise, stamp,
};
use crate::support::{NOW, Practice};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::cades;
use paraphe_protocol::signature::{
    DigestAlgorithm, DocumentsInMemory, Level, Output, SignatureFile, SigningError,
};
use paraphe_protocol::time_stamp::TimeStampToken;

const DOCUMENT: &[u8] = b"Lettre de liaison, TEST SIMULATEUR\n";

fn contents() -> DocumentsInMemory<'static> {
    DocumentsInMemory(&[DOCUMENT])
}

fn next_stamp(practice: &Practice, file: &mut dyn SignatureFile) {
    add_time_stamp(practice, file, DigestAlgorithm::Sha256, &[DOCUMENT]);
}

/// Level B of a signature beside or around the document.
fn base(signer: &DocumentSigner, is_attached: bool) -> Box<dyn SignatureFile> {
    let prepared = if is_attached {
        cades::prepare_attached(DOCUMENT.to_vec(), &signer.signer()).unwrap()
    } else {
        let digest = signer.algorithm.digest().digest(DOCUMENT).unwrap();
        cades::prepare_detached(&digest, &signer.signer()).unwrap()
    };
    let value = signer.sign(prepared.to_be_signed());
    prepared.complete(&value).unwrap()
}

fn raised(
    practice: &Practice,
    signer: &DocumentSigner,
    is_attached: bool,
    level: Level,
    archive_digest: DigestAlgorithm,
) -> Vec<u8> {
    let mut file = base(signer, is_attached);
    raise(
        practice,
        file.as_mut(),
        level,
        &[DOCUMENT],
        &evidence(practice),
        archive_digest,
    );
    match file.finish().unwrap() {
        Output::Whole(bytes) => bytes,
        Output::Appended(_) | Output::Container(_) => {
            panic!("a CAdES signature is a file of its own")
        }
    }
}

fn openssl_accepts(practice: &Practice, bytes: &[u8], is_attached: bool) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let anchors = practice.pki.anchors_pem() + &practice.pki.intermediates_pem();
    std::fs::write(path("anchors.pem"), anchors).unwrap();
    std::fs::write(path("document"), DOCUMENT).unwrap();
    std::fs::write(path("signature.p7s"), bytes).unwrap();
    let mut command = Command::new("openssl");
    command
        .args(["cms", "-verify", "-cades", "-binary", "-inform", "DER"])
        .args(["-in", "signature.p7s", "-out", "content"])
        .args(["-CAfile", "anchors.pem", "-attime", &NOW.0.to_string()])
        .current_dir(folder.path());
    if !is_attached {
        command.args(["-content", "document"]);
    }
    let output = command.output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

/// `openssl ts -verify` over the bytes that the stamp is of.
fn openssl_accepts_stamp(practice: &Practice, token: &TimeStampToken, imprint: &[u8]) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let anchors = practice.pki.anchors_pem() + &practice.pki.intermediates_pem();
    std::fs::write(path("anchors.pem"), anchors).unwrap();
    std::fs::write(path("token"), token.der()).unwrap();
    let hexadecimal: String = imprint.iter().map(|byte| format!("{byte:02x}")).collect();
    let output = Command::new("openssl")
        .args(["ts", "-verify", "-digest", &hexadecimal, "-token_in"])
        .args(["-in", "token", "-CAfile", "anchors.pem"])
        .args(["-attime", &NOW.plus_seconds(60).0.to_string()])
        .current_dir(folder.path())
        .output()
        .unwrap();
    print!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

#[test]
fn every_level_is_read_as_what_it_is() {
    let practice = Practice::new();
    for algorithm in [
        SignatureAlgorithm::RsaPkcs1Sha256,
        SignatureAlgorithm::EcdsaP384Sha384,
    ] {
        let signer = DocumentSigner::new(&practice, algorithm);
        for is_attached in [false, true] {
            for level in Level::ALL {
                let bytes = raised(
                    &practice,
                    &signer,
                    is_attached,
                    level,
                    DigestAlgorithm::Sha256,
                );
                let read = cades::read(&bytes, Some(&mut contents())).unwrap();
                assert_eq!(read.level(), level);
                assert_eq!(read.algorithm(), algorithm);
                assert!(openssl_accepts(&practice, &bytes, is_attached), "{level:?}");
                let stamps = read
                    .signature_time_stamps()
                    .iter()
                    .chain(read.archive_time_stamps());
                let mut count = 0;
                for stamp in stamps {
                    count += 1;
                    assert!(stamp.imprint_matches());
                    let imprint = stamp.token().info().imprint();
                    assert!(openssl_accepts_stamp(&practice, stamp.token(), imprint));
                }
                assert_eq!(count, [0, 1, 1, 2][level as usize]);
                let lists = read.evidence().revocation_lists().len();
                assert_eq!(lists > 0, level >= Level::LT);
                let responses = read.evidence().ocsp_responses();
                assert_eq!(responses.len(), usize::from(level >= Level::LT));
            }
        }
    }
}

#[test]
fn an_archive_stamp_tells_when_what_it_protects_changed() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let bytes = raised(
        &practice,
        &signer,
        false,
        Level::LTA,
        DigestAlgorithm::Sha256,
    );
    let holds = |bytes: &[u8]| {
        cades::read(bytes, Some(&mut contents())).is_ok_and(|read| {
            read.archive_time_stamps()
                .iter()
                .all(|stamp| stamp.imprint_matches())
        })
    };
    assert!(holds(&bytes));
    // An authority's certificate and a list are no part of what the signer signed, only of what the stamp protects.
    let issuer = practice.issuing_authority();
    let read = cades::read(&bytes, Some(&mut contents())).unwrap();
    let list = read.evidence().revocation_lists().first().unwrap();
    for protected in [issuer.der(), list.der(), OCSP_RESPONSE] {
        let place = bytes
            .windows(protected.len())
            .position(|window| window == protected)
            .unwrap();
        let mut changed = bytes.clone();
        // The last byte: a signature's, or a status.
        changed[place + protected.len() - 1] ^= 1;
        assert!(!holds(&changed), "at {place}");
    }
}

#[test]
fn steps_out_of_order_are_refused() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let mut file = base(&signer, false);
    let token = stamp(&practice, DigestAlgorithm::Sha256, &[7; 32], NOW);
    let out_of_order = |level| Err(SigningError::OutOfOrder { level });
    assert_eq!(file.add_time_stamp(&token), out_of_order(Level::B));
    assert_eq!(
        file.add_evidence(&evidence(&practice)),
        out_of_order(Level::B)
    );
    file.imprint(DigestAlgorithm::Sha256, &mut contents())
        .unwrap();
    assert_eq!(
        file.add_time_stamp(&token),
        Err(SigningError::TimeStampImprint)
    );
    next_stamp(&practice, file.as_mut());
    assert!(matches!(
        file.imprint(DigestAlgorithm::Sha256, &mut contents()),
        Err(SigningError::OutOfOrder { level: Level::T })
    ));
    file.add_evidence(&evidence(&practice)).unwrap();
    assert_eq!(
        file.add_evidence(&evidence(&practice)),
        out_of_order(Level::LT)
    );
    next_stamp(&practice, file.as_mut());
    assert!(matches!(
        file.imprint(DigestAlgorithm::Sha256, &mut contents()),
        Err(SigningError::OutOfOrder { level: Level::LTA })
    ));
}

#[test]
fn an_archive_stamp_of_another_digest_needs_the_document_once_more() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha512);
    let bytes = raised(
        &practice,
        &signer,
        false,
        Level::LTA,
        DigestAlgorithm::Sha256,
    );
    let read = cades::read(&bytes, Some(&mut contents())).unwrap();
    assert!(read.archive_time_stamps()[0].imprint_matches());
    let mut file = base(&signer, false);
    next_stamp(&practice, file.as_mut());
    file.add_evidence(&evidence(&practice)).unwrap();
    let gone = file.imprint(DigestAlgorithm::Sha256, &mut DocumentsInMemory(&[]));
    assert!(matches!(gone, Err(SigningError::Contents(_))));
}
