//! The pad with a card's side that types.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use super::*;
use crate::slot::tests::{Typed, card_with_pad, socket};

/// `PIN_VERIFY_STRUCTURE` for four digits in a block of eight bytes.
fn verify_structure(format: u8, block: u8, command: &[u8]) -> Vec<u8> {
    let mut structure = vec![
        30, 0, format, block, 0, 4, 4, 0x02, 0, 0x0C, 0x04, 0, 0, 0, 0,
    ];
    structure.extend((command.len() as u32).to_le_bytes());
    structure.extend(command);
    structure
}

fn modify_structure(confirmation: u8, command: &[u8]) -> Vec<u8> {
    let mut structure = vec![
        30,
        0,
        0x82,
        0x08,
        0,
        0,
        8,
        4,
        4,
        confirmation,
        0x02,
        3,
        0x0C,
        0x04,
        0,
        1,
        2,
        0,
        0,
        0,
    ];
    structure.extend((command.len() as u32).to_le_bytes());
    structure.extend(command);
    structure
}

const VERIFY: [u8; 13] = [
    0x00, 0x20, 0x00, 0x01, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
];

/// What the card got, with 9000 behind it because it sends everything back; or the pad's own status.
fn verified(typed: Vec<Typed>, structure: &[u8]) -> Vec<u8> {
    played("verify.pinpad", typed, VERIFY_PIN_DIRECT, structure)
}

fn played(name: &str, typed: Vec<Typed>, code: u32, structure: &[u8]) -> Vec<u8> {
    let path = socket(&format!("{:?}-{name}", std::thread::current().id()));
    let slot = Slot::listen(&path).unwrap();
    assert!(slot.pin_pad().is_some());
    let card = card_with_pad(&path, typed);
    assert!(slot.presence());
    let answer = control(&slot, code, structure).unwrap().unwrap();
    drop(slot);
    card.join().unwrap();
    answer
}

#[test]
fn features_are_told_by_tag() {
    let slot = Slot::listen(&socket("features.pinpad")).unwrap();
    let features = control(&slot, GET_FEATURE_REQUEST, &[]).unwrap().unwrap();
    assert_eq!(features[..6], [0x06, 4, 0x42, 0x33, 0x00, 0x06]);
    assert_eq!(features.len(), 18);
    assert!(control(&slot, 0x4200_0001, &[]).is_none());
    let plain = Slot::listen(&socket("plain")).unwrap();
    assert!(control(&plain, GET_FEATURE_REQUEST, &[]).is_none());
}

#[test]
fn a_pad_for_bank_cards_packs_digits_and_takes_no_other_form() {
    let answer = |typed: Vec<Typed>, structure: &[u8]| {
        played("bank.pinpad-bcd", typed, VERIFY_PIN_DIRECT, structure)
    };
    let packed = verify_structure(0x81, 0x08, &VERIFY);
    assert_eq!(
        answer(vec![Typed::Digits("1234")], &packed),
        b"\x00\x20\x00\x01\x08\x12\x34\xFF\xFF\xFF\xFF\xFF\xFF\x90\x00"
    );
    assert_eq!(PadDigits::PackedBcd.written(b"12345"), [0x12, 0x34, 0x5F]);
    let ascii = verify_structure(0x82, 0x08, &VERIFY);
    assert_eq!(answer(Vec::new(), &ascii), INVALID_STRUCTURE);
}

#[test]
fn digits_stand_where_the_structure_says() {
    let typed = || vec![Typed::Digits("1234")];
    let padded = verify_structure(0x82, 0x08, &VERIFY);
    assert_eq!(
        verified(typed(), &padded),
        b"\x00\x20\x00\x01\x081234\xFF\xFF\xFF\xFF\x90\x00"
    );
    let variable = verify_structure(0x82, 0x00, &[0x00, 0x20, 0x00, 0x01]);
    assert_eq!(
        verified(typed(), &variable),
        b"\x00\x20\x00\x01\x041234\x90\x00"
    );
    let at_two = verify_structure(0x92, 0x04, &VERIFY[..11]);
    assert_eq!(
        verified(typed(), &at_two),
        b"\x00\x20\x00\x01\x08\xFF\xFF1234\x90\x00"
    );
}

#[test]
fn the_pad_has_statuses_of_its_own() {
    let structure = verify_structure(0x82, 0x08, &VERIFY);
    assert_eq!(verified(vec![Typed::Cancel], &structure), CANCELLED);
    assert_eq!(verified(vec![Typed::Nothing], &structure), TIMED_OUT);
    for digits in ["123", "12345", ""] {
        let typed = vec![Typed::Digits(digits)];
        assert_eq!(verified(typed, &structure), WRONG_NUMBER_OF_DIGITS);
    }
    for structure in [
        verify_structure(0x81, 0x08, &VERIFY),
        verify_structure(0x86, 0x08, &VERIFY),
        verify_structure(0x82, 0x18, &VERIFY),
        verify_structure(0x82, 0x08, &[0x00, 0x20]),
        structure[..structure.len() - 1].to_vec(),
        structure[..10].to_vec(),
        Vec::new(),
    ] {
        assert_eq!(verified(Vec::new(), &structure), INVALID_STRUCTURE);
    }
    let short = verify_structure(0x82, 0x08, &VERIFY[..12]);
    assert_eq!(
        verified(vec![Typed::Digits("1234")], &short),
        INVALID_STRUCTURE
    );
}

#[test]
fn a_change_asks_for_as_many_entries_as_the_structure_says() {
    let mut command = vec![0x00, 0x24, 0x00, 0x01, 0x10];
    command.extend([0xFF; 16]);
    let changed = |confirmation, typed: &[&'static str]| {
        let typed = typed.iter().map(|digits| Typed::Digits(digits)).collect();
        let structure = modify_structure(confirmation, &command);
        played("modify.pinpad", typed, MODIFY_PIN_DIRECT, &structure)
    };
    assert_eq!(
        changed(3, &["1234", "4321", "4321"])[5..21],
        *b"1234\xFF\xFF\xFF\xFF4321\xFF\xFF\xFF\xFF"
    );
    assert_eq!(changed(3, &["1234", "4321", "4322"]), NEW_PINS_DIFFER);
    assert_eq!(
        changed(0, &["4321"])[5..21],
        *b"\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF4321\xFF\xFF\xFF\xFF"
    );
}
