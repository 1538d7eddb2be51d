//! A signing card that nobody in this project wrote, through the real pcscd and the agent's generic path (`[[pkcs11]]` with
//! OpenSC's module): it is read, logs in and signs a lot; the record server and xmlsec1 accept.

use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::CardPerson;
use paraphe_protocol::api::BeneficiarySummary;
use paraphe_record_server::patient::{Consent, ConsentForm};
use paraphe_record_server::record::CreateRecordRequest;
use paraphe_scenarios::{
    ForeignCard, RunningRecordServer, Workstation, documents, judges, key_of, login, outgoing,
    path_of, sign_lot, verify_lot,
};
use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind};
use serde_json::{Value, json};

/// A patient of nowhere (municipality 999).
const PATIENT: &str = "282049999900264";

#[tokio::test]
async fn a_card_of_other_people_s_making_logs_in_and_signs() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    workstation.configure("[[pkcs11]]\nname = \"generic\"\nknown = \"opensc\"\n");
    let pcscd = PrivatePcscd::start(&[ReaderKind::Vpcd]).unwrap();
    let _card = ForeignCard::insert(
        &pcscd,
        &pcscd.slots()[0],
        &CardPerson::sample_physician(),
        workstation.pki(),
        workstation.path(),
    );
    let mut server = RunningRecordServer::start(workstation.path(), workstation.pki());
    let pin = workstation.pin_file(ForeignCard::PIN);
    let pin = pin.to_str().unwrap();
    let paraphe = |arguments: &[&str]| workstation.paraphe_in(&pcscd, arguments);

    // None of our drivers knows it; a module does.
    let status = paraphe(&["status"]).done();
    assert_eq!(status["readers"][0]["card"]["kind"], "unknown", "{status}");
    assert_eq!(status["tokens"][0]["card"]["kind"], "pkcs11", "{status}");
    let read = paraphe(&["card", "read"]).done();
    assert_eq!(read["holder"]["family_name"], "ESSAI-DUPONT", "{read}");
    assert_eq!(read["assurance"], "holder");
    let purposes: Vec<_> = read["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|certificate| &certificate["purpose"])
        .collect();
    assert_eq!(purposes, ["authentication", "signature"]);

    let mut records = server.client();
    let nonce = records.nonce().await.unwrap().nonce;
    let binding = key_of(&records);
    let mut arguments = login(&nonce, pin);
    arguments.extend(["--jkt", &binding.value]);
    let login = paraphe(&arguments).done();
    judges::python_accepts_login(&workstation, &nonce, &binding, &login["assertion"]);
    records.login(&nonce, &login["assertion"]).await.unwrap();
    let receipt = records
        .create_record(&CreateRecordRequest {
            patient: patient(),
            consent: Some(Consent {
                given: true,
                form: ConsentForm::Checkbox,
                collected_by: read["holder"]["national_id"].as_str().unwrap().to_owned(),
                collected_at: UnixTime::from(SystemTime::now()),
            }),
        })
        .await
        .unwrap();

    let lot = workstation.path().join("lot");
    let files = documents();
    let signed = paraphe(&sign_lot(PATIENT, pin, &lot, &files)).done();

    let signature = path_of(&signed["signature"]);
    let report = paraphe(&verify_lot(&signed)).done();
    assert_eq!(report["conclusion"], "total-passed", "{report}");
    judges::xmlsec1_accepts_lot(&signature, workstation.pki());
    let signature_file = std::fs::read(&signature).unwrap();
    let receipt = records
        .send_lot(&receipt.record, outgoing(&signed), &signature_file)
        .await
        .unwrap();
    assert_eq!(receipt.documents.len(), files.len());
    assert!(server.stop());
}

#[test]
fn a_wrong_pin_is_the_card_s_own_no() {
    let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
    workstation.configure("[[pkcs11]]\nname = \"generic\"\nknown = \"opensc\"\n");
    let pcscd = PrivatePcscd::start(&[ReaderKind::Vpcd]).unwrap();
    let _card = ForeignCard::insert(
        &pcscd,
        &pcscd.slots()[0],
        &CardPerson::sample_nurse(),
        workstation.pki(),
        workstation.path(),
    );
    let nonce = "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo";
    let log_in = |pin: &str| {
        let pin = workstation.pin_file(pin);
        let pin = pin.to_str().unwrap();
        workstation.paraphe_in(&pcscd, &login(nonce, pin))
    };
    let _ = log_in("654321").refused("pin-wrong");
    let _: Value = log_in(ForeignCard::PIN).done();
}

fn patient() -> BeneficiarySummary {
    serde_json::from_value(json!({
        "position": 1, "family_name": "PATIENTESSAI", "given_name": "LOUISE", "birth_date": "19820415",
        "nir": {"number": &PATIENT[..13], "key": &PATIENT[13..]},
    }))
    .unwrap()
}
