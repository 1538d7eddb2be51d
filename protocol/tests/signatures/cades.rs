//! CAdES signatures: what is made is accepted by `openssl cms -verify -cades` and by us, what is changed by neither; what
//! OpenSSL makes is read.
//!
//! Needs the program `openssl` and fails without it.

use std::path::Path;
use std::process::Command;

use crate::support::document_signer::DocumentSigner;
use crate::support::{NOW, Practice};
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureError};
use paraphe_protocol::cades;
use paraphe_protocol::signature::{
    DigestAlgorithm, DocumentsInMemory, Level, Output, ReadError, SigningError, SubIndication,
};

const DOCUMENT: &[u8] = b"Compte rendu de consultation\nTEST SIMULATEUR\n";

fn whole(output: Output) -> Vec<u8> {
    match output {
        Output::Whole(bytes) => bytes,
        Output::Appended(_) | Output::Container(_) => {
            panic!("a CAdES signature is a file of its own")
        }
    }
}

fn detached(signer: &DocumentSigner) -> Vec<u8> {
    let digest = signer.algorithm.digest().digest(DOCUMENT).unwrap();
    let prepared = cades::prepare_detached(&digest, &signer.signer()).unwrap();
    let value = signer.sign(prepared.to_be_signed());
    let file = prepared.complete(&value).unwrap();
    assert_eq!(file.level(), Level::B);
    whole(file.finish().unwrap())
}

fn attached(signer: &DocumentSigner) -> Vec<u8> {
    let prepared = cades::prepare_attached(DOCUMENT.to_vec(), &signer.signer()).unwrap();
    let value = signer.sign(prepared.to_be_signed());
    whole(prepared.complete(&value).unwrap().finish().unwrap())
}

fn read_detached(bytes: &[u8]) -> Result<(), ReadError> {
    cades::read(bytes, Some(&mut DocumentsInMemory(&[DOCUMENT]))).map(|_| ())
}

/// `openssl cms -verify -cades`, with the path to the root and the purpose that our certificates have.
fn openssl_accepts(folder: &Path, practice: &Practice, bytes: &[u8], is_attached: bool) -> bool {
    let anchors = practice.pki.anchors_pem() + &practice.pki.intermediates_pem();
    std::fs::write(folder.join("anchors.pem"), anchors).unwrap();
    std::fs::write(folder.join("document"), DOCUMENT).unwrap();
    std::fs::write(folder.join("signature.p7s"), bytes).unwrap();
    let mut command = Command::new("openssl");
    command
        .args(["cms", "-verify", "-cades", "-binary", "-inform", "DER"])
        .args(["-in", "signature.p7s", "-out", "content"])
        .args(["-CAfile", "anchors.pem", "-attime", &NOW.0.to_string()])
        .current_dir(folder);
    if !is_attached {
        command.args(["-content", "document"]);
    }
    let output = command.output().unwrap();
    if !output.status.success() {
        print!("{}", String::from_utf8_lossy(&output.stderr));
    }
    output.status.success() && std::fs::read(folder.join("content")).unwrap() == DOCUMENT
}

#[test]
fn every_algorithm_is_accepted_by_openssl_and_by_us() {
    let practice = Practice::new();
    let folder = tempfile::tempdir().unwrap();
    for algorithm in SignatureAlgorithm::DOCUMENTS {
        let signer = DocumentSigner::new(&practice, algorithm);
        let bytes = detached(&signer);
        assert!(
            openssl_accepts(folder.path(), &practice, &bytes, false),
            "{algorithm} detached"
        );
        assert_eq!(read_detached(&bytes), Ok(()), "{algorithm} detached");
        let bytes = attached(&signer);
        assert!(
            openssl_accepts(folder.path(), &practice, &bytes, true),
            "{algorithm} attached"
        );
        assert!(cades::read(&bytes, None).is_ok(), "{algorithm} attached");
        assert!(cades::is_signature(&bytes));
    }
}

#[test]
fn what_openssl_signs_is_read() {
    let practice = Practice::new();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("document"), DOCUMENT).unwrap();
    for algorithm in SignatureAlgorithm::DOCUMENTS {
        let signer = DocumentSigner::new(&practice, algorithm);
        std::fs::write(path("key.pem"), signer.private_key_pem()).unwrap();
        std::fs::write(path("certificate.pem"), signer.certificate.pem()).unwrap();
        let digest = algorithm.digest().name().replace('-', "").to_lowercase();
        let sign = |more: &[&str]| {
            let mut command = Command::new("openssl");
            command
                .args(["cms", "-sign", "-binary", "-outform", "DER"])
                .args(["-in", "document", "-out", "signature.p7s", "-md", &digest])
                .args(["-signer", "certificate.pem", "-inkey", "key.pem"])
                .args(more)
                .current_dir(folder.path());
            if algorithm.name().starts_with("PS") {
                command.args(["-keyopt", "rsa_padding_mode:pss"]);
                command.args(["-keyopt", "rsa_pss_saltlen:digest"]);
                command.args(["-keyopt", &format!("rsa_mgf1_md:{digest}")]);
            }
            let output = command.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{algorithm}: {said}");
            std::fs::read(path("signature.p7s")).unwrap()
        };
        assert_eq!(read_detached(&sign(&["-cades"])), Ok(()), "{algorithm}");
        assert_eq!(
            read_detached(&sign(&["-cades", "-keyid"])),
            Ok(()),
            "{algorithm}"
        );
        let inside = sign(&["-cades", "-nodetach"]);
        assert!(cades::read(&inside, None).is_ok(), "{algorithm}");
        let without_certificate = read_detached(&sign(&["-cades", "-nocerts"])).unwrap_err();
        assert_eq!(without_certificate.code, "signer-certificate-missing");
        let without_attributes = read_detached(&sign(&["-noattr"])).unwrap_err();
        assert_eq!(without_attributes.code, "cms-attribute");
        let without_binding = read_detached(&sign(&[])).unwrap_err();
        assert_eq!(without_binding.code, "cms-attribute");
        // Indefinite lengths of BER. OpenSSL 3.0 cannot write PSS this way.
        if algorithm.name().starts_with("PS") {
            continue;
        }
        let streamed = read_detached(&sign(&["-cades", "-stream"])).unwrap_err();
        assert_eq!(streamed.code, "cms-malformed");
    }
}

#[test]
fn another_document_is_refused() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let bytes = detached(&signer);
    let mut other = DocumentsInMemory(&[b"another"]);
    let error = cades::read(&bytes, Some(&mut other)).unwrap_err();
    assert_eq!(error.sub_indication, SubIndication::HashFailure);
    assert_eq!(error.code, "document-changed");
    let error = cades::read(&bytes, None).unwrap_err();
    assert_eq!(error.sub_indication, SubIndication::SignedDataNotFound);
    let error = cades::read(&bytes, Some(&mut DocumentsInMemory(&[]))).unwrap_err();
    assert_eq!(error.sub_indication, SubIndication::SignedDataNotFound);
}

/// Every byte of the file but the certificates': those are judged by who validates the path.
#[test]
fn a_changed_byte_is_refused_by_openssl_and_by_us() {
    let practice = Practice::new();
    let folder = tempfile::tempdir().unwrap();
    for algorithm in [
        SignatureAlgorithm::RsaPkcs1Sha256,
        SignatureAlgorithm::RsaPssSha512,
        SignatureAlgorithm::EcdsaP384Sha384,
    ] {
        let signer = DocumentSigner::new(&practice, algorithm);
        let bytes = attached(&signer);
        let certificates: Vec<usize> = [&signer.certificate, &signer.chain[0]]
            .iter()
            .flat_map(|certificate| {
                let der = certificate.der();
                let start = find(&bytes, der).unwrap();
                start..start + der.len()
            })
            .collect();
        let places: Vec<usize> = (0..bytes.len())
            .filter(|place| !certificates.contains(place))
            .collect();
        let mut accepted = Vec::new();
        for place in &places {
            for change in [0x01, 0x80] {
                let mut changed = bytes.clone();
                changed[*place] ^= change;
                if cades::read(&changed, None).is_ok() {
                    accepted.push(*place);
                }
            }
        }
        println!(
            "{algorithm}: {} changes, {} accepted",
            2 * places.len(),
            accepted.len()
        );
        // The version of SignedData is signed by nobody and decides nothing.
        let version = find(&bytes, &[0x02, 0x01, 0x01, 0x31]).unwrap();
        accepted.retain(|place| !(version..version + 3).contains(place));
        assert_eq!(accepted, [0usize; 0], "{algorithm}");
        for place in places.iter().step_by(places.len() / 30) {
            let mut changed = bytes.clone();
            changed[*place] ^= 0x01;
            let judged = openssl_accepts(folder.path(), &practice, &changed, true);
            assert!(
                !judged || cades::read(&changed, None).is_err(),
                "{algorithm} at {place}"
            );
        }
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

#[test]
fn what_cannot_be_signed_is_refused_before() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let digest = DigestAlgorithm::Sha256.digest(DOCUMENT).unwrap();
    let with = |change: &dyn Fn(&mut paraphe_protocol::signature::Signer<'_>)| {
        let mut changed = signer.signer();
        change(&mut changed);
        cades::prepare_detached(&digest, &changed).map(|_| ())
    };
    assert_eq!(with(&|_| ()), Ok(()));
    assert!(matches!(
        with(&|signer| signer.algorithm = SignatureAlgorithm::EcdsaP256Sha256),
        Err(SigningError::WrongAlgorithm { .. })
    ));
    assert!(matches!(
        with(&|signer| signer.algorithm = SignatureAlgorithm::RsaPkcs1Sha512),
        Err(SigningError::Document { .. })
    ));
    assert_eq!(
        with(&|signer| signer.signing_time = paraphe_certs::UnixTime(i64::MAX)),
        Err(SigningError::SigningTime)
    );
    let mut login = signer.signer();
    login.certificate = &practice.card.authentication.certificate;
    assert!(matches!(
        cades::prepare_detached(&digest, &login),
        Err(SigningError::WrongUse { .. })
    ));
    let prepared = cades::prepare_detached(&digest, &signer.signer()).unwrap();
    let other = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let value = other.sign(prepared.to_be_signed());
    assert_eq!(
        prepared.complete(&value).map(|_| ()),
        Err(SigningError::Signature(SignatureError::Mismatch))
    );
}
