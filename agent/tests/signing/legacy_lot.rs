//! The DMP's old lot profile from end to end, with soft cards of both families: signed and verified where the administrator
//! enabled it, and refused before any PIN is asked for where not.

use crate::stage::documents::shipped;
use crate::stage::{Answer, Card, Stage};
use paraphe_protocol::api::{ErrorCode, Operation};
use serde_json::{Value, json};

const ENABLED: &str = "\n[signatures]\ndmp_legacy = true\n";

fn lot(profile: &str, cda: bool) -> Value {
    let documents: Vec<_> = ["note-de-suivi.txt", "compte-rendu.pdf"]
        .iter()
        .map(|name| json!({"source": {"path": shipped(name)}, "title": name}))
        .collect();
    let mut lot = json!({
        "profile": profile,
        "patient": {
            "ins": "282049999900264",
            "birth_name": "SIMULATEUR",
            "given_names": "MARIE",
            "birth_date": "19820412",
            "sex": "F",
            "birth_place": "99999",
        },
        "documents": documents,
        "cda": cda,
    });
    if cda {
        lot["practice_situation"] = json!(1);
    }
    lot
}

async fn report(stage: &Stage, signed: &Value, changed: bool) -> Value {
    let mut documents: Vec<_> = signed["documents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| document["content"].clone())
        .collect();
    if changed {
        documents[0] = json!({"path": shipped("lettre-de-liaison.rtf")});
    }
    let body = json!({"signature": signed["signature"], "documents": documents});
    stage.perform(Operation::Verify, body).await.unwrap()
}

#[tokio::test]
async fn both_card_families_sign_it_where_it_is_enabled() {
    for (profile, cda) in [
        ("physician", false),
        ("physician", true),
        ("physician-cps4", false),
    ] {
        let answers = (0..2).map(|_| Answer::Pin("1234")).collect();
        let stage = Stage::with(answers, false, ENABLED);
        let card = Card::shipped(profile);
        stage.insert("Lecteur 1", &card);
        let signed = stage
            .perform(Operation::LotSign, lot("dmp-legacy", cda))
            .await
            .unwrap();
        assert_eq!(signed["profile"], "dmp-legacy");
        assert_eq!(card.counters().private_key_operations, 1, "{profile}");
        assert_eq!(stage.asked().len(), 1);
        let held = report(&stage, &signed, false).await;
        assert_eq!(held["conclusion"], "total-passed", "{profile}: {held}");
        assert_eq!(held["profile"], "dmp-legacy");
        assert_eq!(held["submission_set"], signed["submission_set"]);
        let covered = &held["covered"][0];
        assert_eq!(covered["matched"], true);
        assert_eq!(covered["sha1"].as_str().unwrap().len(), 40);
        assert!(covered.get("sha256").is_none());
        let changed = report(&stage, &signed, true).await;
        assert_eq!(changed["conclusion"], "total-failed");
        assert_eq!(changed["reasons"][0], "document-unknown");
        // The other profile is made and verified as before.
        let signed = stage
            .perform(Operation::LotSign, lot("dsg", cda))
            .await
            .unwrap();
        let held = report(&stage, &signed, false).await;
        assert_eq!(
            (&held["conclusion"], &held["profile"]),
            (&json!("total-passed"), &json!("dsg"))
        );
    }
}

#[tokio::test]
async fn it_is_refused_before_any_pin_where_it_is_not_enabled() {
    let enabled = Stage::with(vec![Answer::Pin("1234")], false, ENABLED);
    enabled.insert("Lecteur 1", &Card::shipped("physician"));
    let signed = enabled
        .perform(Operation::LotSign, lot("dmp-legacy", false))
        .await
        .unwrap();
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let refused = stage
        .perform(Operation::LotSign, lot("dmp-legacy", false))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::LotProfileDisabled);
    assert!(stage.asked().is_empty());
    assert_eq!(card.counters().verifies, 0);
    // Nor is one that was made elsewhere accepted.
    let body = json!({"document": signed["signature"]["document"], "offset": 0});
    let file = enabled.perform(Operation::DocumentGet, body).await.unwrap();
    let put = json!({"offset": 0, "content": file["content"], "last": true});
    let put = stage.perform(Operation::DocumentPut, put).await.unwrap();
    let body = json!({"signature": {"document": put["document"]}});
    let report = stage.perform(Operation::Verify, body).await.unwrap();
    assert_ne!(report["conclusion"], "total-passed");
    assert_eq!(report["profile"], "dsg");
    assert!(report.get("signer").is_none(), "{report}");
}
