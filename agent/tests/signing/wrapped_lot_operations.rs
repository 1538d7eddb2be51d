//! Lots whose documents are wrapped as CDA first: the practice situation behind the PIN, the headers, one PIN entry.

use std::fs;
use std::path::Path;

use crate::stage::documents::{fetched, shipped};
use crate::stage::{Answer, Card, Stage, code};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe_protocol::api::{ErrorCode, Language, Operation};
use paraphe_softcard::Scenario;
use serde_json::{Value, json};

const INS: &str = "282049999900264";
const DOCUMENTS: [(&str, &str); 5] = [
    ("compte-rendu.pdf", "application/pdf"),
    ("courrier-numerise.tiff", "image/tiff"),
    ("lettre-de-liaison.rtf", "text/rtf"),
    ("note-de-suivi.txt", "text/plain"),
    ("photo-lesion.jpg", "image/jpeg"),
];

fn all_five() -> Vec<Value> {
    DOCUMENTS
        .iter()
        .map(|(name, _)| json!({"source": {"path": shipped(name)}, "title": name}))
        .collect()
}

fn lot(documents: impl IntoIterator<Item = Value>) -> Value {
    let documents: Vec<Value> = documents.into_iter().collect();
    json!({"profile": "dsg", "patient": {"ins": INS}, "documents": documents})
}

fn stage_with_physician(answers: Vec<Answer>) -> (Stage, Card) {
    let stage = Stage::new(answers);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    (stage, card)
}

fn wrapped_lot(practice_situation: Option<u8>) -> Value {
    let mut body = lot(all_five());
    body["cda"] = json!(true);
    body["patient"] = json!({
        "ins": INS,
        "birth_name": "Patientessai",
        "given_names": "Marie-Ève Anne",
        "birth_date": "19820415",
        "sex": "F",
        "birth_place": "99999",
    });
    if let Some(number) = practice_situation {
        body["practice_situation"] = json!(number);
    }
    body
}

#[tokio::test]
async fn a_wrapped_lot_costs_one_pin_entry() {
    let (stage, card) = stage_with_physician(vec![Answer::Pin("1234")]);
    let signed = stage
        .perform(Operation::LotSign, wrapped_lot(Some(3)))
        .await
        .unwrap();
    assert_eq!(stage.asked().len(), 1);
    let counters = card.counters();
    assert_eq!(counters.private_key_operations, 1);
    assert_eq!(counters.verifies, 2, "to read the situation, and to sign");
    assert!(!card.pin_verified());
    let documents = signed["documents"].as_array().unwrap();
    for (document, (name, media_type)) in documents.iter().zip(DOCUMENTS) {
        assert_eq!(document["media_type"], "text/xml");
        let xml = fetched(&stage, &document["content"]).await;
        assert_eq!(document["size"], xml.len());
        let xml = String::from_utf8(xml).unwrap();
        assert!(xml.contains("CLINIQUE SIMULATEUR") && xml.contains("SA01"));
        assert!(xml.contains(INS) && xml.contains("MARIE-EVE ANNE"));
        assert!(xml.contains(&format!("mediaType=\"{media_type}\"")));
        assert!(xml.contains(document["unique_id"].as_str().unwrap()));
        let original = fs::read(shipped(name)).unwrap();
        assert!(xml.contains(&STANDARD.encode(original)), "{name}");
    }
    let body = json!({
        "signature": signed["signature"],
        "documents": documents.iter().map(|document| document["content"].clone()).collect::<Vec<_>>(),
    });
    let report = stage.perform(Operation::Verify, body).await.unwrap();
    assert_eq!(report["conclusion"], "total-passed", "{report}");
}

#[tokio::test]
async fn the_practice_situation_of_a_wrapped_lot_must_be_clear() {
    // Two on the card: one must be named, and be there. The PIN was right, so no try is lost, and nothing is signed.
    for named in [None, Some(2)] {
        let (stage, card) = stage_with_physician(vec![Answer::Pin("1234")]);
        let refused = stage.perform(Operation::LotSign, wrapped_lot(named)).await;
        assert_eq!(code(&refused), ErrorCode::PracticeSituationUnknown);
        assert!(refused.unwrap_err().detail.unwrap().contains("1, 3"));
        assert_eq!(card.counters().private_key_operations, 0);
        assert_eq!(card.tries_left(), 3);
        assert!(!card.pin_verified());
    }
    // Only one: it is the one.
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &Card::shipped("nurse"));
    stage
        .perform(Operation::LotSign, wrapped_lot(None))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_wrapped_lot_that_cannot_be_asks_for_no_pin() {
    let (stage, card) = stage_with_physician(vec![]);
    for (name, value) in [
        ("birth_name", Value::Null),
        ("birth_name", json!("  ")),
        ("given_names", Value::Null),
        ("birth_date", json!("hier")),
        ("sex", json!("X")),
        ("birth_place", json!("PARIS 12")),
    ] {
        let mut body = wrapped_lot(Some(1));
        body["patient"][name] = value;
        let refused = stage.perform(Operation::LotSign, body).await;
        assert_eq!(code(&refused), ErrorCode::LotPatientInvalid, "{name}");
    }
    let mut body = lot(all_five());
    body["practice_situation"] = json!(1);
    let refused = stage.perform(Operation::LotSign, body).await;
    assert_eq!(code(&refused), ErrorCode::RequestInvalid);
    // No room for what would be made: told before, not after the PIN.
    let stage = Stage::with(vec![], false, "[limits]\ndocuments_held = 5\n");
    stage.insert("Lecteur 1", &card);
    let refused = stage
        .perform(Operation::LotSign, wrapped_lot(Some(1)))
        .await;
    assert_eq!(code(&refused), ErrorCode::TooBusy);
    assert_eq!(card.counters().verifies, 0);
}

#[tokio::test]
async fn a_wrapped_lot_goes_into_a_directory() {
    let place = tempfile::tempdir().unwrap();
    let wanted = place.path().join("lot");
    let (stage, _) = stage_with_physician(vec![Answer::Pin("1234")]);
    let body = wrapped_lot(Some(1)).to_string();
    let signed = stage
        .agent
        .sign_lot_into(body.as_bytes(), &wanted, Language::French)
        .await
        .unwrap();
    let signed: Value = serde_json::from_str(signed.get()).unwrap();
    assert_eq!(fs::read_dir(&wanted).unwrap().count(), 7);
    for document in signed["documents"].as_array().unwrap() {
        let copy = document["content"]["path"].as_str().unwrap();
        assert!(Path::new(copy).extension().unwrap() == "xml");
        assert_eq!(fs::metadata(copy).unwrap().len(), document["size"]);
    }
}

/// The one entry is presented twice, and another program may change the PIN in between.
#[tokio::test]
async fn a_code_that_is_refused_when_it_is_presented_again_is_told_to_its_entry() {
    let scenario = Scenario::from_json(
        r#"{"rules": [{"when": {"ins": "20", "nth": 2}, "then": {"execute": false, "status": "63C2"}}]}"#,
    )
    .unwrap();
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &Card::scripted("physician", &scenario));
    let refused = stage
        .perform(Operation::LotSign, wrapped_lot(Some(1)))
        .await;
    assert_eq!(code(&refused), ErrorCode::PinWrong);
    assert_eq!(refused.unwrap_err().tries_left, Some(2));
    assert_eq!(stage.asked().len(), 1);
    assert_eq!(stage.refusals(), 1);
}
