//! Every shipped card profile through every operation that touches a card, in process: one table of what each must end in
//! (tests/scenarios runs the same table through pcscd). What cannot be done is refused before anybody is asked for a PIN, and
//! no card that is not a professional's sees a VERIFY.

use std::path::{Path, PathBuf};

use crate::card_table::{NO_HOLDER, TABLE};
use crate::stage::{Answer, Card, Stage};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_protocol::api::{ErrorCode, Operation, Problem};
use paraphe_softcard::Profile;
use serde_json::{Value, json};

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/documents/compte-rendu.pdf")
        .canonicalize()
        .unwrap()
}

fn login() -> Value {
    json!({"nonce": URL_SAFE_NO_PAD.encode([0x5A; 32]), "server": "regional"})
}

fn single() -> Value {
    json!({
        "format": "cades",
        "documents": [{"source": {"path": document()}, "name": "compte-rendu.pdf"}],
    })
}

fn lot() -> Value {
    json!({
        "profile": "dsg",
        "patient": {"ins": "282049999900264"},
        "documents": [{"source": {"path": document()}, "title": "Compte rendu"}],
    })
}

fn outcome(result: &Result<Value, Problem>) -> Result<(), ErrorCode> {
    match result {
        Ok(_) => Ok(()),
        Err(problem) => Err(problem.code),
    }
}

#[test]
fn the_table_has_every_shipped_profile() {
    let mut shipped = Profile::shipped_names();
    let mut listed: Vec<_> = TABLE.iter().map(|row| row.profile).collect();
    shipped.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, shipped);
}

#[tokio::test]
async fn every_operation_ends_as_the_table_says_on_every_card() {
    for row in &TABLE {
        let name = row.profile;
        let presented = usize::from(row.situations.is_ok()) + 3 * usize::from(row.acts.is_ok());
        let stage = Stage::new((0..presented).map(|_| Answer::Pin("1234")).collect());
        let card = Card::shipped(name);
        stage.insert("Lecteur 1", &card);

        let status = stage.perform(Operation::Status, json!({})).await.unwrap();
        assert_eq!(status["readers"][0]["card"]["kind"], row.kind, "{name}");

        let read = stage.perform(Operation::CardRead, json!({})).await;
        match (&read, row.read) {
            (Ok(read), Ok(assurance)) => {
                assert_eq!(read["assurance"], assurance, "{name}");
                assert_eq!(read["card"]["kind"], row.kind, "{name}");
                assert_eq!(read["card"]["serial"].as_str().unwrap().len(), 8, "{name}");
                let proves_holder = assurance == "holder";
                assert_eq!(read.get("holder").is_some(), proves_holder, "{name}");
                assert_eq!(read.get("pin").is_some(), proves_holder, "{name}");
                let purposes: Vec<_> = read["certificates"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|certificate| certificate["purpose"].as_str().unwrap())
                    .collect();
                let expected: &[_] = match proves_holder {
                    true => &["authentication", "signature"],
                    false => &["technical"],
                };
                assert_eq!(purposes, expected, "{name}");
            }
            _ => assert_eq!(outcome(&read), row.read.map(drop), "{name}"),
        }

        let body = json!({"practice_situations": true});
        let read = stage.perform(Operation::CardRead, body).await;
        match (&read, row.situations) {
            (Ok(read), Ok(number)) => assert_eq!(
                read["practice_situations"].as_array().unwrap().len(),
                number,
                "{name}"
            ),
            _ => assert_eq!(outcome(&read), row.situations.map(drop), "{name}"),
        }

        let asserted = stage.perform(Operation::Login, login()).await;
        assert_eq!(outcome(&asserted), row.acts, "{name}: login");
        let signed = stage.perform(Operation::LotSign, lot()).await;
        assert_eq!(outcome(&signed), row.acts, "{name}: lot/sign");
        if let Ok(signed) = signed {
            let body = json!({
                "signature": signed["signature"],
                "documents": [{"path": document()}],
            });
            let report = stage.perform(Operation::Verify, body).await.unwrap();
            assert_eq!(report["conclusion"], "total-passed", "{name}: {report}");
        }

        let signed = stage.perform(Operation::Sign, single()).await;
        assert_eq!(outcome(&signed), row.acts, "{name}: sign");
        if let Ok(signed) = signed {
            let body = json!({
                "signature": signed["signature"],
                "documents": [{"path": document()}],
            });
            let report = stage.perform(Operation::Verify, body).await.unwrap();
            assert_eq!(report["conclusion"], "total-passed", "{name}: {report}");
        }

        let status = stage.perform(Operation::PinStatus, json!({})).await;
        let expected = match row.read {
            Ok("holder") => Ok(()),
            Ok(_) => Err(NO_HOLDER),
            Err(code) => Err(code),
        };
        assert_eq!(outcome(&status), expected, "{name}: pin/status");
        if expected.is_err() {
            for operation in [Operation::PinChange, Operation::PinUnblock] {
                let refused = stage.perform(operation, json!({})).await;
                assert_eq!(outcome(&refused), expected, "{name}: {operation}");
            }
        }

        let vitale = stage.perform(Operation::VitaleRead, json!({})).await;
        match (&vitale, row.vitale) {
            (Ok(read), Ok(number)) => assert_eq!(
                read["beneficiaries"].as_array().unwrap().len(),
                number,
                "{name}"
            ),
            _ => assert_eq!(outcome(&vitale), row.vitale.map(drop), "{name}"),
        }
        assert_eq!(stage.asked().len(), presented, "{name}");
        assert_eq!(
            card.counters().verifies,
            u64::try_from(presented).unwrap(),
            "{name}"
        );
    }
}

/// A card that answers everything with success, and counts what it is sent.
#[derive(Clone, Default)]
struct Stranger(std::sync::Arc<std::sync::Mutex<Vec<Vec<u8>>>>);

impl paraphe::reader::InProcessCard for Stranger {
    fn atr(&self) -> Vec<u8> {
        vec![0x3B, 0x65, 0x00, 0x00, 0x9C, 0x02, 0x02, 0x07, 0x02]
    }

    fn reset(&mut self) {}

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.0.lock().unwrap().push(command.to_vec());
        vec![0x90, 0x00]
    }
}

#[tokio::test]
async fn an_unknown_card_is_named_so_and_sent_nothing() {
    let stage = Stage::new(vec![]);
    let stranger = Stranger::default();
    stage.insert_any("Lecteur 1", stranger.clone());
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    assert_eq!(status["readers"][0]["card"]["kind"], "unknown");
    for (operation, body) in [
        (Operation::CardRead, json!({})),
        (Operation::CardRead, json!({"practice_situations": true})),
        (Operation::Login, login()),
        (Operation::LotSign, lot()),
        (Operation::Sign, single()),
        (Operation::PinStatus, json!({})),
        (Operation::PinChange, json!({})),
        (Operation::PinUnblock, json!({})),
        (Operation::VitaleRead, json!({})),
    ] {
        let refused = stage.perform(operation, body).await;
        assert_eq!(
            outcome(&refused),
            Err(ErrorCode::CardUnknown),
            "{operation}"
        );
    }
    assert_eq!(*stranger.0.lock().unwrap(), Vec::<Vec<u8>>::new());
}

#[tokio::test]
async fn a_card_by_contacts_is_preferred_where_the_holder_must_be_proved() {
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    stage.insert("Sans contact", &Card::shipped("physician-contactless"));
    let several = Card::shipped("physician-cps4");
    stage.insert("Lecteur 1", &several);
    let asserted = stage.perform(Operation::Login, login()).await.unwrap();
    assert_eq!(asserted["card"], "99000008");
    let read = stage.perform(Operation::CardRead, json!({})).await;
    assert_eq!(outcome(&read), Err(ErrorCode::CardSeveral));
}
