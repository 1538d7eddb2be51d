//! Signing lots and verifying them, with soft cards: one PIN and one signature for a lot, refusals before any PIN is asked
//! for, results that are whole or not there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::stage::documents::shipped;
use crate::stage::{Answer, Card, SITE, SITE_WITHOUT_SERVER, Stage, code, program, site};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe::caller::Caller;
use paraphe_protocol::api::{ErrorCode, Language, Operation};
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

async fn put(stage: &Stage, caller: &Caller, content: &[u8]) -> Value {
    let body = json!({"offset": 0, "content": STANDARD.encode(content), "last": true});
    let put = stage
        .perform_as(caller, Operation::DocumentPut, body)
        .await
        .unwrap();
    json!({"document": put["document"]})
}

#[tokio::test]
async fn a_lot_costs_one_pin_and_one_signature_and_verifies() {
    let (stage, card) = stage_with_physician(vec![Answer::Pin("1234")]);
    let signed = stage
        .perform(Operation::LotSign, lot(all_five()))
        .await
        .unwrap();
    let counters = card.counters();
    assert_eq!((counters.verifies, counters.private_key_operations), (1, 1));
    assert!(!card.pin_verified());
    let asked = stage.asked();
    assert_eq!(asked.len(), 1);
    let shown = asked[0].description();
    assert!(shown.contains("Signature de 5 document(s) : « compte-rendu.pdf »"));
    for (document, (_, media_type)) in signed["documents"]
        .as_array()
        .unwrap()
        .iter()
        .zip(DOCUMENTS)
    {
        assert_eq!(document["media_type"], media_type);
        assert!(document["unique_id"].as_str().unwrap().starts_with("2.25."));
    }
    assert_eq!(signed["card"], "99000001");

    let sources: Vec<_> = DOCUMENTS
        .iter()
        .map(|(name, _)| json!({"path": shipped(name)}))
        .collect();
    let verify = |documents: Vec<Value>| {
        let body = json!({"signature": signed["signature"], "documents": documents});
        stage.perform(Operation::Verify, body)
    };
    let report = verify(sources.clone()).await.unwrap();
    assert_eq!(report["conclusion"], "total-passed", "{report}");
    assert_eq!(report["submission_set"], signed["submission_set"]);
    assert!(report["signer"].to_string().contains("SIMULATEUR"));
    assert_eq!(report["covered"].as_array().unwrap().len(), 5);
    // In any order, and told apart: a missing, a foreign and a changed document.
    let reversed: Vec<_> = sources.iter().rev().cloned().collect();
    assert_eq!(
        verify(reversed).await.unwrap()["conclusion"],
        "total-passed"
    );
    let missing = verify(sources[..4].to_vec()).await.unwrap();
    assert_eq!(missing["conclusion"], "indeterminate");
    assert_eq!(missing["reasons"], json!(["document-missing"]));
    let foreign = put(&stage, &Caller::CommandLine, b"autre chose").await;
    let extra = verify([sources.clone(), vec![foreign.clone()]].concat())
        .await
        .unwrap();
    assert_eq!(extra["conclusion"], "total-failed");
    assert_eq!(extra["reasons"][0], "document-unknown");
    let changed = verify([sources[1..].to_vec(), vec![foreign]].concat())
        .await
        .unwrap();
    assert_eq!(changed["conclusion"], "total-failed");
    let alone = verify(vec![]).await.unwrap();
    assert_eq!(alone["conclusion"], "indeterminate");
    assert_eq!(alone["reasons"], json!(["documents-not-presented"]));
    // What is no signature at all is a report, too.
    let body = json!({"signature": {"path": shipped("note-de-suivi.txt")}});
    let nonsense = stage.perform(Operation::Verify, body).await.unwrap();
    assert_ne!(nonsense["conclusion"], "total-passed");
    assert!(!nonsense["explanation"][0].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn every_card_that_may_sign_does() {
    for profile in [
        "nurse",
        "student",
        "reception-nominative",
        "reception-service",
    ] {
        let stage = Stage::new(vec![Answer::Pin("1234")]);
        let card = Card::shipped(profile);
        stage.insert("Lecteur 1", &card);
        let signed = stage
            .perform(Operation::LotSign, lot(all_five()))
            .await
            .unwrap();
        let body = json!({"signature": signed["signature"]});
        let report = stage.perform(Operation::Verify, body).await.unwrap();
        assert_eq!(
            report["reasons"],
            json!(["documents-not-presented"]),
            "{profile}"
        );
    }
    for (profile, expected) in [
        ("physician-blocked", ErrorCode::PinBlocked),
        ("physician-expired", ErrorCode::CertificateExpired),
    ] {
        let stage = Stage::new(vec![]);
        let card = Card::shipped(profile);
        stage.insert("Lecteur 1", &card);
        let refused = stage.perform(Operation::LotSign, lot(all_five())).await;
        assert_eq!(code(&refused), expected);
        assert_eq!(card.counters().verifies, 0);
    }
}

#[tokio::test]
async fn a_page_signs_what_it_handed_over_and_nothing_else() {
    let (stage, card) = stage_with_physician(vec![Answer::Pin("1234")]);
    let page = site(SITE);
    let content = fs::read(shipped("compte-rendu.pdf")).unwrap();
    let ours = put(&stage, &page, &content).await;
    let theirs = put(&stage, &site(SITE_WITHOUT_SERVER), &content).await;
    let program_s = put(&stage, &program(), &content).await;
    let of = |source: &Value| lot(vec![json!({"source": source, "title": "Compte rendu"})]);
    for (source, expected) in [
        (
            json!({"path": shipped("compte-rendu.pdf")}),
            ErrorCode::PathNotAllowed,
        ),
        (theirs, ErrorCode::DocumentMissing),
        (program_s, ErrorCode::DocumentMissing),
        (
            json!({"document": "0".repeat(32)}),
            ErrorCode::DocumentMissing,
        ),
    ] {
        let refused = stage
            .perform_as(&page, Operation::LotSign, of(&source))
            .await;
        assert_eq!(code(&refused), expected);
        let detail = refused.unwrap_err().detail.unwrap();
        assert!(detail.starts_with("Document 1."), "{detail}");
    }
    assert_eq!(card.counters().verifies, 0);
    let signed = stage
        .perform_as(&page, Operation::LotSign, of(&ours))
        .await
        .unwrap();
    assert_eq!(signed["documents"][0]["content"], ours);
    let get = json!({"document": signed["signature"]["document"], "offset": 0});
    let xml = stage
        .perform_as(&page, Operation::DocumentGet, get.clone())
        .await
        .unwrap();
    let xml = STANDARD.decode(xml["content"].as_str().unwrap()).unwrap();
    assert!(xml.starts_with(b"<"));
    let refused = stage
        .perform_as(&site(SITE_WITHOUT_SERVER), Operation::DocumentGet, get)
        .await;
    assert_eq!(code(&refused), ErrorCode::DocumentMissing);
}

#[tokio::test]
async fn a_lot_that_cannot_be_asks_for_no_pin() {
    let (stage, card) = stage_with_physician(vec![]);
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let fifo = directory.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o600.into()).unwrap();
    let script = write(
        "script.pdf",
        b"%PDF-1.4\n1 0 obj << /S /JavaScript /JS (app.alert) >>\nendobj\n%%EOF\n",
    );
    let binary = write("binary", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let empty = write("empty.txt", b"");
    let of = |path: &Path| lot(vec![json!({"source": {"path": path}, "title": "Titre"})]);
    let text = shipped("note-de-suivi.txt");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = of(&text);
        change(&mut body);
        body
    };
    for (body, expected) in [
        (of(&fifo), ErrorCode::DocumentFormat),
        (
            of(&directory.path().join("absent")),
            ErrorCode::DocumentMissing,
        ),
        (of(Path::new("relatif.pdf")), ErrorCode::PathNotAllowed),
        (of(&script), ErrorCode::DocumentActiveContent),
        (of(&binary), ErrorCode::DocumentFormat),
        (of(&empty), ErrorCode::DocumentFormat),
        (lot(vec![]), ErrorCode::LotEmpty),
        (
            with(&|body| body["documents"][0]["media_type"] = json!("application/pdf")),
            ErrorCode::DocumentFormat,
        ),
        (
            with(&|body| body["documents"][0]["media_type"] = json!("text/html")),
            ErrorCode::DocumentFormat,
        ),
        (
            with(&|body| body["documents"][0]["title"] = json!("x".repeat(129))),
            ErrorCode::RequestInvalid,
        ),
        (
            with(&|body| body["documents"][0]["title"] = json!("a\nb")),
            ErrorCode::RequestInvalid,
        ),
        (
            with(&|body| body["patient"]["ins"] = json!("282049999900265")),
            ErrorCode::LotPatientInvalid,
        ),
        (
            with(&|body| body["profile"] = json!("pades")),
            ErrorCode::RequestInvalid,
        ),
        (
            with(&|body| body["pin"] = json!("1234")),
            ErrorCode::RequestInvalid,
        ),
        (
            with(&|body| body["card"] = json!("99000002")),
            ErrorCode::CardChanged,
        ),
    ] {
        let refused = stage.perform(Operation::LotSign, body).await;
        assert_eq!(code(&refused), expected);
        let problem = refused.unwrap_err();
        assert!(
            !serde_json::to_string(&problem)
                .unwrap()
                .contains("28204999990026")
        );
    }
    assert_eq!(card.counters().verifies, 0);

    let limits = "[limits]\nlot_documents = 4\n";
    let stage = Stage::with(vec![], false, limits);
    stage.insert("Lecteur 1", &card);
    let refused = stage.perform(Operation::LotSign, lot(all_five())).await;
    assert_eq!(code(&refused), ErrorCode::LotTooManyDocuments);
    for limits in [
        "[limits]\ndocument_bytes = 1000\n",
        "[limits]\nlot_bytes = 1000\n",
    ] {
        let stage = Stage::with(vec![], false, limits);
        stage.insert("Lecteur 1", &card);
        let refused = stage.perform(Operation::LotSign, lot(all_five())).await;
        assert_eq!(code(&refused), ErrorCode::DocumentTooLarge, "{limits}");
    }
}

#[tokio::test]
async fn a_card_pulled_at_any_exchange_signs_nothing_and_loses_no_try() {
    let card = Card::shipped("physician");
    let mut unknown = 0;
    for exchanges in 0..200 {
        let stage = Stage::new(vec![Answer::Pin("1234")]);
        stage.insert("Lecteur 1", &card);
        stage.readers.remove_after("Lecteur 1", exchanges);
        let before = card.counters();
        let result = stage.perform(Operation::LotSign, lot(all_five())).await;
        let after = card.counters();
        assert!(after.verifies - before.verifies <= 1, "{exchanges}");
        assert_eq!(card.tries_left(), 3, "{exchanges}");
        assert!(!card.pin_verified(), "{exchanges}");
        if result.is_ok() {
            assert!(exchanges > 20, "{exchanges}");
            assert_eq!(unknown, 1, "the one exchange that carries the PIN");
            return;
        }
        match code(&result) {
            ErrorCode::PinOutcomeUnknown => unknown += 1,
            code => assert_eq!(code, ErrorCode::CardRemoved, "{exchanges}"),
        }
    }
    panic!("the lot was never signed");
}

#[tokio::test]
async fn a_directory_is_whole_or_not_there() {
    let place = tempfile::tempdir().unwrap();
    let wanted = place.path().join("lot");
    let sign = |stage: Stage, wanted: PathBuf| async move {
        // All of it, not only the agent: its state directory must outlive the call.
        let stage = stage;
        let body = lot(all_five()).to_string();
        stage
            .agent
            .sign_lot_into(body.as_bytes(), &wanted, Language::English)
            .await
            .map(|answer| serde_json::from_str::<Value>(answer.get()).unwrap())
    };
    // The person says no: nothing is left, not even a beginning.
    let (stage, _) = stage_with_physician(vec![Answer::Cancel]);
    let refused = sign(stage, wanted.clone()).await;
    assert_eq!(code(&refused), ErrorCode::OperationCancelled, "{refused:?}");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 0);

    let (stage, _) = stage_with_physician(vec![Answer::Pin("1234")]);
    let signed = sign(stage, wanted.clone()).await.unwrap();
    let mut names: Vec<_> = fs::read_dir(&wanted)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "0001.pdf",
            "0002.tiff",
            "0003.rtf",
            "0004.txt",
            "0005.jpg",
            "lot-signature.xml",
            "lot.json"
        ]
    );
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    let described: Value =
        serde_json::from_slice(&fs::read(wanted.join("lot.json")).unwrap()).unwrap();
    assert_eq!(described, signed);
    for (document, (name, _)) in signed["documents"]
        .as_array()
        .unwrap()
        .iter()
        .zip(DOCUMENTS)
    {
        let copy = document["content"]["path"].as_str().unwrap();
        assert_eq!(fs::read(copy).unwrap(), fs::read(shipped(name)).unwrap());
    }
    let (stage, card) = stage_with_physician(vec![]);
    let body = json!({
        "signature": signed["signature"],
        "documents": signed["documents"].as_array().unwrap().iter().map(|document| document["content"].clone()).collect::<Vec<_>>(),
    });
    let report = stage.perform(Operation::Verify, body).await.unwrap();
    assert_eq!(report["conclusion"], "total-passed");

    // A directory with something in it is not written over, and no PIN is asked for.
    let refused = sign(stage, wanted).await;
    assert_eq!(code(&refused), ErrorCode::PathNotAllowed);
    assert_eq!(card.counters().verifies, 0);
}

#[tokio::test]
async fn a_missing_file_is_told_by_its_place_and_never_by_its_path() {
    let stage = Stage::new(vec![]);
    let absent = json!({"path": "/nowhere/NOM-DU-PATIENT.pdf"});
    let there = json!({"path": shipped(DOCUMENTS[0].0)});
    for (signature, documents, said) in [
        (&absent, vec![], "Signature file. File: not found."),
        (
            &there,
            vec![&there, &absent],
            "Document 2. File: not found.",
        ),
    ] {
        let body = json!({"signature": signature, "documents": documents});
        let refused = stage.perform_as(&program(), Operation::Verify, body).await;
        assert_eq!(code(&refused), ErrorCode::DocumentMissing);
        assert_eq!(refused.unwrap_err().detail.as_deref(), Some(said));
    }
}
