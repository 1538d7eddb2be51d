//! The main job through the real pcscd and vpcd, with the programs that people install: reception creates a record, the
//! physician logs in, signs five documents with one PIN entry and sends them; the record server accepts; programs
//! that nobody here wrote accept the login and the signature too.

use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_protocol::api::BeneficiarySummary;
use paraphe_record_server::client::{Client, ClientError};
use paraphe_record_server::patient::{Consent, ConsentForm};
use paraphe_record_server::record::CreateRecordRequest;
use paraphe_scenarios::{
    CardsInReaders, RunningRecordServer, Workstation, documents, judges, key_of, login, outgoing,
    path_of, sign_lot, verify_lot,
};
use paraphe_softcard::pcscd::ReaderKind;

const RECEPTION: usize = 0;
const PHYSICIAN: usize = 1;
const VITALE: usize = 2;

#[tokio::test]
async fn from_the_cards_to_the_record() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    let cards = CardsInReaders::insert(
        &[ReaderKind::Vpcd, ReaderKind::Vpcd],
        &["reception-nominative", "physician", "vitale-holder"],
        workstation.path(),
        workstation.pki(),
    );
    let mut server = RunningRecordServer::start(workstation.path(), workstation.pki());
    let pin = workstation.pin_file("1234");
    let pin = pin.to_str().unwrap();
    let paraphe = |arguments: &[&str]| workstation.paraphe(&cards, arguments);

    let status = paraphe(&["status"]).done();
    let kinds: Vec<_> = status["readers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|reader| reader["card"]["kind"].as_str().unwrap_or("-"))
        .collect();
    assert_eq!(kinds, ["cps3", "cps3", "vitale2", "-"], "{status}");

    // Two professional's cards are there: nobody guesses which one is meant.
    let _ = paraphe(&["card", "read"]).refused("card-several");

    let reception = paraphe(&["card", "read", "--reader", cards.reader(RECEPTION)]).done();
    assert_eq!(reception["holder"]["card_kind"], "cpe", "{reception}");
    let vitale = paraphe(&["vitale", "read"]).done();
    assert_eq!(vitale["reader"], cards.reader(VITALE));
    let patient: BeneficiarySummary =
        serde_json::from_value(vitale["beneficiaries"][0].clone()).unwrap();

    let mut records = server.client();
    let serial = reception["card"]["serial"].as_str().unwrap();
    log_in(&workstation, &cards, &mut records, serial, pin).await;
    let collected_by = reception["holder"]["national_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let receipt = records
        .create_record(&CreateRecordRequest {
            patient: patient.clone(),
            consent: Some(Consent {
                given: true,
                form: ConsentForm::Checkbox,
                collected_by,
                collected_at: UnixTime::from(SystemTime::now()),
            }),
        })
        .await
        .unwrap();
    assert!(matches!(
        records.documents(&receipt.record).await,
        Err(ClientError::Refused(_))
    ));

    let physician = paraphe(&["card", "read", "--reader", cards.reader(PHYSICIAN)]).done();
    let serial = physician["card"]["serial"].as_str().unwrap();
    let mut records = server.client();
    log_in(&workstation, &cards, &mut records, serial, pin).await;

    let presentations = cards.pin_presentations();
    let nir = patient.nir.as_ref().unwrap();
    let lot = workstation.path().join("lot");
    let files = documents();
    let number = format!("{}{}", nir.number, nir.key);
    let mut arguments = sign_lot(&number, pin, &lot, &files);
    arguments.extend(["--cda", "--card", serial, "--practice-situation", "1"]);
    arguments.extend(["--sex", "M", "--birth-place", "99999"]);
    arguments.extend(["--birth-name", &patient.family_name]);
    arguments.extend(["--given-names", &patient.given_name]);
    arguments.extend(["--birth-date", &patient.birth_date]);
    let signed = paraphe(&arguments).done();
    // Entered once (the file can be read once only); presented once to read the practice situations for the CDA headers and once
    // to sign, so that the card is not held while the documents are wrapped.
    assert_eq!(cards.pin_presentations(), presentations + 2);
    assert_eq!(signed["documents"].as_array().unwrap().len(), 5);

    let signature = path_of(&signed["signature"]);
    let report = paraphe(&verify_lot(&signed)).done();
    assert_eq!(report["conclusion"], "total-passed", "{report}");
    judges::xmlsec1_accepts_lot(&signature, workstation.pki());

    let signature_file = std::fs::read(&signature).unwrap();
    let receipt_of_lot = records
        .send_lot(&receipt.record, outgoing(&signed), &signature_file)
        .await
        .unwrap();
    assert_eq!(receipt_of_lot.documents.len(), 5);
    assert_eq!(receipt_of_lot.submission_set, signed["submission_set"]);
    assert_eq!(
        records
            .documents(&receipt.record)
            .await
            .unwrap()
            .documents
            .len(),
        5
    );

    let trace = records.trace(&receipt.record).await.unwrap();
    let actions: Vec<_> = trace
        .entries
        .iter()
        .map(|entry| (entry.action.as_str(), entry.outcome.as_str()))
        .collect();
    for expected in ["record-create", "lot-commit", "documents-list"] {
        assert!(
            actions.iter().any(|(action, _)| *action == expected),
            "{actions:?}"
        );
    }
    assert!(server.stop());
}

/// Nonce, assertion by `paraphe login`, session. The assertion is also checked by a verifier in another language.
async fn log_in(
    workstation: &Workstation,
    cards: &CardsInReaders,
    records: &mut Client,
    serial: &str,
    pin: &str,
) {
    let nonce = records.nonce().await.unwrap().nonce;
    let binding = key_of(records);
    let mut arguments = login(&nonce, pin);
    arguments.extend(["--card", serial, "--jkt", &binding.value]);
    let login = workstation.paraphe(cards, &arguments).done();
    assert_eq!(login["card"], serial);
    judges::python_accepts_login(workstation, &nonce, &binding, &login["assertion"]);
    records.login(&nonce, &login["assertion"]).await.unwrap();
}
