//! A patient's own token, which the configuration calls one: it signs lots of the patient's documents, and nothing else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

use crate::stage::{Answer, Stage};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openssl::pkey::PKey;
use openssl::symm::Cipher;
use paraphe_certs::test_pki::{
    Authority, CardPerson, CertificateTemplate, Issued, Level, TestPki, TestPkiOptions, Validity,
    utf8,
};
use paraphe_certs::{Category, UnixTime};
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::lot::{LotLimits, PresentedDocuments, verify, verify_patient};
use serde_json::{Value, json};

const PASSPHRASE: &str = "phrase secrète d'essai";
/// A name that would be worth showing, if windows repeated what certificates say.
const NAME: &str = "Dr ESSAI-DUPONT";

/// Authorities of patients: none that the workstation knows.
fn authorities(now: UnixTime) -> TestPki {
    TestPki::generate_with(&TestPkiOptions::quick(), now).unwrap()
}

/// The signature certificate of a person's software key.
fn software(now: UnixTime) -> CertificateTemplate {
    let person = CardPerson {
        category: Category::TestSoftware,
        card_serial: None,
        ..CardPerson::sample_physician()
    };
    person.signature_template(Validity::of_card(now))
}

/// A token of a patient: a name, and nothing of the professionals' profile.
fn patients(now: UnixTime) -> CertificateTemplate {
    CertificateTemplate {
        subject: vec![vec![utf8("2.5.4.3", NAME)]],
        extensions: Vec::new(),
        extended_key_usage: Vec::new(),
        ..software(now)
    }
}

fn issue(pki: &TestPki, template: &CertificateTemplate) -> Issued {
    let authority = Authority::Persons(Level::Elementaire);
    pki.issue(authority, template).unwrap()
}

/// A workstation with this key in a file; `more` is what the configuration adds to it.
fn stage(folder: &Path, issued: &Issued, more: &str, answers: Vec<Answer>) -> Stage {
    let key = issued.private_key_pkcs8_pem.expose().as_bytes();
    let key = PKey::private_key_from_pem(key).unwrap();
    let pem = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), PASSPHRASE.as_bytes());
    let pem = String::from_utf8(pem.unwrap()).unwrap() + &issued.certificate.pem();
    let file = folder.join("token.pem");
    fs::write(&file, pem).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let configuration = format!("[[software]]\nname = \"token\"\npath = {file:?}\n{more}\n");
    Stage::with(answers, false, &configuration)
}

fn document() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/documents/note-de-suivi.txt");
    json!({"path": path.canonicalize().unwrap()})
}

fn lot() -> Value {
    json!({"profile": "dsg", "patient": {"ins": "282049999900264"}, "reader": "token",
           "documents": [{"source": document(), "title": "Note"}]})
}

#[tokio::test]
async fn a_patients_token_signs_a_lot_that_is_a_patients_for_whoever_trusts_their_authority() {
    let now = UnixTime::from(SystemTime::now());
    let pki = authorities(now);
    let token = issue(&pki, &patients(now));
    let folder = tempfile::tempdir().unwrap();
    let answers = vec![Answer::Passphrase(PASSPHRASE)];
    let stage = stage(folder.path(), &token, "patient = true", answers);
    let signed = stage.perform(Operation::LotSign, lot()).await.unwrap();
    assert!(signed.get("signer").is_none() && signed.get("structure").is_none());
    // The window names the token as the configuration does.
    let shown = stage.asked()[0].description();
    assert!(shown.contains("token") && !shown.contains(NAME), "{shown}");

    let get = json!({"document": signed["signature"]["document"], "offset": 0});
    let xml = stage.perform(Operation::DocumentGet, get).await.unwrap();
    let xml = STANDARD.decode(xml["content"].as_str().unwrap()).unwrap();
    let path = document()["path"].as_str().unwrap().to_owned();
    let digests = [Sha256Digest::of(&fs::read(path).unwrap())];
    let presented = || PresentedDocuments::ByContent(&digests);
    let (store, limits) = (pki.trust_store(now).unwrap(), LotLimits::default());
    let at = UnixTime::from(SystemTime::now());
    let verified = verify_patient(&xml, presented(), &store, at, &limits).unwrap();
    assert_eq!(verified.signer().certificate(), &token.certificate);
    assert!(verify(&xml, presented(), &store, at, &limits).is_err());
}

#[tokio::test]
async fn a_patients_token_does_nothing_else_and_nobody_elses_is_one() {
    let now = UnixTime::from(SystemTime::now());
    let pki = authorities(now);
    let token = issue(&pki, &patients(now));
    let folder = tempfile::tempdir().unwrap();
    let theirs = stage(folder.path(), &token, "patient = true", vec![]);
    let nonce = URL_SAFE_NO_PAD.encode([0x5A; 32]);
    let mut wrapped = lot();
    wrapped["cda"] = json!(true);
    wrapped["patient"] = json!({"ins": "282049999900264", "birth_name": "ESSAI", "given_names": "ANNE",
        "birth_date": "19820415", "sex": "F", "birth_place": "69123"});
    let login = json!({"nonce": nonce, "server": "regional", "reader": "token"});
    let sign = json!({"format": "cades", "reader": "token",
        "documents": [{"source": document(), "name": "note.txt"}]});
    for (operation, body, code) in [
        (Operation::Login, login, ErrorCode::CertificateMissing),
        (Operation::Sign, sign, ErrorCode::CertificateWrongUse),
        (Operation::LotSign, wrapped, ErrorCode::CertificateWrongUse),
    ] {
        let refused = theirs.perform(operation, body).await.unwrap_err();
        assert_eq!(refused.code, code, "{refused:?}");
    }
    assert!(theirs.asked().is_empty(), "no passphrase was asked for");

    // Not configured as a patient's, and a professional's that is.
    let professional = issue(&pki, &software(now));
    for (issued, more) in [(&token, ""), (&professional, "patient = true")] {
        let stage = stage(folder.path(), issued, more, vec![]);
        let refused = stage.perform(Operation::LotSign, lot()).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::CertificateMissing, "{refused:?}");
        assert!(stage.asked().is_empty());
    }
}
