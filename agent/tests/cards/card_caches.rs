//! What the agent remembers of cards: by serial number, in whichever reader, and only while the card says that nothing
//! changed: EF_ACTUA, or the certificates themselves on a card without it.

use crate::stage::{Card, Stage};
use paraphe_protocol::api::Operation;
use serde_json::{Value, json};

async fn read(stage: &Stage, reader: &str) -> Value {
    let body = json!({ "reader": reader });
    stage.perform(Operation::CardRead, body).await.unwrap()
}

fn certificates(read: &Value) -> Vec<&str> {
    let certificates = read["certificates"].as_array().unwrap().iter();
    certificates
        .map(|one| one["sha256"].as_str().unwrap())
        .collect()
}

/// The card of that profile under the serial number of `serial`.
fn card(profile: &str, serial: &str, actua: &str) -> Card {
    let mut json = Card::profile_json(profile);
    json["serial"] = serial.into();
    if !actua.is_empty() {
        json["quirks"]["ef_actua"] = actua.into();
    }
    Card::from_json(&json)
}

#[tokio::test]
async fn a_card_whose_update_dates_change_is_read_anew() {
    let stage = Stage::new(vec![]);
    let before = Card::shipped("physician");
    stage.insert("Lecteur 1", &before);
    let first = read(&stage, "Lecteur 1").await;
    let cold = before.counters().apdus;
    read(&stage, "Lecteur 1").await;
    let warm = before.counters().apdus - cold;
    assert!(warm * 3 < cold, "{warm} commands after {cold}");
    // Updated in the field: other certificates under the same serial number, and EF_ACTUA says so.
    let after = card("nurse", "99000001", "valid");
    stage.readers.remove("Lecteur 1");
    stage.insert("Lecteur 1", &after);
    let second = read(&stage, "Lecteur 1").await;
    assert_eq!(second["card"]["serial"], first["card"]["serial"]);
    assert_ne!(certificates(&second), certificates(&first));
    assert!(second["holder"].to_string().contains("ESSAI"), "{second}");
    // Both are remembered as they are now, in another reader too.
    stage.readers.remove("Lecteur 1");
    stage.insert("Lecteur 2", &after);
    let sent = after.counters().apdus;
    let third = read(&stage, "Lecteur 2").await;
    assert_eq!(certificates(&third), certificates(&second));
    let warm = after.counters().apdus - sent;
    assert!(warm * 3 < cold, "{warm} commands after {cold}");
}

#[tokio::test]
async fn a_cps4_whose_certificates_change_is_read_anew() {
    let stage = Stage::new(vec![]);
    let before = Card::shipped("physician-cps4");
    stage.insert("Lecteur 1", &before);
    let first = read(&stage, "Lecteur 1").await;
    let cold = before.counters().apdus;
    read(&stage, "Lecteur 1").await;
    let warm = before.counters().apdus - cold;
    assert!(warm < cold, "{warm} commands after {cold}");
    let after = card("reception-cps4", "99000008", "");
    stage.readers.remove("Lecteur 1");
    stage.insert("Lecteur 1", &after);
    let second = read(&stage, "Lecteur 1").await;
    assert_eq!(second["card"]["serial"], first["card"]["serial"]);
    assert_ne!(certificates(&second), certificates(&first));
    assert_ne!(second["holder"], first["holder"]);
}
