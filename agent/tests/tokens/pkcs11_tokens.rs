//! Tokens behind a PKCS#11 module, on SoftHSM: read, logged in with, signed with like a card; chosen by name, by serial number,
//! or where there is no card; with the rules of a PIN as far as PKCS#11 tells them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::soft_hsm::{PIN, SoftHsm};
use crate::stage::{self, AUDIENCE, Answer, Card, Stage, code, pki};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe::caller::Caller;
use paraphe::pin::{DescriptorPinEntry, PinEntryError, RefusedFiles, RequestedCode, TriesLeft};
use paraphe::reader::InProcessReaders;
use paraphe::service::Agent;
use paraphe_certs::test_pki::CardPerson;
use paraphe_certs::{Category, TrustStore, UnixTime};
use paraphe_protocol::api::{ErrorCode, Language, Operation};
use paraphe_protocol::card::LastTry;
use paraphe_protocol::login::{
    ChannelBinding, Expected, LoginAssertion, OfferedAlgorithms, ServerNonce, verify,
};
use serde_json::{Value, json};

const NONCE: [u8; 32] = [0x5A; 32];

fn login() -> Value {
    json!({"nonce": URL_SAFE_NO_PAD.encode(NONCE), "server": "regional"})
}

fn lot() -> Value {
    let document =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/documents/note-de-suivi.txt");
    json!({"profile": "dsg", "patient": {"ins": "282049999900264"},
           "documents": [{"source": {"path": document.canonicalize().unwrap()}, "title": "Note"}]})
}

#[track_caller]
fn stage(hsm: &SoftHsm, answers: Vec<Answer>) -> Stage {
    Stage::with_helper(answers, false, &hsm.configuration(), &hsm.helper())
}

fn pins(count: usize) -> Vec<Answer> {
    (0..count).map(|_| Answer::Pin(PIN)).collect()
}

/// The record server's own check of a login.
fn verified_holder(assertion: &Value) -> String {
    let mut trust = TrustStore::new();
    trust.accept_test(true);
    for (folder, add) in [
        (
            pki().anchors(),
            TrustStore::add_anchors_pem as fn(&mut TrustStore, &[u8]) -> _,
        ),
        (pki().intermediates(), TrustStore::add_intermediates_pem),
        (pki().crls(), TrustStore::add_crls_pem),
    ] {
        for file in files(&folder) {
            add(&mut trust, &fs::read(file).unwrap()).unwrap();
        }
    }
    let assertion: LoginAssertion = serde_json::from_value(assertion.clone()).unwrap();
    let expected = Expected {
        audience: &AUDIENCE.parse().unwrap(),
        origin: &stage::SITE.parse().unwrap(),
        nonce: &ServerNonce::from_base64url(&URL_SAFE_NO_PAD.encode(NONCE)).unwrap(),
        now: UnixTime::from(SystemTime::now()),
        offered: &OfferedAlgorithms::all(),
        channel_binding: ChannelBinding::None,
        stated: None,
    };
    verify(&expected, &assertion, &trust)
        .unwrap()
        .holder()
        .display_name()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn a_token_is_read_logs_in_and_signs_like_a_card() {
    let hsm = SoftHsm::new();
    hsm.card("CPS d'essai", &CardPerson::sample_physician());
    let stage = stage(&hsm, pins(2));

    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    assert_eq!(status["modules"][0]["name"], "softhsm");
    assert_eq!(status["modules"][0]["works"], true, "{status}");
    let token = &status["tokens"][0];
    assert!(
        token["name"].as_str().unwrap().starts_with("softhsm/"),
        "{status}"
    );
    assert_eq!(token["card"]["kind"], "pkcs11");
    assert_eq!(token["card"]["label"], "CPS d'essai");
    assert!(token["card"].get("atr").is_none());

    let read = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(read["reader"], token["name"]);
    assert_eq!(read["card"], token["card"]);
    assert_eq!(read["holder"]["family_name"], "ESSAI-DUPONT");
    assert_eq!(read["assurance"], "holder");
    let purposes: Vec<_> = read["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["purpose"])
        .collect();
    assert_eq!(purposes, ["authentication", "signature"]);
    assert_eq!(read["pin"], json!({"blocked": false}));

    let logged_in = stage.perform(Operation::Login, login()).await.unwrap();
    assert_eq!(logged_in["card"], token["card"]["serial"]);
    assert_eq!(
        verified_holder(&logged_in["assertion"]),
        "HÉLÈNE ESSAI-DUPONT"
    );

    let signed = stage.perform(Operation::LotSign, lot()).await.unwrap();
    let body =
        json!({"signature": signed["signature"], "documents": [lot()["documents"][0]["source"]]});
    let report = stage.perform(Operation::Verify, body).await.unwrap();
    assert_eq!(report["conclusion"], "total-passed", "{report}");

    let asked = stage.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].tries_left, TriesLeft::Several);
    assert_eq!(asked[0].code, RequestedCode::Pin);
    assert!(asked[0].description().contains("plusieurs / several"));
}

#[tokio::test]
async fn a_lot_signed_through_the_module_is_accepted_by_xmlsec1() {
    let hsm = SoftHsm::new();
    hsm.card("lot", &CardPerson::sample_nurse());
    let stage = stage(&hsm, pins(1));
    let directory = hsm.folder().join("result");
    stage
        .agent
        .sign_lot_into(lot().to_string().as_bytes(), &directory, Language::English)
        .await
        .unwrap();
    let mut judge = Command::new("xmlsec1");
    judge.args(["--verify", "--ignore-manifests"]);
    // It reads the first certificate of a file.
    for anchor in files(&pki().anchors()) {
        judge.arg("--trusted-pem").arg(anchor);
    }
    let accepted = judge
        .arg(directory.join("lot-signature.xml"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&accepted.stderr);
    assert!(accepted.status.success(), "{said}");
}

#[tokio::test]
async fn a_wrong_pin_is_presented_once_and_the_person_may_enter_another() {
    let hsm = SoftHsm::new();
    hsm.card("CPS", &CardPerson::sample_physician());
    let stage = stage(&hsm, vec![Answer::Pin("9999"), Answer::Pin(PIN)]);
    stage.perform(Operation::Login, login()).await.unwrap();
    let asked = stage.asked();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].wrong_before);
    // What the token's own limits refuse never reaches it.
    let refused = self::stage(&hsm, vec![Answer::Pin("123")]);
    let refused = refused.perform(Operation::Login, login()).await;
    assert_eq!(code(&refused), ErrorCode::PinFormat);
    let unattended = Stage::with_helper(
        vec![Answer::Pin("9999")],
        true,
        &hsm.configuration(),
        &hsm.helper(),
    );
    let refused = unattended.perform(Operation::Login, login()).await;
    assert_eq!(code(&refused), ErrorCode::PinWrong);
    assert_eq!(
        refused.unwrap_err().tries_left,
        None,
        "PKCS#11 does not say it"
    );
}

#[tokio::test]
async fn a_key_that_wants_the_pin_each_time_signs_with_one_entry() {
    let hsm = SoftHsm::new();
    hsm.card_with(
        "always",
        &CardPerson::sample_physician(),
        &["--always-auth"],
    );
    let stage = stage(&hsm, pins(2));
    for _ in 0..2 {
        stage.perform(Operation::LotSign, lot()).await.unwrap();
    }
    assert_eq!(stage.asked().len(), 2);
}

#[tokio::test]
async fn a_card_comes_before_a_token_and_a_name_or_a_number_before_both() {
    let hsm = SoftHsm::new();
    hsm.card("CPS", &CardPerson::sample_nurse());
    let stage = stage(&hsm, pins(1));
    let name = |read: &Value| read["holder"]["family_name"].as_str().unwrap().to_owned();
    let alone = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(name(&alone), "ESSAI-MARTIN");
    stage.insert("Lecteur 1", &Card::shipped("vitale-family"));
    let beside_a_vitale = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(name(&beside_a_vitale), "ESSAI-MARTIN");
    stage.insert("Lecteur 2", &Card::shipped("physician"));
    let card = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(name(&card), "SIMULATEUR");
    for body in [
        json!({"reader": alone["reader"]}),
        json!({"card": alone["card"]["serial"]}),
    ] {
        let token = stage.perform(Operation::CardRead, body).await.unwrap();
        assert_eq!(name(&token), "ESSAI-MARTIN");
    }
    for (body, refusal) in [
        (
            json!({"reader": "softhsm/nothing"}),
            ErrorCode::ReaderUnknown,
        ),
        (json!({"reader": "nothing"}), ErrorCode::ReaderUnknown),
        (
            json!({"reader": alone["reader"], "card": "1"}),
            ErrorCode::CardChanged,
        ),
        (json!({"card": "1"}), ErrorCode::CardChanged),
    ] {
        let refused = stage.perform(Operation::CardRead, body.clone()).await;
        assert_eq!(code(&refused), refusal, "{body}");
    }
    // Two tokens: nothing says which is meant.
    hsm.card("second", &CardPerson::sample_physician());
    let alone = self::stage(&hsm, vec![]);
    let refused = alone.perform(Operation::CardRead, json!({})).await;
    assert_eq!(code(&refused), ErrorCode::CardSeveral);
}

#[tokio::test]
async fn a_token_that_goes_is_told_and_not_used() {
    let hsm = SoftHsm::new();
    hsm.card("first", &CardPerson::sample_physician());
    let stage = stage(&hsm, vec![]);
    let first = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    let events = stage.perform(Operation::Events, json!({})).await.unwrap();
    let mut cursor = events["cursor"].clone();
    // What is there when the module is asked for the first time is no event; then it is asked again and again.
    tokio::time::sleep(Duration::from_secs(3)).await;
    hsm.remove("first");
    let until = Instant::now() + Duration::from_secs(60);
    let removed = loop {
        assert!(Instant::now() < until, "the token's end was not told");
        let body = json!({"cursor": cursor, "wait_ms": 5000});
        let seen = stage.perform(Operation::Events, body).await.unwrap();
        cursor = seen["cursor"].clone();
        if let Some(event) = seen["events"].as_array().unwrap().first() {
            break event.clone();
        }
    };
    assert_eq!(removed["kind"], "card-removed");
    assert_eq!(removed["reader"], first["reader"]);
    let body = json!({"card": first["card"]["serial"]});
    let refused = stage.perform(Operation::CardRead, body).await;
    assert_eq!(code(&refused), ErrorCode::ReaderAbsent);
}

#[tokio::test]
async fn keys_are_found_by_the_certificate_s_identifier_and_never_guessed() {
    let hsm = SoftHsm::new();
    hsm.token("odd");
    let now = UnixTime::from(SystemTime::now());
    let person = CardPerson::sample_physician();
    let card = pki()
        .with_authorities(|pki| pki.issue_card(&person, now))
        .unwrap()
        .unwrap();
    hsm.certificate("odd", "01", &card.authentication);
    hsm.certificate("odd", "02", &card.signature);
    // The signature key stands under another identifier, and the authentication key twice under its own.
    hsm.key("odd", "03", &card.signature, &[]);
    hsm.key("odd", "01", &card.authentication, &[]);
    hsm.key("odd", "01", &card.authentication, &[]);
    let stage = stage(&hsm, pins(2));
    let refused = stage.perform(Operation::LotSign, lot()).await;
    assert_eq!(code(&refused), ErrorCode::CertificateMissing);
    let refused = stage.perform(Operation::Login, login()).await;
    assert_eq!(code(&refused), ErrorCode::CertificateInvalid);
}

#[tokio::test]
async fn a_key_that_is_not_the_certificate_s_signs_nothing() {
    let hsm = SoftHsm::new();
    hsm.token("odd");
    let now = UnixTime::from(SystemTime::now());
    let person = CardPerson::sample_physician();
    let card = pki()
        .with_authorities(|pki| pki.issue_card(&person, now))
        .unwrap()
        .unwrap();
    hsm.certificate("odd", "01", &card.authentication);
    hsm.key("odd", "01", &card.signature, &[]);
    let stage = stage(&hsm, pins(1));
    let refused = stage.perform(Operation::Login, login()).await;
    assert_eq!(code(&refused), ErrorCode::SignatureNotAccepted);
}

#[tokio::test]
async fn a_token_of_software_takes_a_text_and_says_what_it_is() {
    let hsm = SoftHsm::new();
    let person = CardPerson {
        category: Category::TestSoftware,
        card_serial: None,
        ..CardPerson::sample_physician()
    };
    hsm.card("software", &person);
    let stage = stage(&hsm, vec![Answer::Passphrase(PIN)]);
    let read = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(read["assurance"], "software");
    let logged_in = stage.perform(Operation::Login, login()).await.unwrap();
    assert_eq!(logged_in["assurance"], "software");
    assert_eq!(stage.asked()[0].code, RequestedCode::Passphrase);
}

#[tokio::test]
async fn the_pin_of_a_token_is_told_and_changed() {
    let hsm = SoftHsm::new();
    hsm.card("CPS", &CardPerson::sample_physician());
    let stage = stage(
        &hsm,
        vec![
            Answer::Pin(PIN),
            Answer::Pin("567890"),
            Answer::Pin("567890"),
            Answer::Pin("567890"),
        ],
    );
    let status = stage
        .perform(Operation::PinStatus, json!({}))
        .await
        .unwrap();
    assert_eq!(status["pin"], json!({"blocked": false}));
    assert_eq!(status["digits_min"], 4);
    stage
        .perform(Operation::PinChange, json!({}))
        .await
        .unwrap();
    stage.perform(Operation::Login, login()).await.unwrap();
    let refused = stage.perform(Operation::PinUnblock, json!({})).await;
    assert_eq!(code(&refused), ErrorCode::PinNotManagedHere);
}

/// PKCS#11 counts no tries that one could read; that a code went nowhere is seen by the entry that does not give it.
#[tokio::test]
async fn a_file_whose_pin_the_token_refused_is_used_for_nothing_until_it_is_written() {
    let hsm = SoftHsm::new();
    hsm.card("CPS", &CardPerson::sample_physician());
    let folder = tempfile::tempdir().unwrap();
    let refused_files = RefusedFiles::in_directory(folder.path());
    let file = folder.path().join("pin");
    let write = |lines: &str| {
        fs::write(&file, lines).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    };
    let open = || {
        DescriptorPinEntry::from_file(&file, LastTry::Refused)
            .unwrap()
            .unless_refused(refused_files.clone())
    };
    let agent = || {
        Agent::start_with(
            Arc::new(stage::configuration(&hsm.configuration())),
            Arc::new(InProcessReaders::new()),
            Arc::new(open().unwrap()),
            folder.path(),
            &hsm.helper(),
        )
        .unwrap()
    };
    let perform = async |agent: &Agent, operation: Operation, body: &Value| {
        let body = body.to_string();
        agent
            .perform(
                &Caller::CommandLine,
                operation,
                body.as_bytes(),
                Language::English,
            )
            .await
            .map(|answer| serde_json::from_str::<Value>(answer.get()).unwrap())
    };
    for (operation, body) in [
        (Operation::Login, login()),
        (Operation::PinChange, json!({})),
    ] {
        write("9999\n567890\n");
        let wrong = agent();
        let refused = perform(&wrong, operation, &body).await;
        assert_eq!(code(&refused), ErrorCode::PinWrong);
        let again = perform(&wrong, operation, &body).await;
        assert_eq!(code(&again), ErrorCode::PinEntryUnavailable);
        assert!(
            matches!(open(), Err(PinEntryError::AlreadyRefused)),
            "{operation:?}"
        );
        write("1234\n567890\n");
        perform(&agent(), operation, &body).await.unwrap();
        open().unwrap();
    }
}
