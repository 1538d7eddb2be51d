//! A new PIN on a CPS3, command by command.

use super::scripted_card::{Fault, ScriptedCard};
use super::{ProfessionalCard, open};
use crate::card::error::CardError;
use crate::card::model::CardModel;
use crate::card::pin::{Pin, PinFormatError, UnblockingCode};
use crate::card::pinpad::{
    PinpadOutcome, PinpadPrompt, PinpadProperties, PinpadRequest, PromptLanguage,
};
use crate::card::status::StatusWord;
use crate::card::{LastTry, PinCounters, Transport, TransportError};

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

/// A reader with a keypad, on which somebody does one thing.
struct Keypad {
    card: ScriptedCard,
    answer: Vec<u8>,
    asked: Vec<PinpadRequest>,
}

impl Transport for Keypad {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.card.transmit(command)
    }

    fn enter_on_pinpad(&mut self, request: &PinpadRequest) -> Result<Vec<u8>, TransportError> {
        self.asked.push(request.clone());
        Ok(self.answer.clone())
    }
}

const PROMPT: PinpadPrompt = PinpadPrompt {
    language: PromptLanguage::French,
    timeout_seconds: 30,
    properties: PinpadProperties {
        display_lines: Some(2),
        display_columns: Some(16),
        entry_validation: Some(7),
        minimum_digits: None,
        maximum_digits: None,
    },
};

fn keypad(answer: u16) -> Keypad {
    Keypad {
        card: ScriptedCard::new(),
        answer: answer.to_be_bytes().to_vec(),
        asked: Vec::new(),
    }
}

#[test]
fn a_pin_typed_on_the_reader_never_comes_here() {
    let mut reader = keypad(0x9000);
    let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps3).unwrap();
    let mut verified = card
        .verify_pin_on_pinpad(&PROMPT, LastTry::Refused)
        .unwrap();
    assert!(verified.take_proven_pin().is_none());
    let digest = crate::digest::Sha256Digest::from_bytes([7; 32]);
    verified.sign_authentication(&digest).unwrap();
    card.change_pin_on_pinpad(&PROMPT, LastTry::Refused)
        .unwrap();
    assert!(matches!(
        reader.asked.as_slice(),
        [PinpadRequest::Verify(_), PinpadRequest::Modify(_)]
    ));
    assert!(reader.card.secrets.is_empty());
}

#[test]
fn a_keypad_is_not_asked_where_the_pin_may_not_be_presented() {
    for (tries, last_try) in [(0, LastTry::Confirmed), (1, LastTry::Refused)] {
        let mut reader = keypad(0x9000);
        reader.card.tries_left = tries;
        let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps3).unwrap();
        assert!(card.verify_pin_on_pinpad(&PROMPT, last_try).is_err());
        assert!(card.change_pin_on_pinpad(&PROMPT, last_try).is_err());
        assert!(reader.asked.is_empty());
    }
    let mut cps4 = super::scripted_cps4::ScriptedCps4::new();
    let mut card = ProfessionalCard::open(&mut cps4, CardModel::Cps4).unwrap();
    assert!(matches!(
        card.change_pin_on_pinpad(&PROMPT, LastTry::Confirmed),
        Err(CardError::NoPinpadEntry)
    ));
    let mut card = ScriptedCard::new();
    let mut card = open(&mut card).unwrap();
    assert!(matches!(
        card.change_pin_on_pinpad(&PROMPT, LastTry::Confirmed),
        Err(CardError::Transport(_))
    ));
}

#[test]
fn how_an_entry_on_the_reader_ends_is_told_apart() {
    let entry = |answer: u16| {
        let mut reader = keypad(answer);
        let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps3).unwrap();
        let error = card
            .verify_pin_on_pinpad(&PROMPT, LastTry::Refused)
            .map(|_| ())
            .unwrap_err();
        assert_eq!(reader.asked.len(), 1);
        error
    };
    assert!(matches!(
        entry(0x63C1),
        CardError::WrongPin { tries_left: 1 }
    ));
    assert!(matches!(entry(0x6983), CardError::PinBlocked));
    for (answer, outcome) in [
        (0x6400, PinpadOutcome::TimedOut),
        (0x6401, PinpadOutcome::Cancelled),
        (0x6403, PinpadOutcome::WrongLength),
        (0x6B80, PinpadOutcome::StructureRefused),
    ] {
        assert!(
            matches!(entry(answer), CardError::PinpadEntry { outcome: found } if found == outcome)
        );
    }
}

#[test]
fn an_unknown_revision_is_given_no_code() {
    let mut card = with_code();
    let model = CardModel::CpsUnknownRevision;
    let mut opened = ProfessionalCard::open(&mut card, model).unwrap();
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
