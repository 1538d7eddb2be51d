//! Batches above level B: one PIN entry, a time-stamping authority on this machine, evidence from the trust directory. Each result
//! proves the level that its item asked for, and a time stamp that cannot be had costs neither signature nor PIN.
//!
//! Needs the program `openssl`.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::stage::documents::shipped;
use crate::stage::time_stamping::TimeStampingServer;
use crate::stage::{Answer, Card, Stage};
use paraphe_protocol::api::Operation;
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(180);
const NOTE: &str = "note-de-suivi.txt";
const REPORT: &str = "compte-rendu.pdf";

/// Document, format, packaging, level of each item.
const ITEMS: [(&str, &str, &str, &str); 8] = [
    (NOTE, "cades", "detached", "T"),
    (REPORT, "cades", "detached", "LTA"),
    (NOTE, "cades", "enveloping", "LT"),
    (NOTE, "cades", "detached", "B"),
    (REPORT, "pades", "enveloped", "LT"),
    (REPORT, "pades", "enveloped", "LTA"),
    (NOTE, "xades", "detached", "T"),
    (NOTE, "xades", "enveloping", "LTA"),
];

fn request(items: &[(&str, &str, &str, &str)], output: &Path) -> Value {
    let items: Vec<_> = items
        .iter()
        .map(|(name, format, packaging, level)| {
            json!({
                "source": {"path": shipped(name)},
                "signature": {"format": format, "packaging": packaging, "level": level},
            })
        })
        .collect();
    json!({"purpose": "Courrier du jour", "items": items, "output": output})
}

async fn start(stage: &Stage, body: Value) -> Value {
    let answer = stage.perform(Operation::BatchStart, body).await;
    answer.unwrap()["batch"].clone()
}

/// How it stands when it has stopped or is done.
async fn ended(stage: &Stage, batch: &Value) -> Value {
    let begun = Instant::now();
    loop {
        let body = json!({"batch": batch, "from": 1});
        let status = stage.perform(Operation::BatchStatus, body).await.unwrap();
        let state = status["batches"][0]["state"].as_str().unwrap();
        if ["done", "stopped", "cancelled"].contains(&state) {
            return status;
        }
        assert!(begun.elapsed() < LONG, "{status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Every result holds, at the level of its item.
async fn judge(stage: &Stage, batch: &Value, items: &[(&str, &str, &str, &str)]) {
    for (number, (name, format, packaging, level)) in (1..).zip(items) {
        let body = json!({"batch": batch, "item": number});
        let result = stage.perform(Operation::BatchResult, body).await.unwrap();
        let documents = match *packaging {
            "detached" => json!([{"path": shipped(name)}]),
            _ => json!([]),
        };
        let body = json!({"signature": result["signature"], "documents": documents});
        let told = stage.perform(Operation::Verify, body).await.unwrap();
        assert_eq!(told["conclusion"], "total-passed", "{number}: {told:#}");
        let signature = &told["signatures"][0];
        let found = [
            &signature["format"],
            &signature["packaging"],
            &signature["level"],
        ];
        assert_eq!(found, [format, packaging, level], "{number}: {told:#}");
    }
}

#[tokio::test]
async fn items_reach_the_level_that_each_asks_for() {
    let server = TimeStampingServer::start();
    let stage = Stage::with(vec![Answer::Pin("1234")], false, &server.configuration());
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("results");
    let batch = start(&stage, request(&ITEMS, &output)).await;
    let status = ended(&stage, &batch).await;
    let summary = &status["batches"][0];
    assert_eq!(
        (&summary["state"], &summary["done"]),
        (&json!("done"), &json!(ITEMS.len())),
        "{status:#}"
    );
    judge(&stage, &batch, &ITEMS).await;
    assert_eq!(card.counters().private_key_operations, ITEMS.len() as u64);
    assert_eq!(stage.asked().len(), 1);
    assert_eq!(card.tries_left(), 3);
    assert!(!card.pin_verified());
    // One for T and LT, two for LTA.
    assert_eq!(server.asked(), 4 + 2 * 3);
}

#[tokio::test]
async fn a_time_stamp_that_cannot_be_had_costs_neither_signature_nor_pin() {
    let items = &ITEMS[..6];
    let server = TimeStampingServer::start();
    let stage = Stage::with(vec![Answer::Pin("1234")], false, &server.configuration());
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("results");
    server.set_away(true);
    let batch = start(&stage, request(items, &output)).await;
    let status = ended(&stage, &batch).await;
    let summary = &status["batches"][0];
    // The one of level B needs nobody else.
    assert_eq!(
        (&summary["state"], &summary["done"], &summary["signed"]),
        (&json!("stopped"), &json!(1), &json!(5)),
        "{status:#}"
    );
    assert_eq!(summary["problem"]["code"], "time-stamp-unreachable");
    let counters = card.counters();
    assert_eq!(counters.private_key_operations, items.len() as u64);
    server.set_away(false);
    // The person is not there: nobody is asked.
    let body = json!({"batch": batch});
    stage.perform(Operation::BatchResume, body).await.unwrap();
    let status = ended(&stage, &batch).await;
    assert_eq!(status["batches"][0]["state"], "done", "{status:#}");
    judge(&stage, &batch, items).await;
    let after = card.counters();
    assert_eq!(
        after.private_key_operations,
        counters.private_key_operations
    );
    assert_eq!(after.verifies, counters.verifies);
    assert_eq!(stage.asked().len(), 1);
}

#[tokio::test]
async fn a_given_mandate_reaches_the_levels_too() {
    let items = &ITEMS[..2];
    let server = TimeStampingServer::start();
    let stage = Stage::with(vec![Answer::Pin("1234")], false, &server.configuration());
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let body = json!({"purpose": "Courrier", "maximum_count": 2});
    let mandate = stage.perform(Operation::MandateOpen, body).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut body = request(items, &folder.path().join("results"));
    body["mandate"] = mandate["mandate"].clone();
    let batch = start(&stage, body).await;
    let status = ended(&stage, &batch).await;
    assert_eq!(status["batches"][0]["done"], 2, "{status:#}");
    judge(&stage, &batch, items).await;
    assert_eq!(card.counters().private_key_operations, 2);
    assert_eq!(stage.asked().len(), 1);
}
