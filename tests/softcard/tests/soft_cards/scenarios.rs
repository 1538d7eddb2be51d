//! Each action of a scenario on a card in process.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use paraphe_softcard::{Outcome, PkiDirectory, Profile, Scenario, SoftCard};

const SELECT: &[u8] = &[0x00, 0xA4, 0x09, 0x0C, 0x04, 0x3F, 0x00, 0xD0, 0x03];
const READ: &[u8] = &[0x00, 0xB0, 0x00, 0x00, 0x0C];
const SERIAL: &[u8] = b"\x5A\x0A\x80\x25\x00\x00\x01\x99\x00\x00\x01\x7F\x90\x00";
const LOGIN: &[u8] = b"\x00\x20\x00\x01\x081234\xFF\xFF\xFF\xFF";
const WRONG: &[u8] = b"\x00\x20\x00\x01\x084321\xFF\xFF\xFF\xFF";

fn pki() -> PkiDirectory {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("soft-card-pki");
    PkiDirectory::open_or_create(&path, SystemTime::now().into()).unwrap()
}

/// A physician's card with EF.SN selected, whose reads meet this.
fn reading(then: &str) -> SoftCard {
    let json = format!(r#"{{"rules": [{{"when": {{"ins": "B0"}}, "then": {then}}}]}}"#);
    let scenario = Scenario::from_json(&json).unwrap();
    let mut pki = pki();
    let mut card = SoftCard::new(&Profile::shipped("physician").unwrap(), &mut pki)
        .unwrap()
        .with_scenario(&scenario, &mut pki)
        .unwrap();
    card.power_on();
    assert_eq!(card.transmit(SELECT), [0x90, 0x00]);
    card
}

#[test]
fn answers_instead_and_answers_changed() {
    let cases: [(&str, &[u8]); 7] = [
        (r#"{"status": "6F00"}"#, &[0x6F, 0x00]),
        (r#"{"answer": "41 42 9000"}"#, b"AB\x90\x00"),
        (r#"{"truncate_to": 3}"#, &[0x5A, 0x0A, 0x80]),
        (
            r#"{"corrupt": {"byte": 2}}"#,
            b"\x5A\x0A\x7F\x25\x00\x00\x01\x99\x00\x00\x01\x7F\x90\x00",
        ),
        (
            r#"{"lie_length": 200}"#,
            b"\x5A\xC8\x80\x25\x00\x00\x01\x99\x00\x00\x01\x7F\x90\x00",
        ),
        // Nothing is selected in a card that lost its power.
        (r#"{"reset": true}"#, &[0x69, 0x86]),
        (r#"{"reset": true, "status": "6A82"}"#, &[0x6A, 0x82]),
    ];
    for (then, expected) in cases {
        let mut card = reading(then);
        assert_eq!(card.transmit(READ), expected, "{then}");
        // Once, and the card is as it was.
        assert_eq!(card.transmit(SELECT), [0x90, 0x00]);
        assert_eq!(card.transmit(READ), SERIAL, "{then}");
        assert_eq!(card.counters().apdus, 4);
    }
}

#[test]
fn a_delay_is_waited_for() {
    let mut card = reading(r#"{"delay_ms": 60}"#);
    let start = Instant::now();
    assert_eq!(card.transmit(READ), SERIAL);
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[test]
fn a_card_mute_or_gone() {
    let removed = |back_after| Outcome::Removed { back_after };
    let half = Some(Duration::from_millis(500));
    for (then, outcome) in [
        (r#"{"mute": true}"#, Outcome::Mute),
        (r#"{"drop": true}"#, removed(Some(Duration::ZERO))),
        (r#"{"remove": {}}"#, removed(None)),
        (r#"{"remove": {"back_after_ms": 500}}"#, removed(half)),
    ] {
        let mut card = reading(then);
        assert_eq!(card.transmit(LOGIN), [0x90, 0x00]);
        assert_eq!(card.exchange(READ), outcome, "{then}");
        assert_eq!(card.pin_verified(), outcome == Outcome::Mute, "{then}");
        assert!(reading(then).transmit(READ).is_empty(), "{then}");
    }
}

#[test]
fn a_swap_puts_another_card_there_and_back() {
    let scenario = r#"{"rules": [
        {"when": {"ins": "84"}, "then": {"swap": {"profile": "vitale-holder", "after_ms": 20}}, "repeat": "always"}
    ]}"#;
    let scenario = Scenario::from_json(scenario).unwrap();
    let mut pki = pki();
    let physician = Profile::shipped("physician").unwrap();
    let mut card = SoftCard::new(&physician, &mut pki)
        .unwrap()
        .with_scenario(&scenario, &mut pki)
        .unwrap();
    assert_eq!(card.transmit(WRONG), [0x63, 0xC2]);
    let challenge = [0x00, 0x84, 0x00, 0x00, 0x08];
    let outcome = card.exchange(&challenge);
    let back_after = Some(Duration::from_millis(20));
    assert_eq!(outcome, Outcome::Removed { back_after });
    assert_eq!((card.serial(), card.atr()[1]), ("990000000008", 0x75));
    assert_eq!(card.pin_tries_left(), None);
    assert_eq!(card.exchange(&challenge), outcome);
    assert_eq!((card.serial(), card.atr()[1]), ("99000001", 0xAC));
    // It is the card that went away, not a new one.
    assert_eq!(card.pin_tries_left(), Some(2));
    let unknown = r#"{"rules": [{"then": {"swap": {"profile": "nobody"}}}]}"#;
    let unknown = Scenario::from_json(unknown).unwrap();
    let error = card.set_scenario(Some(&unknown), &mut pki).unwrap_err();
    assert!(error.to_string().contains("nobody"), "{error}");
    card.set_scenario(None, &mut pki).unwrap();
    assert_eq!(card.transmit(&challenge).len(), 10);
}

#[test]
fn an_executed_command_counts_though_its_answer_is_lost() {
    for (execute, left) in [(true, Some(2)), (false, Some(3))] {
        let json = format!(
            r#"{{"rules": [{{"when": {{"ins": "20"}}, "then": {{"drop": true, "execute": {execute}}}}}]}}"#
        );
        let mut pki = pki();
        let mut card = SoftCard::new(&Profile::shipped("physician").unwrap(), &mut pki)
            .unwrap()
            .with_scenario(&Scenario::from_json(&json).unwrap(), &mut pki)
            .unwrap();
        assert!(card.transmit(WRONG).is_empty());
        assert_eq!(card.pin_tries_left(), left);
    }
}

#[test]
fn a_profile_can_bring_its_scenario() {
    let json = include_str!("../../profiles/vitale-holder.json").replacen(
        '{',
        r#"{"scenario": {"atr": "3B00", "rules": [{"then": {"status": "6E00"}, "repeat": "always"}]},"#,
        1,
    );
    let mut card = SoftCard::new(&Profile::from_json(&json).unwrap(), &mut pki()).unwrap();
    assert_eq!(card.atr(), [0x3B, 0x00]);
    assert_eq!(card.transmit(SELECT), [0x6E, 0x00]);
    assert_eq!(card.transmit(SELECT), [0x6E, 0x00]);
    let wrong = json.replace("\"6E00\"", "\"6E0\"");
    let error = Profile::from_json(&wrong).unwrap_err().to_string();
    assert!(error.contains("rule 1 then.status"), "{error}");
}
