//! A new PIN on a CPS3, command by command.

use super::scripted_card::{Fault, ScriptedCard};
use super::{Cps3, open};
use crate::card::error::CardError;
use crate::card::model::CardModel;
use crate::card::pin::{Pin, PinFormatError, UnblockingCode};
use crate::card::status::StatusWord;
use crate::card::{LastTry, PinCounters};

fn pin(digits: &[u8]) -> Pin {
    Pin::from_digits(digits).unwrap()
}

fn change(card: &mut ScriptedCard, old: &[u8], new: &[u8]) -> Result<(), CardError> {
    open(card)?.change_pin(pin(old), pin(new), LastTry::Refused)
}

fn unblock(card: &mut ScriptedCard, code: &[u8], last_try: LastTry) -> Result<(), CardError> {
    let code = UnblockingCode::from_digits(code).unwrap();
    open(card)?.unblock(code, pin(b"5678"), last_try)
}

fn with_code() -> ScriptedCard {
    let mut card = ScriptedCard::new();
    card.with_unblocking_code();
    card
}

#[test]
fn a_change_is_one_command_with_both_pins_padded() {
    let mut card = ScriptedCard::new();
    change(&mut card, b"1234", b"5678").unwrap();
    let expected =
        b"\x00\x24\x00\x01\x10\x31\x32\x33\x34\xFF\xFF\xFF\xFF\x35\x36\x37\x38\xFF\xFF\xFF\xFF";
    assert_eq!(card.secrets, [expected.to_vec()]);
}

#[test]
fn a_change_that_cannot_succeed_never_reaches_the_card() {
    type Expected = fn(&CardError) -> bool;
    let cases: [(&[u8], &[u8], Expected); 4] = [
        (b"1234", b"1234", |error| {
            matches!(error, CardError::PinFormat(PinFormatError::Unchanged))
        }),
        (b"1234", b"567", |error| {
            matches!(
                error,
                CardError::PinFormat(PinFormatError::TooShort { minimum: 4 })
            )
        }),
        (b"1234", b"56789", |error| {
            matches!(
                error,
                CardError::PinFormat(PinFormatError::TooLong { maximum: 4 })
            )
        }),
        (b"12345", b"5678", |error| {
            matches!(
                error,
                CardError::PinFormat(PinFormatError::TooLong { maximum: 4 })
            )
        }),
    ];
    for (old, new, expected) in cases {
        let mut card = ScriptedCard::new();
        let error = change(&mut card, old, new).unwrap_err();
        assert!(expected(&error), "{error}");
        assert!(card.secrets.is_empty());
    }
    for (tries, expected) in [
        (0, "the PIN is blocked"),
        (1, "one try is left and was not confirmed"),
    ] {
        let mut card = ScriptedCard::new();
        card.tries_left = tries;
        let error = change(&mut card, b"1234", b"5678").unwrap_err();
        assert_eq!(error.to_string(), expected);
        assert!(card.secrets.is_empty());
    }
    let mut card = ScriptedCard::new();
    card.tries_left = 1;
    open(&mut card)
        .unwrap()
        .change_pin(pin(b"1234"), pin(b"5678"), LastTry::Confirmed)
        .unwrap();
    assert_eq!(card.secrets.len(), 1);
}

#[test]
fn a_change_with_a_wrong_pin_is_not_repeated() {
    for (status, tries_left) in [(0x63C1, 1), (0x63C0, 0), (0x6300, 2)] {
        let mut card = ScriptedCard::new();
        card.fault = Some(Fault::Change(status));
        let error = change(&mut card, b"0000", b"5678").unwrap_err();
        assert!(
            matches!(error, CardError::WrongPin { tries_left: found } if found == tries_left),
            "{error}"
        );
        assert_eq!(card.secrets.len(), 1);
    }
    for status in [0x6A80, 0x6985, 0x6100, 0x6D00] {
        let mut card = ScriptedCard::new();
        card.fault = Some(Fault::Change(status));
        let error = change(&mut card, b"1234", b"5678").unwrap_err();
        assert!(
            matches!(error, CardError::Status { status: found, .. } if found == StatusWord(status))
        );
        assert_eq!(card.secrets.len(), 1, "{status:04X}");
    }
}

#[test]
fn an_unblocking_is_the_code_and_then_the_new_pin() {
    let mut card = with_code();
    card.tries_left = 0;
    let counters = open(&mut card).unwrap().unblock_counters().unwrap();
    let expected = PinCounters {
        max: 10,
        left: 10,
        uses_left: Some(100),
    };
    assert_eq!(counters, expected);
    unblock(&mut card, b"87654321", LastTry::Refused).unwrap();
    assert_eq!(
        card.secrets,
        [
            b"\x00\x20\x00\x02\x0887654321".to_vec(),
            b"\x00\x2C\x02\x01\x085678\xFF\xFF\xFF\xFF".to_vec()
        ]
    );
}

#[test]
fn an_unblocking_code_is_spent_with_care() {
    let mut card = with_code();
    let short = unblock(&mut card, b"8765432", LastTry::Refused).unwrap_err();
    assert!(matches!(
        short,
        CardError::PinFormat(PinFormatError::TooShort { minimum: 8 })
    ));
    card.unblocking_uses_left = 0;
    let error = unblock(&mut card, b"87654321", LastTry::Confirmed).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the unblocking code is used up (10 tries, 0 uses left)"
    );
    for (tries, uses) in [(1, 90), (10, 1)] {
        card.unblocking_tries_left = tries;
        card.unblocking_uses_left = uses;
        let error = unblock(&mut card, b"87654321", LastTry::Refused).unwrap_err();
        assert!(
            matches!(error, CardError::LastUnblockingNotConfirmed { tries_left, uses_left }
                if tries_left == tries && uses_left == Some(u16::from(uses)))
        );
    }
    assert!(card.secrets.is_empty(), "the card was not asked");
    unblock(&mut card, b"87654321", LastTry::Confirmed).unwrap();
    assert_eq!(card.secrets.len(), 2);
}

#[test]
fn a_wrong_unblocking_code_ends_there() {
    let mut card = with_code();
    card.fault = Some(Fault::Verify(0x63C9));
    let error = unblock(&mut card, b"11111111", LastTry::Refused).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the unblocking code is wrong, 9 tries left (100 uses before it)"
    );
    assert_eq!(card.secrets.len(), 1, "no RESET RETRY COUNTER");
    card.fault = Some(Fault::Verify(0x6983));
    let error = unblock(&mut card, b"11111111", LastTry::Refused).unwrap_err();
    assert!(matches!(error, CardError::UnblockingCodeBlocked { .. }));
}

#[test]
fn a_card_without_an_unblocking_code_says_so() {
    let mut card = ScriptedCard::new();
    assert!(matches!(
        unblock(&mut card, b"87654321", LastTry::Refused),
        Err(CardError::NoUnblockingCode)
    ));
    assert!(matches!(
        open(&mut card).unwrap().unblock_counters(),
        Err(CardError::NoUnblockingCode)
    ));
    assert!(card.secrets.is_empty());
}

#[test]
fn an_unknown_revision_is_given_no_code() {
    let mut card = with_code();
    let model = CardModel::CpsUnknownRevision;
    let mut opened = Cps3::open(&mut card, model).unwrap();
    assert!(opened.certificates().is_ok() && opened.pin_counters().is_ok());
    let is_refused = |result: Result<(), CardError>| {
        assert!(matches!(result, Err(CardError::ReadOnlyRevision { .. })));
    };
    is_refused(opened.change_pin(pin(b"1234"), pin(b"5678"), LastTry::Confirmed));
    let code = UnblockingCode::from_digits(b"87654321").unwrap();
    is_refused(opened.unblock(code, pin(b"5678"), LastTry::Confirmed));
    is_refused(
        opened
            .verify_pin(pin(b"1234"), LastTry::Confirmed)
            .map(|_| ()),
    );
    assert!(card.secrets.is_empty());
}
