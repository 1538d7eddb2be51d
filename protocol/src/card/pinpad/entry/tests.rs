#![allow(clippy::unwrap_used, reason = "tests")]
use super::{PinpadOutcome, PinpadPrompt, PinpadRequest, PromptLanguage};
use crate::card::pin::PinFormat;
use crate::card::pinpad::{PinpadError, PinpadProperties};
use crate::card::status::StatusWord;

const PROMPT: PinpadPrompt = PinpadPrompt {
    language: PromptLanguage::English,
    timeout_seconds: 0,
    properties: PinpadProperties {
        display_lines: None,
        display_columns: None,
        entry_validation: None,
        minimum_digits: None,
        maximum_digits: None,
    },
};

fn cps() -> PinFormat {
    PinFormat::new(4, 4, 8, Some(0xFF), 1).unwrap()
}

/// The published sample of the CCID driver asks for 4 to 8 digits padded by zeros, in a VERIFY of
/// eight bytes with one message. Its own numbers apart (a block of four of the eight bytes, P2, a
/// language), ours is the same.
#[test]
fn a_verification_is_the_published_one() {
    let format = PinFormat::new(4, 8, 8, Some(0x00), 1).unwrap();
    let request = PinpadRequest::verify(&format, &PROMPT).unwrap();
    let mut published = vec![
        0x00, 0x00, 0x82, 0x04, 0x00, 0x08, 0x04, 0x02, 0x01, 0x04, 0x09, 0x00, 0x00, 0x00, 0x00,
        0x0D, 0x00, 0x00, 0x00, 0x00, 0x20, 0x00, 0x00, 0x08, 0x30, 0x30, 0x30, 0x30, 0x00, 0x00,
        0x00, 0x00,
    ];
    published[3] = 0x08;
    published[9..11].copy_from_slice(&[0x09, 0x04]);
    published[22] = 0x01;
    published[24..28].fill(0x00);
    assert_eq!(request, PinpadRequest::Verify(published));
}

/// The same sample's modification: four digits old, four digits new, three messages.
#[test]
fn a_modification_is_the_published_one() {
    let format = PinFormat::new(4, 4, 4, None, 1).unwrap();
    let request = PinpadRequest::modify(&format, &PROMPT).unwrap();
    let mut published = vec![
        0x00, 0x00, 0x82, 0x04, 0x00, 0x00, 0x04, 0x08, 0x04, 0x03, 0x02, 0x03, 0x04, 0x09, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x00, 0x0D, 0x00, 0x00, 0x00, 0x00, 0x24, 0x00, 0x00, 0x08, 0x30,
        0x30, 0x30, 0x30, 0x30, 0x30, 0x30, 0x30,
    ];
    published[7] = 0x04;
    published[12..14].copy_from_slice(&[0x09, 0x04]);
    published[14..17].copy_from_slice(&[0, 1, 2]);
    published[27] = 0x01;
    assert_eq!(request, PinpadRequest::Modify(published));
}

#[test]
fn a_cps_s_pin_is_padded_by_the_command() {
    let prompt = PinpadPrompt {
        language: PromptLanguage::French,
        timeout_seconds: 30,
        ..PROMPT
    };
    let verify = PinpadRequest::verify(&cps(), &prompt).unwrap();
    assert_eq!(
        verify.as_bytes(),
        b"\x1E\x1E\x82\x08\x00\x04\x04\x02\x01\x0C\x04\x00\x00\x00\x00\x0D\x00\x00\x00\
          \x00\x20\x00\x01\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
    );
    let modify = PinpadRequest::modify(&cps(), &prompt).unwrap();
    let header =
        b"\x1E\x1E\x82\x08\x00\x00\x08\x04\x04\x03\x02\x03\x0C\x04\x00\x01\x02\x00\x00\x00\
          \x15\x00\x00\x00\x00\x24\x00\x01\x10";
    assert_eq!(modify.as_bytes(), [header.as_slice(), &[0xFF; 16]].concat());
}

#[test]
fn the_keypad_s_own_limits_are_followed() {
    let with = |properties| PinpadPrompt {
        properties,
        ..PROMPT
    };
    let blind = with(PinpadProperties {
        display_lines: Some(0),
        ..PinpadProperties::default()
    });
    let verify = PinpadRequest::verify(&cps(), &blind).unwrap();
    assert_eq!(verify.as_bytes()[8], 0, "no message");
    let modify = PinpadRequest::modify(&cps(), &blind).unwrap();
    assert_eq!(modify.as_bytes()[11], 0, "no message");
    let without_key = with(PinpadProperties {
        entry_validation: Some(0x01),
        ..PinpadProperties::default()
    });
    let verify = PinpadRequest::verify(&cps(), &without_key).unwrap();
    assert_eq!(verify.as_bytes()[7], 0x01);
    let long_only = with(PinpadProperties {
        minimum_digits: Some(6),
        ..PinpadProperties::default()
    });
    assert_eq!(
        PinpadRequest::verify(&cps(), &long_only),
        Err(PinpadError::UnsuitableLengths)
    );
}

#[test]
fn forms_that_readers_fail_at_are_refused() {
    for format in [
        PinFormat::new(4, 8, 8, None, 1).unwrap(),
        PinFormat::new(4, 8, 16, Some(0xFF), 1).unwrap(),
    ] {
        let refused = Err(PinpadError::UnsuitableForm);
        assert_eq!(PinpadRequest::verify(&format, &PROMPT), refused);
        assert_eq!(PinpadRequest::modify(&format, &PROMPT), refused);
    }
}

#[test]
fn what_the_person_did_is_told_from_what_the_card_said() {
    let outcome = |answer: &[u8]| PinpadOutcome::from_answer(answer);
    assert_eq!(outcome(&[0x64, 0x00]), Ok(PinpadOutcome::TimedOut));
    assert_eq!(outcome(&[0x64, 0x01]), Ok(PinpadOutcome::Cancelled));
    assert_eq!(outcome(&[0x64, 0x02]), Ok(PinpadOutcome::NewPinsDiffer));
    assert_eq!(outcome(&[0x64, 0x03]), Ok(PinpadOutcome::WrongLength));
    assert_eq!(outcome(&[0x6B, 0x80]), Ok(PinpadOutcome::StructureRefused));
    assert_eq!(
        outcome(&[0x63, 0xC2]),
        Ok(PinpadOutcome::Card(StatusWord(0x63C2)))
    );
    for answer in [&[][..], &[0x90], &[0x90, 0x00, 0x00]] {
        let length = answer.len();
        assert_eq!(outcome(answer), Err(PinpadError::Answer { length }));
    }
}
