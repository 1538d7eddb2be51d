//! JAdES signatures raised from B to LTA: each level is read as what it is, jwcrypto still accepts the file, and `openssl ts` accepts
//! its stamps over what this test takes out of the JSON by itself; what was changed under a stamp is told.
//!
//! Needs the program `openssl`, and jwcrypto in the judges' Python, and fails without them.

use std::process::Command;

use crate::support::document_signer::DocumentSigner;
use crate::support::jades::{check_jades as check, jwcrypto, prepared, sign_protected};
use crate::support::time_stamping::{add_time_stamp, evidence, raise, stamp};
use crate::support::xades::whole;
use crate::support::{NOW, Practice};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::signature::{
    DigestAlgorithm, DocumentsInMemory, Level, Packaging, SignatureFile, SigningError,
};
use serde_json::{Value, json};

const FILES: [(&str, &[u8]); 2] = [
    ("lettre.txt", b"Lettre de liaison\n"),
    ("radio.bin", b"\0\x01"),
];
const PACKAGINGS: [Packaging; 2] = [Packaging::Detached, Packaging::Enveloping];

fn beside(packaging: Packaging) -> &'static [(&'static str, &'static [u8])] {
    match packaging {
        Packaging::Detached => &FILES,
        _ => &[],
    }
}

fn base(signer: &DocumentSigner, packaging: Packaging) -> Box<dyn SignatureFile> {
    let prepared = prepared(signer, packaging, &FILES);
    let value = signer.sign(prepared.to_be_signed());
    prepared.complete(&value).unwrap()
}

fn next_stamp(practice: &Practice, file: &mut dyn SignatureFile) {
    let documents = FILES.map(|(_, bytes)| bytes);
    add_time_stamp(practice, file, DigestAlgorithm::Sha256, &documents);
}

fn raised(
    practice: &Practice,
    signer: &DocumentSigner,
    packaging: Packaging,
    level: Level,
) -> Vec<u8> {
    let mut file = base(signer, packaging);
    raise(
        practice,
        file.as_mut(),
        level,
        &FILES.map(|(_, bytes)| bytes),
        &evidence(practice),
        DigestAlgorithm::Sha512,
    );
    whole(file.finish().unwrap())
}

/// The components of `etsiU`, decoded.
fn components(file: &Value) -> Vec<Value> {
    let Some(components) = file["header"]["etsiU"].as_array() else {
        return Vec::new();
    };
    let decoded = components
        .iter()
        .map(|text| URL_SAFE_NO_PAD.decode(text.as_str().unwrap()));
    decoded
        .map(|bytes| serde_json::from_slice(&bytes.unwrap()).unwrap())
        .collect()
}

/// `openssl ts -verify` of a token over these bytes.
fn openssl_accepts(practice: &Practice, component: &Value, data: &[u8]) -> bool {
    let token = component["tstTokens"][0]["val"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let anchors = practice.pki.anchors_pem() + &practice.pki.intermediates_pem();
    std::fs::write(path("anchors.pem"), anchors).unwrap();
    std::fs::write(path("token"), STANDARD.decode(token).unwrap()).unwrap();
    std::fs::write(path("data"), data).unwrap();
    let output = Command::new("openssl")
        .args(["ts", "-verify", "-data", "data", "-token_in"])
        .args(["-in", "token", "-CAfile", "anchors.pem"])
        .args(["-attime", &NOW.plus_seconds(60).0.to_string()])
        .current_dir(folder.path())
        .output()
        .unwrap();
    print!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

/// What the stamp over everything is of, by TS 119 182-1 clause 5.3.6.3.1: recomputed from the file alone.
fn archived(file: &Value, packaging: Packaging) -> Vec<u8> {
    let text = |name: &str| file[name].as_str().unwrap();
    let mut data = match packaging {
        Packaging::Detached => FILES.map(|(_, bytes)| bytes).concat(),
        _ => text("payload").as_bytes().to_vec(),
    };
    for part in [".", text("protected"), ".", text("signature"), "."] {
        data.extend_from_slice(part.as_bytes());
    }
    let components = file["header"]["etsiU"].as_array().unwrap();
    for component in &components[..components.len() - 1] {
        data.extend_from_slice(component.as_str().unwrap().as_bytes());
    }
    data
}

#[test]
fn every_level_is_read_as_what_it_is() {
    let practice = Practice::new();
    for algorithm in [
        SignatureAlgorithm::RsaPssSha512,
        SignatureAlgorithm::EcdsaP384Sha384,
    ] {
        let signer = DocumentSigner::new(&practice, algorithm);
        for packaging in PACKAGINGS {
            for level in Level::ALL {
                let bytes = raised(&practice, &signer, packaging, level);
                let files = beside(packaging);
                jwcrypto(&signer, &bytes, files).unwrap();
                let signature = check(&bytes, files).unwrap();
                assert_eq!(signature.level(), level);
                let stamps = signature
                    .signature_time_stamps()
                    .iter()
                    .chain(signature.archive_time_stamps());
                assert!(stamps.clone().all(|stamp| stamp.imprint_matches()));
                assert_eq!(stamps.count(), [0, 1, 1, 2][level as usize]);
                let found = signature.evidence();
                let has_evidence = level >= Level::LT;
                assert_eq!(!found.revocation_lists().is_empty(), has_evidence);
                let file: Value = serde_json::from_slice(&bytes).unwrap();
                let components = components(&file);
                if level >= Level::T {
                    let value = file["signature"].as_str().unwrap().as_bytes();
                    assert!(openssl_accepts(&practice, &components[0]["sigTst"], value));
                }
                if level >= Level::LT {
                    let certificates = components[1]["xVals"].as_array().unwrap();
                    assert!(certificates.len() >= practice.pki.authorities().count());
                    assert!(components[2]["rVals"]["crlVals"].is_array());
                }
                if level == Level::LTA {
                    let data = archived(&file, packaging);
                    assert!(openssl_accepts(&practice, &components[3]["arcTst"], &data));
                    assert!(!openssl_accepts(&practice, &components[3]["arcTst"], b"x"));
                }
            }
        }
    }
}

#[test]
fn stamps_tell_when_what_they_protect_changed() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::EcdsaP256Sha256);
    for packaging in PACKAGINGS {
        let bytes = raised(&practice, &signer, packaging, Level::LTA);
        let file: Value = serde_json::from_slice(&bytes).unwrap();
        let matches = |file: &Value| {
            let signature = check(file.to_string().as_bytes(), beside(packaging)).unwrap();
            let matches = |stamps: &[paraphe_protocol::signature::ImprintedTimeStamp]| {
                stamps.iter().all(|stamp| stamp.imprint_matches())
            };
            (
                matches(signature.signature_time_stamps()),
                matches(signature.archive_time_stamps()),
            )
        };
        assert_eq!(matches(&file), (true, true));
        // Signed anew by the same key: both are of another value.
        let mut changed = file.clone();
        let protected = URL_SAFE_NO_PAD.decode(file["protected"].as_str().unwrap());
        sign_protected(&signer, &mut changed, &protected.unwrap());
        assert_eq!(matches(&changed), (false, false));
        // Evidence taken away, added, in another order, or written otherwise.
        let edits: [fn(&mut Vec<Value>); 4] = [
            |components| drop(components.remove(1)),
            |components| components.insert(1, json!(URL_SAFE_NO_PAD.encode("{\"x\":1}"))),
            |components| components.swap(1, 2),
            |components| {
                let text = components[2].as_str().unwrap();
                let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
                components[2] = json!(URL_SAFE_NO_PAD.encode(text + " "));
            },
        ];
        for edit in edits {
            let mut changed = file.clone();
            edit(changed["header"]["etsiU"].as_array_mut().unwrap());
            assert_eq!(matches(&changed), (true, false));
        }
        // In clear, nobody can tell which bytes were stamped.
        let mut changed = file.clone();
        changed["header"]["etsiU"] = components(&file).into();
        assert_eq!(matches(&changed), (true, false));
        let signature = check(changed.to_string().as_bytes(), beside(packaging)).unwrap();
        assert!(!signature.evidence().revocation_lists().is_empty());
    }
}

#[test]
fn evidence_is_read_wherever_the_standard_puts_it() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::EcdsaP256Sha256);
    let bytes = raised(&practice, &signer, Packaging::Detached, Level::LT);
    let file: Value = serde_json::from_slice(&bytes).unwrap();
    let components = components(&file);
    let (certificates, revocation) = (&components[1]["xVals"], &components[2]["rVals"]);
    let count = check(&bytes, &FILES)
        .unwrap()
        .evidence()
        .certificates()
        .len();
    for placed in [
        vec![json!({"tstVD": {"xVals": certificates, "rVals": revocation}})],
        vec![json!({"anyValData": {"xVals": certificates, "rVals": revocation}})],
        vec![
            json!({"axVals": certificates}),
            json!({"arVals": revocation}),
        ],
        vec![
            json!({"xRefs": []}),
            components[1].clone(),
            components[2].clone(),
        ],
    ] {
        let mut changed = file.clone();
        let mut all = vec![components[0].clone()];
        all.extend(placed);
        changed["header"]["etsiU"] = all.into();
        let signature = check(changed.to_string().as_bytes(), &FILES).unwrap();
        assert_eq!(signature.level(), Level::LT);
        assert_eq!(signature.evidence().certificates().len(), count);
        assert!(!signature.evidence().revocation_lists().is_empty());
    }
    for hostile in [
        json!({"xVals": [{"x509Cert": {"val": "AAAA"}}]}),
        json!({"xVals": [{"x509Cert": {"val": "AAAA", "encoding": "urn:x"}}]}),
        json!({"xVals": {}}),
        json!({"rVals": {"crlVals": [{"val": "AAAA"}]}}),
        json!({"rVals": {"crlVals": [{}]}}),
        json!({"rVals": {"ocspVals": [{"val": "%"}]}}),
        json!({"arcTst": {"tstTokens": [{"val": "AAAA"}]}}),
        json!({"arcTst": {}}),
        json!(1),
    ] {
        let mut changed = file.clone();
        changed["header"]["etsiU"] = json!([hostile]);
        assert!(check(changed.to_string().as_bytes(), &FILES).is_err());
    }
}

#[test]
fn steps_out_of_order_are_refused() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let mut file = base(&signer, Packaging::Detached);
    let token = stamp(&practice, DigestAlgorithm::Sha256, &[7; 32], NOW);
    let out_of_order = |level| Err(SigningError::OutOfOrder { level });
    assert_eq!(file.add_time_stamp(&token), out_of_order(Level::B));
    assert_eq!(
        file.add_evidence(&evidence(&practice)),
        out_of_order(Level::B)
    );
    let none = &mut DocumentsInMemory(&[]);
    file.imprint(DigestAlgorithm::Sha256, none).unwrap();
    assert_eq!(
        file.add_time_stamp(&token),
        Err(SigningError::TimeStampImprint)
    );
    next_stamp(&practice, file.as_mut());
    file.add_evidence(&evidence(&practice)).unwrap();
    // The documents are needed once more.
    let gone = file.imprint(DigestAlgorithm::Sha256, none);
    assert!(matches!(gone, Err(SigningError::Contents(_))));
    next_stamp(&practice, file.as_mut());
    assert!(matches!(
        file.imprint(DigestAlgorithm::Sha256, none),
        Err(SigningError::OutOfOrder { level: Level::LTA })
    ));
}
