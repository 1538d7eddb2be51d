//! `sign`: one document or several in a format of the field, with soft cards. One PIN and one signature; what does not go together
//! is refused before any PIN is asked for; what is made is accepted by a program that nobody here wrote.
//!
//! Needs the program `openssl`.

use std::path::Path;
use std::process::Command;

use crate::stage::documents::{fetched, shipped};
use crate::stage::trust::texts;
use crate::stage::{self, Answer, Card, Stage, code};
use paraphe_protocol::api::{ErrorCode, Operation};
use serde_json::{Value, json};

fn document(name: &str) -> Value {
    json!({"source": {"path": shipped(name)}, "name": name})
}

fn request(format: &str, packaging: &str, name: &str) -> Value {
    json!({"format": format, "packaging": packaging, "documents": [document(name)]})
}

/// `openssl cms -verify -cades`, with the anchors of the tests, of a signature beside or around `document`.
fn openssl_accepts(signature: &[u8], document: Option<&Path>) -> Result<Vec<u8>, String> {
    let folder = tempfile::tempdir().unwrap();
    let signature_file = folder.path().join("signature.p7s");
    std::fs::write(&signature_file, signature).unwrap();
    let anchors = folder.path().join("anchors.pem");
    std::fs::write(&anchors, texts(&stage::pki().anchors())).unwrap();
    let mut command = Command::new("openssl");
    command
        .args([
            "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-purpose", "any",
        ])
        .arg("-in")
        .arg(&signature_file)
        .arg("-CAfile")
        .arg(&anchors);
    if let Some(document) = document {
        command.arg("-content").arg(document);
    }
    let output = command.output().unwrap();
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[tokio::test]
async fn cades_beside_and_around_a_document_is_what_openssl_accepts() {
    for (profile, algorithm) in [
        ("physician", "RS256"),
        ("physician-cps4", "RS256"),
        ("physician-cps4", "PS256"),
    ] {
        for packaging in ["detached", "enveloping"] {
            let stage = Stage::new(vec![Answer::Pin("1234")]);
            let card = Card::shipped(profile);
            stage.insert("Lecteur 1", &card);
            let mut body = request("cades", packaging, "compte-rendu.pdf");
            body["algorithm"] = json!(algorithm);
            let signed = stage.perform(Operation::Sign, body).await.unwrap();
            let counters = card.counters();
            assert_eq!((counters.verifies, counters.private_key_operations), (1, 1));
            assert!(!card.pin_verified());
            assert_eq!(
                json!([
                    signed["format"],
                    signed["packaging"],
                    signed["level"],
                    signed["algorithm"]
                ]),
                json!(["cades", packaging, "B", algorithm])
            );
            assert_eq!(signed["documents"][0]["name"], "compte-rendu.pdf");
            let asked = stage.asked()[0].description();
            assert!(
                asked.contains("Signature cades de 1 document(s) : « compte-rendu.pdf »"),
                "{asked}"
            );
            let signature = fetched(&stage, &signed["signature"]).await;
            let path = shipped("compte-rendu.pdf");
            let content = std::fs::read(&path).unwrap();
            if packaging == "detached" {
                openssl_accepts(&signature, Some(&path)).unwrap();
                openssl_accepts(&signature, Some(&shipped("note-de-suivi.txt"))).unwrap_err();
            } else {
                assert_eq!(openssl_accepts(&signature, None).unwrap(), content);
            }
        }
    }
}

#[tokio::test]
async fn what_does_not_go_together_costs_no_pin() {
    let stage = Stage::new(vec![]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let with = |key: &str, value: Value| {
        let mut body = request("cades", "detached", "compte-rendu.pdf");
        body[key] = value;
        body
    };
    let two = json!([document("compte-rendu.pdf"), document("note-de-suivi.txt")]);
    let named =
        |name: &str| json!([{"source": {"path": shipped("compte-rendu.pdf")}, "name": name}]);
    let declared = json!([{
        "source": {"path": shipped("note-de-suivi.txt")}, "name": "note.txt", "media_type": "application/pdf"
    }]);
    for (body, expected) in [
        (
            with("packaging", json!("enveloped")),
            ErrorCode::RequestInvalid,
        ),
        (with("level", json!("T")), ErrorCode::TimeStampNotConfigured),
        (
            with("algorithm", json!("PS256")),
            ErrorCode::SignatureAlgorithmNotOffered,
        ),
        (
            with("algorithm", json!("ES256")),
            ErrorCode::SignatureAlgorithmNotOffered,
        ),
        (with("algorithm", json!("none")), ErrorCode::RequestInvalid),
        (with("documents", json!([])), ErrorCode::LotEmpty),
        (with("documents", two), ErrorCode::RequestInvalid),
        (
            with("documents", named("../a.pdf")),
            ErrorCode::RequestInvalid,
        ),
        (with("documents", named("")), ErrorCode::RequestInvalid),
        (with("documents", declared), ErrorCode::DocumentFormat),
    ] {
        let result = stage.perform(Operation::Sign, body.clone()).await;
        assert_eq!(code(&result), expected, "{body}");
    }
    assert!(stage.asked().is_empty());
    assert_eq!(card.counters().verifies, 0);
}

#[tokio::test]
async fn what_is_verified_is_looked_at_whole() {
    let stage = Stage::new(vec![Answer::Pin("1234"), Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let note = json!({"path": shipped("note-de-suivi.txt")});
    let report = json!({"path": shipped("compte-rendu.pdf")});
    let beside = request("cades", "detached", "note-de-suivi.txt");
    let beside = stage.perform(Operation::Sign, beside).await.unwrap();
    let inside = request("pades", "enveloped", "compte-rendu.pdf");
    let inside = stage.perform(Operation::Sign, inside).await.unwrap();
    let verify = async |signature: &Value, documents: &[&Value]| {
        let body = json!({"signature": signature["signature"], "documents": documents});
        stage.perform(Operation::Verify, body).await
    };
    for (signature, documents, conclusion) in [
        (&beside, vec![&note], "total-passed"),
        (&beside, vec![&report], "total-failed"),
        (&beside, vec![], "indeterminate"),
        (&inside, vec![], "total-passed"),
    ] {
        let told = verify(signature, &documents).await.unwrap();
        assert_eq!(told["conclusion"], conclusion, "{told:#}");
    }
    stage.will_answer(Answer::Pin("1234"));
    let around = request("cades", "enveloping", "note-de-suivi.txt");
    let around = stage.perform(Operation::Sign, around).await.unwrap();
    let whole = verify(&around, &[]).await.unwrap();
    assert_eq!(whole["conclusion"], "total-passed");
    for (signature, documents) in [
        (&beside, vec![&note, &report]),
        (&inside, vec![&note]),
        (&around, vec![&report]),
    ] {
        let refused = verify(signature, &documents).await;
        assert_eq!(code(&refused), ErrorCode::RequestInvalid);
    }
    let unsigned = json!({"signature": report});
    let told = stage.perform(Operation::Verify, unsigned).await.unwrap();
    assert_eq!(told["conclusion"], "indeterminate");
    assert_eq!(told["reasons"], json!(["pdf-no-signature"]));
}
