//! `sign` and `lot/sign` under a mandate: nobody is asked, the card sees the PIN once for each signature, and what is beyond the
//! count or not approved is refused before the card sees it. And what a PIN entry made is not lost with the time stamp.

use std::net::TcpListener;

use crate::stage::documents::shipped;
use crate::stage::home::Home;
use crate::stage::{Answer, Card, SITE, Stage, code, site, time_stamping};
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_protocol::digest::Sha256Digest;
use serde_json::{Value, json};

const READER: &str = "Lecteur 1";
const REPORT: &str = "compte-rendu.pdf";
const OTHER: &str = "lettre-de-liaison.rtf";
const INS: &str = "282049999900264";
const NOTE: &str = "note-de-suivi.txt";

fn digest(name: &str) -> Sha256Digest {
    Sha256Digest::of(&std::fs::read(shipped(name)).unwrap())
}

fn stage() -> (Stage, Card) {
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    let card = Card::shipped("physician");
    stage.insert(READER, &card);
    (stage, card)
}

async fn open(stage: &Stage, mut body: Value) -> Value {
    body["purpose"] = json!("Courrier");
    let mandate = stage.perform(Operation::MandateOpen, body).await.unwrap();
    mandate["mandate"].clone()
}

async fn open_for(stage: &Stage, names: &[&str]) -> Value {
    let documents: Vec<_> = names
        .iter()
        .map(|name| json!({"sha256": digest(name), "title": name}))
        .collect();
    open(stage, json!({"documents": documents})).await
}

async fn status(stage: &Stage, mandate: &Value) -> Value {
    let body = json!({"mandate": mandate});
    let answer = stage.perform(Operation::MandateStatus, body).await;
    answer.unwrap()["mandates"][0].clone()
}

fn request(mandate: &Value, names: &[&str]) -> Value {
    let documents: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(index, name)| match names[..index].contains(name) {
            // One signature names no two documents alike.
            true => json!({"source": {"path": shipped(name)}, "name": format!("{index}-{name}")}),
            false => json!({"source": {"path": shipped(name)}, "name": name}),
        })
        .collect();
    let format = if names.len() > 1 { "xades" } else { "cades" };
    json!({"format": format, "packaging": "detached", "documents": documents, "mandate": mandate})
}

fn lot(mandate: &Value, names: &[&str]) -> Value {
    let documents: Vec<_> = names
        .iter()
        .map(|name| json!({"source": {"path": shipped(name)}, "title": name}))
        .collect();
    json!({
        "profile": "dsg",
        "patient": {"ins": INS},
        "documents": documents,
        "mandate": mandate,
    })
}

#[tokio::test]
async fn each_signature_costs_one_presentation_and_no_question() {
    let (stage, card) = stage();
    let mandate = open(&stage, json!({"maximum_count": 3})).await;
    assert_eq!(card.counters().verifies, 1);
    for (index, body) in [
        request(&mandate, &[REPORT]),
        request(&mandate, &[REPORT, NOTE]),
        lot(&mandate, &[REPORT, NOTE]),
    ]
    .into_iter()
    .enumerate()
    {
        let operation = match body.get("profile") {
            Some(_) => Operation::LotSign,
            None => Operation::Sign,
        };
        let before = card.counters();
        let signed = stage.perform(operation, body).await.unwrap();
        let after = card.counters();
        assert_eq!(after.verifies, before.verifies + 1);
        assert_eq!(
            after.private_key_operations,
            before.private_key_operations + 1
        );
        assert!(!card.pin_verified());
        let left = status(&stage, &mandate).await["remaining"].clone();
        assert_eq!(left, json!(2 - index), "{signed}");
        if operation == Operation::Sign {
            let documents: Vec<_> = signed["documents"]
                .as_array()
                .unwrap()
                .iter()
                .map(|document| json!({"path": shipped(document["name"].as_str().unwrap())}))
                .collect();
            let body = json!({"signature": signed["signature"], "documents": documents});
            let told = stage.perform(Operation::Verify, body).await.unwrap();
            assert_eq!(told["conclusion"], "total-passed", "{told:#}");
        }
    }
    assert_eq!(status(&stage, &mandate).await["end"]["reason"], "used-up");
    let before = card.counters().verifies;
    let beyond = stage.perform(Operation::Sign, request(&mandate, &[REPORT]));
    assert_eq!(code(&beyond.await), ErrorCode::MandateEnded);
    assert_eq!(card.counters().verifies, before);
    assert_eq!(stage.asked().len(), 1);
    assert_eq!(card.tries_left(), 3);
}

#[tokio::test]
async fn only_approved_documents_each_as_often_as_approved() {
    let (stage, card) = stage();
    let mandate = open_for(&stage, &[REPORT, REPORT, NOTE]).await;
    let verifies = card.counters().verifies;
    for names in [[OTHER, REPORT].as_slice(), &[OTHER], &[NOTE, NOTE]] {
        let single = stage.perform(Operation::Sign, request(&mandate, names));
        let refused = code(&single.await);
        assert_eq!(refused, ErrorCode::MandateDocumentNotApproved, "{names:?}");
        let several = stage.perform(Operation::LotSign, lot(&mandate, names));
        let refused = code(&several.await);
        assert_eq!(refused, ErrorCode::MandateDocumentNotApproved, "{names:?}");
    }
    assert_eq!(card.counters().verifies, verifies);
    assert_eq!(status(&stage, &mandate).await["remaining"], 3);
    // A signature over two documents takes both.
    let both = stage.perform(Operation::Sign, request(&mandate, &[REPORT, NOTE]));
    both.await.unwrap();
    assert_eq!(status(&stage, &mandate).await["remaining"], 1);
    let again = stage.perform(Operation::Sign, request(&mandate, &[NOTE]));
    assert_eq!(code(&again.await), ErrorCode::MandateDocumentNotApproved);
    let last = stage.perform(Operation::LotSign, lot(&mandate, &[REPORT]));
    last.await.unwrap();
    assert_eq!(status(&stage, &mandate).await["end"]["reason"], "used-up");
    assert_eq!(card.counters().verifies, verifies + 2);
}

#[tokio::test]
async fn a_wrapped_lot_is_approved_by_the_documents_that_the_caller_has() {
    let (stage, card) = stage();
    let mandate = open_for(&stage, &[REPORT]).await;
    let mut body = lot(&mandate, &[NOTE]);
    body["cda"] = json!(true);
    body["patient"] = json!({
        "ins": INS, "birth_name": "Patientessai", "given_names": "Marie-Ève Anne",
        "birth_date": "19820415", "sex": "F", "birth_place": "99999",
    });
    body["documents"][0]["type_code"] = json!("11488-4");
    body["practice_situation"] = json!(1);
    let verifies = card.counters().verifies;
    let refused = stage.perform(Operation::LotSign, body.clone()).await;
    assert_eq!(code(&refused), ErrorCode::MandateDocumentNotApproved);
    assert_eq!(card.counters().verifies, verifies);
    body["documents"][0]["source"] = json!({"path": shipped(REPORT)});
    let signed = stage.perform(Operation::LotSign, body).await.unwrap();
    assert_eq!(signed["documents"][0]["media_type"], "text/xml");
    // Once for the practice situations, once for the signature.
    assert_eq!(card.counters().verifies, verifies + 2);
    assert_eq!(stage.asked().len(), 1);
}

#[tokio::test]
async fn whoever_did_not_open_it_and_whoever_means_another_card_is_refused() {
    let (stage, card) = stage();
    let mandate = open(&stage, json!({"maximum_count": 3})).await;
    let verifies = card.counters().verifies;
    let mut body = request(&mandate, &[NOTE]);
    let content = "UG91ciB1biBlc3NhaS4=";
    let put = json!({"offset": 0, "content": content, "last": true});
    let caller = site(SITE);
    let put = stage.perform_as(&caller, Operation::DocumentPut, put);
    let document = put.await.unwrap()["document"].clone();
    let mut of_site = body.clone();
    of_site["documents"][0]["source"] = json!({"document": document});
    let stranger = stage.perform_as(&caller, Operation::Sign, of_site);
    assert_eq!(code(&stranger.await), ErrorCode::MandateUnknown);
    body["card"] = json!("9999999999");
    let other_card = stage.perform(Operation::Sign, body.clone()).await;
    assert_eq!(code(&other_card), ErrorCode::CardChanged);
    body.as_object_mut().unwrap().remove("card");
    body["reader"] = json!("Lecteur 2");
    let other_reader = stage.perform(Operation::Sign, body).await;
    assert_eq!(code(&other_reader), ErrorCode::CardChanged);
    let close = json!({"mandate": mandate});
    stage.perform(Operation::MandateClose, close).await.unwrap();
    let closed = stage.perform(Operation::Sign, request(&mandate, &[NOTE]));
    assert_eq!(code(&closed.await), ErrorCode::MandateEnded);
    stage.readers.remove(READER);
    let gone = stage.perform(Operation::Sign, request(&mandate, &[NOTE]));
    assert_eq!(code(&gone.await), ErrorCode::MandateEnded);
    assert_eq!(card.counters().verifies, verifies);
}

/// A signature that is refused by the card gives its place back.
#[tokio::test]
async fn what_was_not_signed_is_not_counted() {
    let (stage, _card) = stage();
    let mandate = open_for(&stage, &[REPORT]).await;
    let mut impossible = request(&mandate, &[REPORT]);
    impossible["level"] = json!("T");
    let refused = stage.perform(Operation::Sign, impossible).await;
    assert_eq!(code(&refused), ErrorCode::TimeStampNotConfigured);
    assert_eq!(status(&stage, &mandate).await["remaining"], 1);
    let signed = stage.perform(Operation::Sign, request(&mandate, &[REPORT]));
    signed.await.unwrap();
}

#[tokio::test]
async fn a_signature_is_kept_where_its_time_stamp_cannot_be_had() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tsa", nobody.local_addr().unwrap());
    drop(nobody);
    let configuration = time_stamping::configuration(&url, "SHA-256");
    let stage = Stage::with(vec![Answer::Pin("1234")], false, &configuration);
    let card = Card::shipped("physician");
    stage.insert(READER, &card);
    let mut body = json!({
        "format": "pades",
        "level": "LTA",
        "documents": [{"source": {"path": shipped(REPORT)}, "name": REPORT}],
    });
    let signed = stage.perform(Operation::Sign, body.clone()).await.unwrap();
    assert_eq!(signed["level"], "B");
    assert_eq!(signed["level_problem"]["code"], "time-stamp-unreachable");
    let detail = signed["level_problem"]["detail"].as_str().unwrap();
    assert!(detail.contains("holds at level B"), "{detail}");
    let verify = json!({"signature": signed["signature"], "documents": []});
    let told = stage.perform(Operation::Verify, verify).await.unwrap();
    assert_eq!(told["conclusion"], "total-passed", "{told:#}");
    assert_eq!(told["signatures"][0]["level"], "B", "{told:#}");
    assert_eq!(card.counters().verifies, 1);
    // What reached its level has nothing to say.
    stage.will_answer(Answer::Pin("1234"));
    body["level"] = json!("B");
    let signed = stage.perform(Operation::Sign, body).await.unwrap();
    assert!(signed.get("level_problem").is_none());
}

#[test]
fn the_command_leaves_the_file_and_says_that_it_is_below_its_level() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/tsa", nobody.local_addr().unwrap());
    drop(nobody);
    let home = Home::new("");
    home.configure(&time_stamping::configuration(&url, "SHA-256"));
    let (signed, pin) = (home.path("signed.p7s"), home.path("pin"));
    let note = shipped(NOTE);
    let arguments = ["sign", "--format", "cades", "--level", "T"];
    let more = [
        "-o",
        signed.to_str().unwrap(),
        "--pin-file",
        pin.to_str().unwrap(),
    ];
    let arguments = [&arguments, more.as_slice(), &[note.to_str().unwrap()]].concat();
    let output = home.paraphe(&arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("time-stamp-unreachable"), "{said}");
    assert!(said.contains("holds at level B"), "{said}");
    let arguments = ["verify", signed.to_str().unwrap(), note.to_str().unwrap()];
    let output = home.paraphe(&arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
