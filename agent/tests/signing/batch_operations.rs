//! Batches in one process: one PIN entry for all, each result accepted by OpenSSL, documents that change or are missing, cancel and
//! resume, removal in the middle, another program's reset, who may see what.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::stage::{Answer, Card, SITE, Stage, program, site};
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_softcard::Scenario;
use serde_json::{Value, json};

const READER: &str = "Lecteur 1";
const LONG: Duration = Duration::from_secs(120);

struct Desk {
    stage: Stage,
    card: Card,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(answers: Vec<Answer>, card: Card) -> Self {
        let stage = Stage::new(answers);
        stage.insert(READER, &card);
        Self {
            stage,
            card,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// A batch of so many items that has made some signatures and makes others, each of which takes the card so long.
    async fn signing(items: u32, milliseconds: u32) -> (Self, String) {
        let card = Card::altered(
            "physician",
            &["timing", "milliseconds_per_private_key_operation"],
            json!(milliseconds),
        );
        let desk = Self::new(vec![Answer::Pin("1234")], card);
        let batch = desk.start(items).await;
        desk.when(&batch, |summary| summary["done"].as_u64() > Some(2))
            .await;
        (desk, batch)
    }

    fn document(&self, number: u32) -> PathBuf {
        let path = self.folder.path().join(format!("document-{number}"));
        if !path.exists() {
            fs::write(&path, format!("Document {number}\n").repeat(500)).unwrap();
        }
        path
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("results")
    }

    async fn start(&self, items: u32) -> String {
        let items: Vec<_> = (1..=items)
            .map(|number| json!({"source": {"path": self.document(number)}, "title": format!("n° {number}")}))
            .collect();
        let body = json!({"purpose": "Courrier du jour", "items": items, "output": self.output()});
        let answer = self
            .stage
            .perform(Operation::BatchStart, body)
            .await
            .unwrap();
        answer["batch"].as_str().unwrap().to_owned()
    }

    async fn status(&self, batch: &str) -> Value {
        let body = json!({"batch": batch, "from": 1});
        self.stage
            .perform(Operation::BatchStatus, body)
            .await
            .unwrap()
    }

    /// How it stands when it has stopped or is done.
    async fn ended(&self, batch: &str) -> Value {
        self.when(batch, |summary| {
            ["done", "stopped", "cancelled"].contains(&summary["state"].as_str().unwrap())
        })
        .await
    }

    async fn when(&self, batch: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let status = self.status(batch).await;
            if condition(&status["batches"][0]) {
                return status;
            }
            assert!(begun.elapsed() < LONG, "{status}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn resume(&self, batch: &str) {
        let body = json!({"batch": batch});
        self.stage
            .perform(Operation::BatchResume, body)
            .await
            .unwrap();
    }

    /// Every result is there and OpenSSL accepts it for its document.
    async fn judge(&self, batch: &str, items: u32) {
        for item in 1..=items {
            let body = json!({"batch": batch, "item": item});
            let answer = self
                .stage
                .perform(Operation::BatchResult, body)
                .await
                .unwrap();
            let path = answer["signature"]["path"].as_str().unwrap();
            accepted(Path::new(path), &self.document(item));
        }
        let files = fs::read_dir(self.output()).unwrap().count();
        assert_eq!(u32::try_from(files).unwrap(), items);
    }
}

fn accepted(signature: &Path, document: &Path) {
    let output = Command::new("openssl")
        .args([
            "cms",
            "-verify",
            "-binary",
            "-inform",
            "DER",
            "-noverify",
            "-in",
        ])
        .arg(signature)
        .arg("-content")
        .arg(document)
        .args(["-out", "/dev/null"])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test]
async fn one_entry_signs_them_all() {
    for profile in ["physician", "physician-cps4"] {
        let desk = Desk::new(vec![Answer::Pin("1234")], Card::shipped(profile));
        let batch = desk.start(40).await;
        let status = desk.ended(&batch).await;
        let summary = &status["batches"][0];
        assert_eq!(summary["state"], "done", "{summary}");
        assert_eq!(summary["done"], 40);
        assert_eq!(status["items"].as_array().unwrap().len(), 40);
        desk.judge(&batch, 40).await;
        assert_eq!(desk.stage.asked().len(), 1);
        let shown = desk.stage.asked()[0].description();
        for part in ["Courrier du jour", "40 signature(s)", "« n° 1 »"] {
            assert!(shown.contains(part), "{shown}");
        }
        let counters = desk.card.counters();
        // The entry, and once more in each transaction that signs, never refused: how many there are depends on the machine's load.
        assert!(counters.verifies >= 2, "{counters:?}");
        assert_eq!(desk.card.tries_left(), 3);
        assert_eq!(counters.private_key_operations, 40);
        assert!(!desk.card.pin_verified());
        // Its own mandate ended with it.
        let mandates = desk
            .stage
            .perform(Operation::MandateStatus, json!({}))
            .await;
        assert_eq!(mandates.unwrap()["mandates"][0]["end"]["reason"], "used-up");
    }
}

#[tokio::test]
async fn an_item_that_cannot_be_signed_does_not_keep_the_others() {
    let desk = Desk::new(vec![Answer::Pin("1234")], Card::shipped("physician"));
    let items = json!([
        {"source": {"path": desk.document(1)}},
        {"source": {"path": desk.folder.path().join("absent")}},
        {"source": {"path": desk.folder.path()}},
        {"source": {"path": desk.document(2)}},
    ]);
    let body = json!({"purpose": "x", "items": items, "output": desk.output()});
    let batch = desk
        .stage
        .perform(Operation::BatchStart, body)
        .await
        .unwrap();
    let batch = batch["batch"].as_str().unwrap();
    let status = desk.ended(batch).await;
    assert_eq!(status["batches"][0]["state"], "done");
    assert_eq!(status["batches"][0]["failed"], 2);
    let code = |item: usize| status["items"][item]["problem"]["code"].clone();
    assert_eq!(code(1), "document-missing");
    assert_eq!(code(2), "document-format");
    // What failed is tried again where that is asked for, and nothing else is signed again.
    fs::write(desk.folder.path().join("absent"), "there now").unwrap();
    desk.stage.will_answer(Answer::Pin("1234"));
    let body = json!({"batch": batch, "retry_failed": true});
    desk.stage
        .perform(Operation::BatchResume, body)
        .await
        .unwrap();
    let status = desk.ended(batch).await;
    assert_eq!(status["batches"][0]["done"], 3, "{status}");
    assert_eq!(desk.card.counters().private_key_operations, 3);
}

#[tokio::test]
async fn a_document_that_changed_since_it_was_approved_is_refused() {
    let desk = Desk::new(vec![], Card::shipped("physician"));
    let changed = desk.document(2);
    desk.stage.will_answer(Answer::PinAfter(
        "1234",
        Box::new(move || fs::write(changed, "something else").unwrap()),
    ));
    let batch = desk.start(3).await;
    let status = desk.ended(&batch).await;
    assert_eq!(status["batches"][0]["done"], 2, "{status}");
    assert_eq!(status["items"][1]["problem"]["code"], "document-changed");
}

#[tokio::test]
async fn a_cancelled_batch_stops_between_two_signatures_and_goes_on_where_it_was() {
    let (desk, batch) = Desk::signing(30, 30).await;
    let body = json!({"batch": batch});
    desk.stage
        .perform(Operation::BatchCancel, body.clone())
        .await
        .unwrap();
    let status = desk.ended(&batch).await;
    let summary = &status["batches"][0];
    assert_eq!(summary["state"], "cancelled", "{summary}");
    let done = summary["done"].as_u64().unwrap();
    assert!(done < 30 && summary["signed"] == 0, "{summary}");
    assert_eq!(desk.card.counters().private_key_operations, done);
    desk.stage.will_answer(Answer::Pin("1234"));
    desk.resume(&batch).await;
    let twice = desk.stage.perform(Operation::BatchResume, body).await;
    assert_eq!(twice.unwrap_err().code, ErrorCode::BatchRunning);
    assert_eq!(desk.ended(&batch).await["batches"][0]["state"], "done");
    desk.judge(&batch, 30).await;
    assert_eq!(desk.card.counters().private_key_operations, 30);
}

#[tokio::test]
async fn a_login_gets_its_turn_while_a_batch_signs() {
    let (desk, batch) = Desk::signing(60, 50).await;
    for _ in 0..3 {
        let read = desk
            .stage
            .perform(Operation::CardRead, json!({}))
            .await
            .unwrap();
        assert_eq!(read["assurance"], "holder");
    }
    let status = desk.ended(&batch).await;
    assert_eq!(status["batches"][0]["state"], "done", "{status}");
    assert_eq!(desk.card.counters().private_key_operations, 60);
}

#[tokio::test]
async fn a_card_that_is_pulled_stops_it_and_nothing_is_lost() {
    let (desk, batch) = Desk::signing(20, 30).await;
    desk.stage.readers.remove(READER);
    let status = desk.ended(&batch).await;
    assert_eq!(status["batches"][0]["state"], "stopped", "{status}");
    // Another person's card does not go on with it.
    desk.stage.insert(READER, &Card::shipped("nurse"));
    desk.resume(&batch).await;
    let status = desk.ended(&batch).await;
    assert_eq!(status["batches"][0]["problem"]["code"], "card-changed");
    desk.stage.readers.remove(READER);
    desk.stage.insert(READER, &desk.card);
    desk.stage.will_answer(Answer::Pin("1234"));
    desk.resume(&batch).await;
    let status = desk.ended(&batch).await;
    assert_eq!(status["batches"][0]["state"], "done", "{status}");
    desk.judge(&batch, 20).await;
    let made = desk.card.counters().private_key_operations;
    assert!((20..=21).contains(&made), "{made}");
    let journal = desk.stage.journal().await;
    let ends = journal
        .iter()
        .filter(|entry| entry["operation"] == "batch/start" && entry["about"]["ended"].is_string());
    let ends: Vec<_> = ends
        .map(|entry| (&entry["outcome"], &entry["code"], &entry["about"]["ended"]))
        .collect();
    let stopped = json!("stopped");
    assert_eq!(ends.len(), 3, "{journal:?}");
    assert_eq!(ends[0], (&json!("done"), &Value::Null, &json!("done")));
    assert_eq!(
        ends[1],
        (&json!("refused"), &json!("card-changed"), &stopped)
    );
    assert_eq!((ends[2].0, ends[2].2), (&json!("refused"), &stopped));
    assert_eq!(journal[0]["about"]["count"], 20, "{}", journal[0]);
}

#[tokio::test]
async fn another_program_s_reset_costs_one_more_presentation_of_the_same_entry() {
    let reset = r#"{"rules": [{"when": {"ins": "2A", "nth": 9}, "then": {"reset": true}}]}"#;
    let card = Card::scripted("physician", &Scenario::from_json(reset).unwrap());
    let desk = Desk::new(vec![Answer::Pin("1234")], card);
    let batch = desk.start(12).await;
    let status = desk.ended(&batch).await;
    assert_eq!(status["batches"][0]["state"], "done", "{status}");
    assert_eq!(desk.stage.asked().len(), 1);
    assert!(desk.card.counters().verifies >= 3);
    assert_eq!(desk.card.tries_left(), 3);
    desk.judge(&batch, 12).await;
}

#[tokio::test]
async fn a_pin_that_failed_is_never_presented_again() {
    let desk = Desk::new(
        vec![Answer::Pin("0000"), Answer::Cancel],
        Card::shipped("physician"),
    );
    let batch = desk.start(3).await;
    let status = desk.ended(&batch).await;
    assert_eq!(
        status["batches"][0]["problem"]["code"],
        "operation-cancelled"
    );
    assert_eq!(desk.card.counters().verifies, 1);
    assert_eq!(desk.card.counters().private_key_operations, 0);
    desk.stage.will_answer(Answer::Pin("1234"));
    desk.resume(&batch).await;
    assert_eq!(desk.ended(&batch).await["batches"][0]["state"], "done");
}

#[tokio::test]
async fn a_given_mandate_signs_its_own_documents_and_no_others() {
    use paraphe_protocol::digest::Sha256Digest;
    let desk = Desk::new(vec![Answer::Pin("1234")], Card::shipped("physician"));
    let approved: Vec<_> = (1..=3)
        .map(|number| Sha256Digest::of(&fs::read(desk.document(number)).unwrap()))
        .map(|sha256| json!({"sha256": sha256}))
        .collect();
    let body = json!({"purpose": "Trois documents", "documents": approved});
    let mandate = desk
        .stage
        .perform(Operation::MandateOpen, body)
        .await
        .unwrap();
    let items: Vec<_> = (2..=4)
        .map(|number| json!({"source": {"path": desk.document(number)}}))
        .collect();
    let body = json!({"purpose": "x", "mandate": mandate["mandate"], "items": items, "output": desk.output()});
    // Somebody else's mandate is none.
    let other = desk
        .stage
        .perform_as(&site(SITE), Operation::BatchStart, body.clone())
        .await;
    assert_eq!(other.unwrap_err().code, ErrorCode::MandateUnknown);
    let batch = desk
        .stage
        .perform(Operation::BatchStart, body)
        .await
        .unwrap();
    let batch = batch["batch"].as_str().unwrap();
    let status = desk.ended(batch).await;
    assert_eq!(status["batches"][0]["done"], 2, "{status}");
    let code = &status["items"][2]["problem"]["code"];
    assert_eq!(code, "mandate-document-not-approved");
    let left = desk
        .stage
        .perform(Operation::MandateStatus, json!({}))
        .await
        .unwrap();
    assert_eq!(left["mandates"][0]["remaining"], 1);
    assert!(left["mandates"][0].get("end").is_none());
    assert_eq!(desk.stage.asked().len(), 1);
}

#[tokio::test]
async fn a_mandate_that_is_used_up_or_closed_stops_the_batch() {
    let desk = Desk::new(vec![Answer::Pin("1234")], Card::shipped("physician"));
    let body = json!({"purpose": "Deux", "maximum_count": 2});
    let mandate = desk
        .stage
        .perform(Operation::MandateOpen, body)
        .await
        .unwrap();
    let items: Vec<_> = (1..=4)
        .map(|number| json!({"source": {"path": desk.document(number)}}))
        .collect();
    let body = json!({"purpose": "x", "mandate": mandate["mandate"], "items": items, "output": desk.output()});
    let batch = desk
        .stage
        .perform(Operation::BatchStart, body)
        .await
        .unwrap();
    let batch = batch["batch"].as_str().unwrap();
    let status = desk.ended(batch).await;
    assert_eq!(
        status["batches"][0]["problem"]["code"], "mandate-ended",
        "{status}"
    );
    assert_eq!(status["batches"][0]["done"], 2);
    assert_eq!(desk.card.counters().private_key_operations, 2);
    let refused = json!({"batch": batch, "mandate": mandate["mandate"]});
    let refused = desk.stage.perform(Operation::BatchResume, refused).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::MandateEnded);
    desk.stage.will_answer(Answer::Pin("1234"));
    desk.resume(batch).await;
    assert_eq!(desk.ended(batch).await["batches"][0]["done"], 4);
    assert_eq!(desk.card.counters().private_key_operations, 4);
}

#[tokio::test]
async fn a_site_hands_documents_over_and_fetches_results_and_names_no_path() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let desk = Desk::new(vec![Answer::Pin("1234")], Card::shipped("physician"));
    let caller = site(SITE);
    let as_site = |operation, body| desk.stage.perform_as(&caller, operation, body);
    let path = json!({"purpose": "x", "items": [{"source": {"path": desk.document(1)}}]});
    let refused = as_site(Operation::BatchStart, path).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::PathNotAllowed);
    let put = json!({"offset": 0, "content": STANDARD.encode("abc"), "last": true});
    let document = as_site(Operation::DocumentPut, put).await.unwrap()["document"].clone();
    let body = json!({"purpose": "x", "items": [{"source": {"document": document}}]});
    let batch = as_site(Operation::BatchStart, body).await.unwrap()["batch"].clone();
    let begun = Instant::now();
    let question = json!({"batch": batch});
    while as_site(Operation::BatchStatus, question.clone())
        .await
        .unwrap()["batches"][0]["state"]
        != "done"
    {
        assert!(begun.elapsed() < LONG);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let body = json!({"batch": batch, "item": 1});
    let result = as_site(Operation::BatchResult, body.clone()).await.unwrap();
    let get = json!({"document": result["signature"]["document"], "offset": 0});
    let content = as_site(Operation::DocumentGet, get).await.unwrap()["content"].clone();
    let signature = desk.folder.path().join("signature");
    fs::write(
        &signature,
        STANDARD.decode(content.as_str().unwrap()).unwrap(),
    )
    .unwrap();
    let document = desk.folder.path().join("abc");
    fs::write(&document, "abc").unwrap();
    accepted(&signature, &document);
    // For everybody else it is not there.
    let other = desk
        .stage
        .perform_as(&program(), Operation::BatchResult, body)
        .await;
    assert_eq!(other.unwrap_err().code, ErrorCode::BatchUnknown);
    let all = desk
        .stage
        .perform(Operation::BatchStatus, json!({}))
        .await
        .unwrap();
    assert_eq!(all["batches"], json!([]));
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused_before_anything_is_kept() {
    let desk = Desk::new(vec![], Card::shipped("physician"));
    let document = json!({"source": {"path": desk.document(1)}});
    let full = desk.folder.path().to_owned();
    let items = json!([document]);
    for (body, code) in [
        (json!({"purpose": "x"}), ErrorCode::BatchSize),
        (
            json!({"purpose": " ", "items": items}),
            ErrorCode::RequestInvalid,
        ),
        (
            json!({"purpose": "x", "items": [{"source": {"path": "relative"}}]}),
            ErrorCode::PathNotAllowed,
        ),
        (
            json!({"purpose": "x", "items": items, "output": full}),
            ErrorCode::PathNotAllowed,
        ),
        (
            json!({"purpose": "x", "items": items, "mandate": "none"}),
            ErrorCode::MandateUnknown,
        ),
        (
            json!({"purpose": "x", "items": items, "list": {"path": desk.document(1)}}),
            ErrorCode::BatchSize,
        ),
        (
            json!({"purpose": "x", "list": {"path": desk.document(1)}}),
            ErrorCode::RequestInvalid,
        ),
    ] {
        let refused = desk
            .stage
            .perform(Operation::BatchStart, body.clone())
            .await;
        assert_eq!(refused.unwrap_err().code, code, "{body}");
    }
    let all = desk
        .stage
        .perform(Operation::BatchStatus, json!({}))
        .await
        .unwrap();
    assert_eq!(all["batches"], json!([]));
    let unknown = json!({"batch": "../../etc"});
    let unknown = desk.stage.perform(Operation::BatchStatus, unknown).await;
    assert_eq!(unknown.unwrap_err().code, ErrorCode::BatchUnknown);
    assert_eq!(desk.card.counters().verifies, 0);
}
