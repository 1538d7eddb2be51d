//! Software tokens: taken only where they are named, opened by a passphrase, marked as what they are, refused where the file
//! is not private, not protected, or not the certificate's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::stage::{Answer, Card, Stage, pki};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::symm::Cipher;
use openssl::x509::X509;
use paraphe::pin::{RequestedCode, TriesLeft};
use paraphe_certs::test_pki::{Authority, CardPerson, Issued, Level, Structure, Validity};
use paraphe_certs::{
    CardLogin, Category, Certificate, PathError, StructureLogin, StructureSeal, TrustStore,
    UnixTime,
};
use paraphe_protocol::api::{ErrorCode, Operation, Problem};
use paraphe_protocol::login::LoginAssertion;
use serde_json::{Value, json};

const PASSPHRASE: &str = "phrase secrète d'essai";

/// The two software certificates of a person, in files.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        let person = CardPerson {
            category: Category::TestSoftware,
            card_serial: None,
            ..CardPerson::sample_physician()
        };
        let now = UnixTime::from(SystemTime::now());
        let issued = pki().with_authorities(|pki| pki.issue_card(&person, now));
        let issued = issued.unwrap().unwrap();
        let files = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        // The one in PEM with its certificate, the other in PKCS#12 beside it.
        let key = private_key(&issued.authentication);
        let pem = encrypted(&key) + &issued.authentication.certificate.pem();
        files.write("login.pem", pem.as_bytes());
        let certificate = X509::from_der(issued.signature.certificate.der()).unwrap();
        let container = Pkcs12::builder()
            .pkey(&private_key(&issued.signature))
            .cert(&certificate)
            .build2(PASSPHRASE)
            .unwrap();
        files.write("sign.p12", &container.to_der().unwrap());
        files.write("sign.pem", issued.signature.certificate.pem().as_bytes());
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn configuration(&self) -> String {
        format!(
            "[[software]]\nname = \"login\"\npath = {:?}\n\n\
             [[software]]\nname = \"sign\"\npath = {:?}\ncertificate = {:?}\n",
            self.path("login.pem"),
            self.path("sign.p12"),
            self.path("sign.pem")
        )
    }

    fn stage(&self, answers: Vec<Answer>) -> Stage {
        Stage::with(answers, false, &self.configuration())
    }
}

fn private_key(issued: &Issued) -> PKey<Private> {
    PKey::private_key_from_pem(issued.private_key_pkcs8_pem.expose().as_bytes()).unwrap()
}

fn encrypted(key: &PKey<Private>) -> String {
    let cipher = Cipher::aes_256_cbc();
    let pem = key.private_key_to_pem_pkcs8_passphrase(cipher, PASSPHRASE.as_bytes());
    String::from_utf8(pem.unwrap()).unwrap()
}

fn login(token: &str) -> Value {
    let nonce = URL_SAFE_NO_PAD.encode([0x5A; 32]);
    json!({"nonce": nonce, "server": "regional", "reader": token})
}

fn lot(token: &str) -> Value {
    let document =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/documents/note-de-suivi.txt");
    json!({"profile": "dsg", "patient": {"ins": "282049999900264"}, "reader": token,
           "documents": [{"source": {"path": document.canonicalize().unwrap()}, "title": "Note"}]})
}

#[track_caller]
fn problem(result: Result<Value, Problem>) -> Problem {
    match result {
        Err(problem) => problem,
        Ok(value) => panic!("succeeded: {value}"),
    }
}

#[tokio::test]
async fn a_software_token_that_is_named_logs_in_and_signs_and_says_what_it_is() {
    let files = Files::new();
    let stage = files.stage(vec![
        Answer::Passphrase("not this one"),
        Answer::Passphrase(PASSPHRASE),
        Answer::Passphrase(PASSPHRASE),
    ]);
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    let names: Vec<_> = status["tokens"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["name"])
        .collect();
    assert_eq!(names, ["login", "sign"]);
    let read = json!({"reader": "login"});
    let read = stage.perform(Operation::CardRead, read).await.unwrap();
    assert_eq!(read["card"]["kind"], "software");
    assert_eq!(read["assurance"], "software");
    assert!(read.get("pin").is_none());
    let logged_in = stage
        .perform(Operation::Login, login("login"))
        .await
        .unwrap();
    assert_eq!(logged_in["assurance"], "software");
    let signed = stage
        .perform(Operation::LotSign, lot("sign"))
        .await
        .unwrap();
    let body = json!({"signature": signed["signature"], "documents": [lot("sign")["documents"][0]["source"]]});
    let report = stage.perform(Operation::Verify, body).await.unwrap();
    assert_eq!(report["conclusion"], "total-passed", "{report}");
    let asked = stage.asked();
    assert_eq!(asked.len(), 3);
    assert_eq!(asked[0].code, RequestedCode::Passphrase);
    assert_eq!(asked[0].tries_left, TriesLeft::Unlimited);
    assert!(asked[1].wrong_before);
    assert!(!asked[0].description().contains("Essais restants"));
}

#[tokio::test]
async fn a_software_token_is_never_taken_unnamed() {
    let files = Files::new();
    let stage = files.stage(vec![]);
    let refused = problem(stage.perform(Operation::CardRead, json!({})).await);
    assert_eq!(refused.code, ErrorCode::ReaderAbsent);
    stage.insert("Lecteur 1", &Card::shipped("nurse"));
    let card = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(card["card"]["kind"], "cps3");
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    let serial = &status["tokens"][1]["card"]["serial"];
    let body = json!({"card": serial});
    let token = stage.perform(Operation::CardRead, body).await.unwrap();
    assert_eq!(token["reader"], "sign");
    for body in [
        json!({"reader": "login", "card": serial}),
        json!({"card": "1"}),
    ] {
        let refused = problem(stage.perform(Operation::CardRead, body).await);
        assert_eq!(refused.code, ErrorCode::CardChanged);
    }
    // Its passphrase is not a PIN, and its key is for one use.
    let refused = problem(
        stage
            .perform(Operation::PinChange, json!({"reader": "sign"}))
            .await,
    );
    assert_eq!(refused.code, ErrorCode::PinNotManagedHere);
    let refused = problem(stage.perform(Operation::Login, login("sign")).await);
    assert_eq!(refused.code, ErrorCode::CertificateMissing);
}

#[tokio::test]
async fn a_structure_seals_a_lot_and_its_login_is_refused_by_the_record_s_rules() {
    let files = Files::new();
    let clinic = Structure::sample_clinic();
    let validity = Validity::of_card(UnixTime::from(SystemTime::now()));
    let authority = Authority::Organizations(Level::Elementaire);
    let issued = pki().with_authorities(|pki| {
        [
            clinic.client_authentication_template(validity),
            clinic.seal_template(validity),
        ]
        .map(|template| pki.issue(authority, &template).unwrap())
    });
    let [client, seal] = issued.unwrap();
    for (name, issued) in [("login.pem", &client), ("sign.p12", &seal)] {
        files.write(name, encrypted(&private_key(issued)).as_bytes());
    }
    let pem = encrypted(&private_key(&client)) + &client.certificate.pem();
    files.write("login.pem", pem.as_bytes());
    files.write("sign.pem", seal.certificate.pem().as_bytes());
    let stage = files.stage(vec![
        Answer::Passphrase(PASSPHRASE),
        Answer::Passphrase(PASSPHRASE),
    ]);

    let read = json!({"reader": "sign"});
    let read = stage.perform(Operation::CardRead, read).await.unwrap();
    assert_eq!(read["structure"]["structure_id"], "1999999904");
    assert!(read.get("holder").is_none());
    let signed = stage
        .perform(Operation::LotSign, lot("sign"))
        .await
        .unwrap();
    assert_eq!(signed["structure"]["name"], "CLINIQUE DU SIMULATEUR");
    assert!(signed.get("signer").is_none());
    assert!(
        stage.asked()[0]
            .description()
            .contains("CLINIQUE DU SIMULATEUR")
    );
    let body = json!({"signature": signed["signature"], "documents": [lot("sign")["documents"][0]["source"]]});
    let report = stage.perform(Operation::Verify, body).await.unwrap();
    assert_eq!(report["conclusion"], "total-passed", "{report}");
    assert_eq!(report["structure"]["structure_id"], "1999999904");

    // A CDA header names a professional.
    let mut wrapped = lot("sign");
    wrapped["cda"] = json!(true);
    wrapped["patient"] = json!({"ins": "282049999900264", "birth_name": "ESSAI", "given_names": "ANNE",
        "birth_date": "19820415", "sex": "F", "birth_place": "69123"});
    let refused = problem(stage.perform(Operation::LotSign, wrapped).await);
    assert_eq!(refused.code, ErrorCode::CertificateWrongUse);

    let logged_in = stage
        .perform(Operation::Login, login("login"))
        .await
        .unwrap();
    assert_eq!(logged_in["assurance"], "software");
    let assertion: LoginAssertion = serde_json::from_value(logged_in["assertion"].clone()).unwrap();
    let certificate = Certificate::from_der(assertion.claimed_certificate()).unwrap();
    let mut trust = TrustStore::new();
    trust.accept_test(true);
    for (folder, add) in [
        (
            pki().anchors(),
            TrustStore::add_anchors_pem as fn(&mut _, &_) -> _,
        ),
        (pki().intermediates(), TrustStore::add_intermediates_pem),
        (pki().crls(), TrustStore::add_crls_pem),
    ] {
        for entry in fs::read_dir(folder).unwrap() {
            add(&mut trust, &fs::read(entry.unwrap().path()).unwrap()).unwrap();
        }
    }
    let now = UnixTime::from(SystemTime::now());
    assert!(matches!(
        trust.verify::<CardLogin>(&certificate, now),
        Err(PathError::Holder(_))
    ));
    let verified = trust.verify::<StructureLogin>(&certificate, now).unwrap();
    assert_eq!(verified.subject().common_name, clinic.common_name);
    assert!(matches!(
        trust.verify::<StructureSeal>(&certificate, now),
        Err(PathError::WrongUse { .. })
    ));
}

#[tokio::test]
async fn a_file_that_is_not_private_not_protected_or_not_the_certificate_s_is_refused() {
    let files = Files::new();
    let refusal = async |answers| {
        let stage = files.stage(answers);
        problem(stage.perform(Operation::Login, login("login")).await)
    };
    let ask = || vec![Answer::Passphrase(PASSPHRASE)];
    let good = fs::read_to_string(files.path("login.pem")).unwrap();
    let certificate = &good[good.find("-----BEGIN CERTIFICATE").unwrap()..];
    let other = PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let open = String::from_utf8(other.private_key_to_pem_pkcs8().unwrap()).unwrap();
    for (content, answers, detail) in [
        (
            encrypted(&other) + certificate,
            ask(),
            "not the certificate's",
        ),
        (open + certificate, ask(), "no passphrase"),
        (certificate.to_owned(), ask(), "neither PKCS#12 nor"),
        (
            good.replace("CERTIFICATE", "SOMETHING"),
            vec![],
            "no readable certificate",
        ),
        ("x".repeat(70_000), vec![], "too long"),
    ] {
        files.write("login.pem", content.as_bytes());
        let refused = refusal(answers).await;
        assert_eq!(refused.code, ErrorCode::SoftwareTokenUnusable, "{detail}");
        let said = refused.detail.unwrap();
        assert!(said.contains(detail) && said.contains("login"), "{said}");
    }
    files.write("login.pem", good.as_bytes());
    fs::set_permissions(files.path("login.pem"), fs::Permissions::from_mode(0o640)).unwrap();
    assert_eq!(refusal(vec![]).await.code, ErrorCode::SoftwareTokenUnusable);
    fs::remove_file(files.path("login.pem")).unwrap();
    assert_eq!(refusal(vec![]).await.code, ErrorCode::SoftwareTokenUnusable);
    let stage = files.stage(vec![]);
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    assert!(
        status["warnings"]
            .to_string()
            .contains("software-token-unusable")
    );
}
