//! Several documents under one signature, with a soft card: in a container (ASiC-E), beside one (JAdES, XAdES). One PIN, one signature;
//! nothing may be missing or more when it is verified, and a document that changed meanwhile ends in a refusal.
//!
//! Needs the program `unzip`.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::stage::documents::fetched;
use crate::stage::{Answer, Card, Stage};
use paraphe_protocol::api::{ErrorCode, Operation};
use serde_json::{Value, json};

const NAMES: [&str; 3] = ["compte-rendu.pdf", "note-de-suivi.txt", "photo-lesion.jpg"];

/// The documents in a folder of their own, with a name that is not ASCII among them.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/documents");
    for name in NAMES {
        fs::copy(shipped.join(name), folder.path().join(name)).unwrap();
    }
    folder
}

fn request(format: &str, folder: &Path) -> Value {
    let documents = NAMES.map(|name| {
        let shown = name.replace("note", "note n\u{b0} 1 \u{e9}");
        json!({"source": {"path": folder.join(name)}, "name": shown})
    });
    json!({"format": format, "documents": documents})
}

async fn conclusion(stage: &Stage, signature: &Value, documents: &[&str], folder: &Path) -> Value {
    let documents = documents.iter();
    let documents: Vec<_> = documents
        .map(|name| json!({"path": folder.join(name)}))
        .collect();
    let body = json!({"signature": signature, "documents": documents});
    stage.perform(Operation::Verify, body).await.unwrap()
}

#[tokio::test]
async fn one_signature_beside_several_documents() {
    let stage = Stage::new(vec![Answer::Pin("1234"), Answer::Pin("1234")]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let folder = folder();
    let folder = folder.path();
    for format in ["jades", "xades"] {
        let signed = stage
            .perform(Operation::Sign, request(format, folder))
            .await;
        let signed = signed.unwrap();
        assert_eq!(signed["packaging"], "detached");
        let signature = &signed["signature"];
        let told = conclusion(&stage, signature, &NAMES, folder).await;
        assert_eq!(told["conclusion"], "total-passed", "{told:#}");
        let covered = told["signatures"][0]["covered"].as_array().unwrap();
        assert_eq!(covered.len(), NAMES.len());
        let told = conclusion(&stage, signature, &NAMES[1..], folder).await;
        assert_ne!(told["conclusion"], "total-passed");
        let told = conclusion(&stage, signature, &[], folder).await;
        assert_eq!(told["conclusion"], "indeterminate", "{told:#}");
    }
    assert_eq!(card.counters().private_key_operations, 2);
}

#[tokio::test]
async fn several_documents_go_into_one_container() {
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let folder = folder();
    let folder = folder.path();
    let signed = stage
        .perform(Operation::Sign, request("asic-e", folder))
        .await;
    let signed = signed.unwrap();
    let told = json!([
        signed["packaging"],
        signed["media_type"],
        signed["extension"]
    ]);
    let expected = json!(["enveloping", "application/vnd.etsi.asic-e+zip", "asice"]);
    assert_eq!(told, expected);
    assert_eq!(signed["documents"].as_array().unwrap().len(), NAMES.len());
    let counters = card.counters();
    assert_eq!((counters.verifies, counters.private_key_operations), (1, 1));

    let container = fetched(&stage, &signed["signature"]).await;
    let path = folder.join("dossier.asice");
    fs::write(&path, &container).unwrap();
    let unzip = Command::new("unzip").arg("-t").arg(&path).output().unwrap();
    assert!(unzip.status.success());
    for name in NAMES {
        let document = fs::read(folder.join(name)).unwrap();
        let is_inside = container
            .windows(document.len())
            .any(|window| window == document);
        assert!(is_inside, "{name} stands in it as it is");
    }

    // From the store, and from disk.
    for source in [signed["signature"].clone(), json!({"path": path})] {
        let told = conclusion(&stage, &source, &[], folder).await;
        assert_eq!(told["conclusion"], "total-passed", "{told:#}");
        let report = &told["signatures"][0];
        assert_eq!(
            (&report["format"], &report["level"]),
            (&json!("asic-e"), &json!("B"))
        );
        let covered = report["covered"].as_array().unwrap();
        let names: Vec<_> = covered
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(
            names,
            [NAMES[0], "note n\u{b0} 1 \u{e9}-de-suivi.txt", NAMES[2]]
        );
    }
    let body = json!({"signature": {"path": path}, "documents": [{"path": folder.join(NAMES[0])}]});
    let beside = stage.perform(Operation::Verify, body).await.unwrap_err();
    assert_eq!(beside.code, ErrorCode::RequestInvalid);

    // One byte of a document in it, wherever it stands.
    let document = fs::read(folder.join(NAMES[1])).unwrap();
    let at = container
        .windows(document.len())
        .position(|window| window == document);
    let mut altered = container.clone();
    altered[at.unwrap()] ^= 1;
    fs::write(&path, &altered).unwrap();
    let told = conclusion(&stage, &json!({"path": path}), &[], folder).await;
    assert_ne!(told["conclusion"], "total-passed");
    fs::write(&path, [&container[..], b"x"].concat()).unwrap();
    let told = conclusion(&stage, &json!({"path": path}), &[], folder).await;
    assert_eq!(told["conclusion"], "total-failed");
    assert_eq!(told["reasons"], json!(["container-malformed"]));
    assert!(
        told["explanation"][0]
            .as_str()
            .unwrap()
            .contains("container"),
        "{told:#}"
    );
}

#[tokio::test]
async fn names_that_cannot_stand_in_a_container_cost_no_pin() {
    let stage = Stage::new(vec![]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let folder = folder();
    for (first, second) in [("mimetype", "a.txt"), ("A.txt", "a.txt"), ("a.", "b.txt")] {
        let mut body = request("asic-e", folder.path());
        body["documents"] = json!([
            {"source": {"path": folder.path().join(NAMES[1])}, "name": first},
            {"source": {"path": folder.path().join(NAMES[1])}, "name": second},
        ]);
        let refused = stage.perform(Operation::Sign, body).await.unwrap_err();
        assert_eq!(
            refused.code,
            ErrorCode::DocumentNotSignable,
            "{first} {second}"
        );
    }
    assert_eq!(card.counters().private_key_operations, 0);
}
