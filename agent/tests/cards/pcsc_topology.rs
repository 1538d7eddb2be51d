//! Which readers there are, through a real `pcscd`: boxes of several slots, equal boxes, names in whatever encoding, readers
//! that come and go, as many as `pcscd` has places for, and a card that moves between them.

use std::sync::Arc;
use std::time::Duration;

use crate::stage::pcsc::{Service, second_process};
use crate::stage::{self, Answer, Stage};
use paraphe::reader::PcscBackend;
use paraphe_protocol::api::{ErrorCode, Operation};
use paraphe_softcard::pcscd::ReaderKind::{OwnDriver, OwnDriverOnUsb, Vpcd};
use paraphe_softcard::pcscd::{NamedReader, ReaderKind};
use paraphe_softcard::{Profile, SoftCard};
use serde_json::{Value, json};

const LONG: Duration = Duration::from_secs(60);

fn card(profile: &str) -> SoftCard {
    SoftCard::new(&Profile::shipped(profile).unwrap(), &mut stage::pki()).unwrap()
}

fn agent(answers: Vec<Answer>) -> Stage {
    Stage::over(Arc::new(PcscBackend), answers, false, "")
}

fn named(kind: ReaderKind, name: &[u8]) -> NamedReader<'_> {
    NamedReader { kind, name }
}

async fn readers(stage: &Stage) -> Vec<Value> {
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    status["readers"].as_array().unwrap().clone()
}

/// Waits until the agent sees so many cards and readers.
fn until(stage: &Stage, cards: usize, readers: usize) {
    let seen = stage.agent.readers().wait_for(LONG, |views| {
        views.len() == readers && views.iter().filter(|view| view.atr.is_some()).count() == cards
    });
    assert!(seen, "{:?}", stage.agent.readers().list());
}

#[tokio::test]
async fn slots_of_one_box_are_told_as_such() {
    let Some(process) = second_process("slots_of_one_box_are_told_as_such") else {
        return;
    };
    let on = |address| OwnDriverOnUsb { bus: 1, address };
    let service = Service::named(
        &process,
        &[
            // Two boxes that differ in nothing but where they are plugged in, with two interfaces each.
            named(on(7), b"Bi-slot [slot0]"),
            named(on(7), b"Bi-slot [CLESS slot1]"),
            named(on(8), b"Bi-slot [slot0]"),
            named(on(8), b"Bi-slot [CLESS slot1]"),
            // Drivers that tell no place: a box of two slots, and two equal boxes of one.
            named(Vpcd, b"Two slots"),
            named(OwnDriver, b"Equal"),
            named(OwnDriver, b"Equal"),
        ],
    );
    let _physician = service.insert(5, card("physician"));
    let stage = agent(vec![]);
    until(&stage, 1, 8);
    // Drivers are asked beside the readers' listing.
    assert!(stage.agent.readers().wait_for(LONG, |views| {
        views.iter().filter(|view| view.place.slot == 1).count() == 3
    }));
    let told: Vec<_> = readers(&stage)
        .await
        .iter()
        .map(|reader| {
            let text = |field: &str| reader[field].as_str().unwrap_or_default().to_owned();
            (
                text("device"),
                reader["slot"].as_u64().unwrap(),
                text("interface"),
            )
        })
        .collect();
    let expected = [
        ("Bi-slot 00", 0, "contact"),
        ("Bi-slot 00", 1, "contactless"),
        ("Bi-slot 02", 0, "contact"),
        ("Bi-slot 02", 1, "contactless"),
        ("Two slots 00", 0, ""),
        ("Two slots 00", 1, ""),
        ("Equal 04", 0, ""),
        ("Equal 05", 0, ""),
    ]
    .map(|(device, slot, interface)| (device.to_owned(), slot, interface.to_owned()));
    assert_eq!(told, expected);
    // A card is found in whichever slot it is.
    let read = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(read["reader"], service.slot(5).reader.as_str());
}

#[tokio::test]
async fn of_readers_with_one_name_the_first_is_told_once() {
    let Some(process) = second_process("of_readers_with_one_name_the_first_is_told_once") else {
        return;
    };
    // pcscd numbers the readers of each driver apart, so that two files of one driver give the same names twice.
    let service = Service::named(&process, &[named(Vpcd, b"Same"), named(Vpcd, b"Same")]);
    let _physician = service.insert(0, card("physician"));
    let stage = agent(vec![]);
    until(&stage, 1, 2);
    let names: Vec<_> = readers(&stage)
        .await
        .iter()
        .map(|reader| reader["name"].clone())
        .collect();
    assert_eq!(names, ["Same 00 00", "Same 00 01"]);
    let cursor = stage.perform(Operation::Events, json!({})).await.unwrap()["cursor"].clone();
    stage.perform(Operation::CardRead, json!({})).await.unwrap();
    let wait = json!({"cursor": cursor, "wait_ms": 1500});
    let events = stage.perform(Operation::Events, wait).await.unwrap();
    assert!(events["events"].as_array().unwrap().is_empty(), "{events}");
}

#[tokio::test]
async fn names_in_any_encoding_reach_their_reader() {
    let Some(process) = second_process("names_in_any_encoding_reach_their_reader") else {
        return;
    };
    let service = Service::named(
        &process,
        &[
            named(OwnDriver, "Lecteur Santé №1 卡".as_bytes()),
            named(OwnDriver, b"Lecteur Sant\xE9"),
        ],
    );
    let _physician = service.insert(0, card("physician"));
    let _nurse = service.insert(1, card("nurse"));
    let stage = agent(vec![]);
    until(&stage, 2, 2);
    for (name, serial) in [
        ("Lecteur Santé №1 卡 00 00", "99000001"),
        ("Lecteur Sant\\xE9 01 00", "99000002"),
    ] {
        let read = stage
            .perform(Operation::CardRead, json!({ "reader": name }))
            .await
            .unwrap();
        assert_eq!(read["reader"], name);
        assert_eq!(read["card"]["serial"], serial);
    }
}

#[tokio::test]
async fn readers_come_and_go_with_their_cards() {
    let Some(process) = second_process("readers_come_and_go_with_their_cards") else {
        return;
    };
    let service = Service::relayed(&process, &[OwnDriver, OwnDriver]);
    let _physician = service.insert(0, card("physician"));
    let stage = agent(vec![]);
    until(&stage, 1, 2);
    let cursor = stage.perform(Operation::Events, json!({})).await.unwrap()["cursor"].clone();
    let before = stage.agent.readers().list().unwrap();
    service.relay().unplug(&service.slot(0).reader);
    until(&stage, 0, 1);
    let refused = stage
        .perform(Operation::CardRead, json!({}))
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::CardAbsent);
    service.relay().plug(&service.slot(0).reader);
    until(&stage, 1, 2);
    let events = stage
        .perform(
            Operation::Events,
            json!({"cursor": cursor, "wait_ms": 10_000}),
        )
        .await
        .unwrap();
    let kinds: Vec<_> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "card-removed",
            "reader-left",
            "reader-arrived",
            "card-inserted"
        ]
    );
    stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(before.len(), 2);
}

#[tokio::test]
async fn a_full_card_service_is_watched_like_any_other() {
    let Some(process) = second_process("a_full_card_service_is_watched_like_any_other") else {
        return;
    };
    let kinds = [OwnDriver; 17];
    let service = Service::relayed(&process, &kinds);
    assert_eq!(service.pcscd.slots().len(), 16);
    let physician = service.insert(15, card("physician"));
    let stage = agent(vec![]);
    until(&stage, 1, 16);
    let status = stage.perform(Operation::Status, json!({})).await.unwrap();
    let warned = |status: &Value| {
        let warnings = status["warnings"].as_array().unwrap();
        warnings
            .iter()
            .any(|warning| warning["code"] == "reader-places-taken")
    };
    assert!(warned(&status), "{status}");
    // Cards come and go, and a reader that leaves makes room for one that comes.
    physician.pull().unwrap();
    until(&stage, 0, 16);
    physician.put_back().unwrap();
    until(&stage, 1, 16);
    service.relay().unplug(&service.slot(3).reader);
    until(&stage, 1, 15);
    assert!(!warned(
        &stage.perform(Operation::Status, json!({})).await.unwrap()
    ));
    service.relay().plug(&service.slot(3).reader);
    until(&stage, 1, 16);
    let read = stage.perform(Operation::CardRead, json!({})).await.unwrap();
    assert_eq!(read["card"]["serial"], "99000001");
}

#[tokio::test]
async fn a_card_that_moves_to_another_slot_is_known_there_by_its_serial() {
    let test = "a_card_that_moves_to_another_slot_is_known_there_by_its_serial";
    let Some(process) = second_process(test) else {
        return;
    };
    let service = Service::direct(&process, &[OwnDriver, OwnDriver]);
    let first = service.insert(0, card("physician"));
    let stage = agent(vec![Answer::Pin("1234")]);
    until(&stage, 1, 2);
    stage.perform(Operation::CardRead, json!({})).await.unwrap();
    let cold = first.with_card(|card| card.counters().apdus);
    first.pull().unwrap();
    until(&stage, 0, 2);
    drop(first);
    // The same card, as a chip that was out of both readers for a while.
    let second = service.insert(1, card("physician"));
    until(&stage, 1, 2);
    let pinned = json!({"card": "99000001"});
    let read = stage.perform(Operation::CardRead, pinned).await.unwrap();
    assert_eq!(read["reader"], service.slot(1).reader.as_str());
    let warm = second.with_card(|card| card.counters().apdus);
    assert!(warm * 3 < cold, "{warm} commands after {cold}");
    // What was known of the first slot is not said of it any more.
    let readers = readers(&stage).await;
    assert!(readers[0].get("card").is_none());
    assert_eq!(readers[1]["card"]["serial"], "99000001");
}
