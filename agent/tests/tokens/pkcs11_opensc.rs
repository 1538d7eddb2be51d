//! Unmodified OpenSC as the module, on the soft CPS3 behind a private pcscd: the card is read and logs in through a module that
//! nobody here wrote, comes and goes, and loses no try. OpenSC 0.23 cannot use the signature key of this card family, which
//! is told and costs nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::stage::pcsc::{Service, second_process};
use crate::stage::{Answer, Stage, pki};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe::reader::PcscBackend;
use paraphe::service::HelperProgram;
use paraphe_protocol::api::{ErrorCode, Operation, Problem};
use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind};
use paraphe_softcard::{CardSlot, Profile, SoftCard};
use serde_json::{Value, json};

const CONFIGURATION: &str = "[[pkcs11]]\nname = \"opensc\"\nknown = \"opensc\"\n";
const LONG: Duration = Duration::from_secs(60);

fn login() -> Value {
    let nonce = URL_SAFE_NO_PAD.encode([0x5A; 32]);
    json!({"nonce": nonce, "server": "regional"})
}

#[track_caller]
fn problem(result: Result<Value, Problem>) -> Problem {
    match result {
        Err(problem) => problem,
        Ok(value) => panic!("succeeded: {value}"),
    }
}

/// Waits for an event of this kind.
async fn wait_for(stage: &Stage, cursor: &mut Value, kind: &str) -> Value {
    let until = Instant::now() + LONG;
    loop {
        assert!(Instant::now() < until, "no {kind}");
        let body = json!({"cursor": cursor, "wait_ms": 5000});
        let seen = stage.perform(Operation::Events, body).await.unwrap();
        *cursor = seen["cursor"].clone();
        let mut events = seen["events"].as_array().unwrap().iter();
        if let Some(event) = events.find(|event| event["kind"] == kind) {
            return event.clone();
        }
    }
}

#[tokio::test]
async fn a_card_behind_opensc_is_read_logs_in_and_comes_and_goes() {
    let pcscd = PrivatePcscd::start(&[ReaderKind::Vpcd]).unwrap();
    let slot = &pcscd.slots()[0];
    let card = SoftCard::new(&Profile::shipped("physician").unwrap(), &mut pki()).unwrap();
    let atr = card.atr().to_vec();
    let inserted = CardSlot::insert(slot.endpoint.clone(), card, None);
    inserted.wait_ready(LONG).unwrap();
    pcscd.wait_for_card(&slot.reader, &atr).unwrap();
    let tries = || inserted.with_card(|card| card.pin_tries_left().unwrap());

    let helper = HelperProgram::at(env!("CARGO_BIN_EXE_paraphe"))
        .with_variable("PCSCLITE_CSOCK_NAME", pcscd.socket());
    let answers = vec![
        Answer::Pin("1234"),
        Answer::Pin("9999"),
        Answer::Pin("1234"),
        Answer::Pin("1234"),
        Answer::Pin("1234"),
    ];
    // The agent's own readers are in its process and empty: only the module sees the card.
    let stage = Stage::with_helper(answers, false, CONFIGURATION, &helper);

    let read = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(read["holder"]["family_name"], "SIMULATEUR");
    assert_eq!(read["card"]["kind"], "pkcs11");
    assert!(
        read["reader"]
            .as_str()
            .unwrap()
            .contains(slot.reader.split(' ').next().unwrap())
    );
    assert_eq!(read["certificates"].as_array().unwrap().len(), 2);
    stage.perform(Operation::Login, login()).await.unwrap();

    // A wrong PIN costs one try; the right one gives it back.
    stage.perform(Operation::Login, login()).await.unwrap();
    assert_eq!(tries(), 3);
    assert!(stage.asked()[2].wrong_before);

    let document =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/documents/note-de-suivi.txt");
    let document = json!({"source": {"path": document.canonicalize().unwrap()}, "title": "Note"});
    let lot =
        json!({"profile": "dsg", "patient": {"ins": "282049999900264"}, "documents": [document]});
    let refused = problem(stage.perform(Operation::LotSign, lot).await);
    assert!(
        matches!(
            refused.code,
            ErrorCode::CardRefused | ErrorCode::SignatureNotAccepted
        ),
        "{refused:?}"
    );
    assert_eq!(tries(), 3);

    let events = stage.perform(Operation::Events, json!({})).await.unwrap();
    let mut cursor = events["cursor"].clone();
    // What is there when the module is asked for the first time is no event.
    tokio::time::sleep(Duration::from_secs(3)).await;
    inserted.pull().unwrap();
    let event = wait_for(&stage, &mut cursor, "card-removed").await;
    assert_eq!(event["reader"], read["reader"]);
    let refused = problem(stage.perform(Operation::CardRead, json!({})).await);
    assert_eq!(refused.code, ErrorCode::ReaderAbsent);
    inserted.put_back().unwrap();
    let event = wait_for(&stage, &mut cursor, "card-inserted").await;
    assert_eq!(event["card"]["serial"], read["card"]["serial"]);
    stage.perform(Operation::Login, login()).await.unwrap();
}

#[tokio::test]
async fn a_card_that_a_driver_serves_is_told_once_and_left_reset_after_the_module() {
    let test = "a_card_that_a_driver_serves_is_told_once_and_left_reset_after_the_module";
    let Some(process) = second_process(test) else {
        return;
    };
    let service = Service::direct(&process, &[ReaderKind::Vpcd]);
    let card = SoftCard::new(&Profile::shipped("physician").unwrap(), &mut pki()).unwrap();
    let inserted = service.insert(0, card);
    let stage = Stage::over(
        Arc::new(PcscBackend),
        vec![Answer::Pin("1234")],
        false,
        CONFIGURATION,
    );
    let readers = stage.agent.readers();
    assert!(readers.wait_for(LONG, |views| views.iter().any(|view| view.atr.is_some())));
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    assert_eq!(status["modules"][0]["works"], true, "{status}");
    assert!(status.get("tokens").is_none(), "{status}");
    let read = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(read["card"]["kind"], "cps3", "a driver comes first");
    // Where the slot is named the module is asked, and what it leaves verified is reset.
    let mut named = login();
    named["reader"] = json!(format!("opensc/{}", service.slot(0).reader));
    let logged_in = stage.perform(Operation::Login, named).await.unwrap();
    assert_ne!(
        logged_in["card"], read["card"]["serial"],
        "the module's own number"
    );
    assert_eq!(inserted.with_card(|card| card.counters().verifies), 1);
    assert!(!inserted.with_card(|card| card.pin_verified()));
}
