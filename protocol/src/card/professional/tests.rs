#![allow(clippy::unwrap_used, reason = "tests")]
mod code_change;
mod contactless;
mod cps4;
mod scripted_card;
mod scripted_cps4;

use scripted_card::{End, Fault, ScriptedCard};

use super::{LastTry, LastUpdate, ProfessionalCard};
use crate::card::cache::CardCache;
use crate::card::error::{CardError, KeyPurpose, MalformedReason};
use crate::card::file::CardFile;
use crate::card::model::CardModel;
use crate::card::pin::Pin;
use crate::card::status::StatusWord;
use crate::card::transcript::Recorder;
use crate::digest::Sha256Digest;

fn open(card: &mut ScriptedCard) -> Result<ProfessionalCard<'_, ScriptedCard>, CardError> {
    ProfessionalCard::open(card, CardModel::Cps3)
}

fn pin() -> Pin {
    Pin::from_digits(b"1234").unwrap()
}

/// Opens, verifies and signs with both keys.
fn sign(card: &mut ScriptedCard) -> Result<(), CardError> {
    let mut card = open(card)?;
    let mut verified = card.verify_pin(pin(), LastTry::Refused)?;
    let digest = Sha256Digest::of(b"bytes");
    verified.sign_authentication(&digest)?;
    verified.sign_signature(&digest)?;
    Ok(())
}

#[test]
fn every_way_of_ending_a_file_gives_the_same_content() {
    let mut contents = Vec::new();
    for end in [End::CorrectedLength, End::ShortAnswer, End::Warning] {
        let mut scripted = ScriptedCard::new();
        scripted.end = end;
        let mut card = open(&mut scripted).unwrap();
        contents.push(card.certificates().unwrap());
        let exchanges = card.exchanges();
        assert!(exchanges <= 27, "{end:?}: {exchanges}");
        sign(&mut scripted).unwrap();
    }
    assert!(
        contents
            .iter()
            .all(|content| content == contents.first().unwrap())
    );
}

#[test]
fn the_certificate_decides_which_key_is_which() {
    let mut scripted = ScriptedCard::new();
    scripted.swap_identifiers_and_labels();
    sign(&mut scripted).unwrap();
    let environments: Vec<_> = scripted
        .environments
        .iter()
        .map(|(template, key)| (*template, *key))
        .collect();
    assert_eq!(
        environments,
        [
            (0xA4, ScriptedCard::AUTHENTICATION_KEY),
            (0xB6, ScriptedCard::SIGNATURE_KEY)
        ]
    );
}

#[test]
fn swapped_private_keys_are_found_out() {
    let mut scripted = ScriptedCard::new();
    scripted.swap_private_keys();
    let result = sign(&mut scripted);
    assert!(
        matches!(
            result,
            Err(CardError::SignatureInvalid {
                purpose: KeyPurpose::Authentication
            })
        ),
        "{result:?}"
    );
}

#[test]
fn a_damaged_or_cut_signature_is_found_out() {
    for fault in [Fault::FlipSignature, Fault::CutSignature] {
        let mut scripted = ScriptedCard::new();
        scripted.fault = Some(fault);
        assert!(matches!(
            sign(&mut scripted),
            Err(CardError::SignatureInvalid { .. })
        ));
    }
}

#[test]
fn a_certificate_or_key_that_is_missing_is_named() {
    let mut scripted = ScriptedCard::new();
    scripted.set_certificates(&[(1, ScriptedCard::SIGNATURE_FILE)]);
    let result = open(&mut scripted).unwrap().certificates();
    let purpose = KeyPurpose::Authentication;
    assert!(
        matches!(result, Err(CardError::CertificateNotFound { purpose: found }) if found == purpose)
    );

    for keys in [
        vec![(1, ScriptedCard::SIGNATURE_KEY)],
        vec![
            (2, ScriptedCard::AUTHENTICATION_KEY),
            (2, ScriptedCard::SIGNATURE_KEY),
        ],
    ] {
        let mut scripted = ScriptedCard::new();
        scripted.set_private_keys(&keys);
        let result = sign(&mut scripted);
        assert!(
            matches!(result, Err(CardError::KeyNotFound { purpose: found }) if found == purpose),
            "{keys:?}"
        );
    }
}

#[test]
fn an_update_of_the_card_makes_the_cache_stale() {
    let dates = |day| {
        [
            &[0xEC, 0x12, 0x81, 7, 0x20, 0x26, 1, day, 0, 0, 0, 0x82, 7][..],
            &[0x20, 0x26, 1, day, 1, 0, 0],
        ]
        .concat()
    };
    let mut scripted = ScriptedCard::new();
    scripted.set(&[0xD0, 0x10], dates(1));
    let mut cache = CardCache::new();
    let mut card = open(&mut scripted).unwrap();
    assert!(
        matches!(card.last_update(), LastUpdate::Updated(dates) if dates.end.as_deref() == Some("20260101010000"))
    );
    card.certificates().unwrap();
    card.remember(&mut cache);
    assert!(card.exchanges() <= 27, "{}", card.exchanges());

    let mut card = ProfessionalCard::open_known(&mut scripted, CardModel::Cps3, &cache).unwrap();
    card.certificates().unwrap();
    assert_eq!(card.exchanges(), 4);
    scripted.set(&[0xD0, 0x10], dates(2));
    let mut card = ProfessionalCard::open_known(&mut scripted, CardModel::Cps3, &cache).unwrap();
    card.certificates().unwrap();
    assert!(card.exchanges() > 4);
    // What cannot be understood still serves as a token.
    scripted.set(&[0xD0, 0x10], vec![0xFF; 9]);
    assert!(
        matches!(open(&mut scripted).unwrap().last_update(), LastUpdate::Updated(dates) if dates.end.is_none())
    );
    scripted.set(&[0xD0, 0x10], vec![]);
    assert!(matches!(
        open(&mut scripted),
        Err(CardError::UpdateInterrupted)
    ));
}

#[test]
fn another_issuer_is_not_this_card() {
    let mut scripted = ScriptedCard::new();
    scripted.set(
        &[0xD0, 0x03],
        vec![0x5A, 0x0A, 0x80, 0x25, 0, 0, 2, 0x99, 0, 0, 1, 0x1F],
    );
    assert!(matches!(
        open(&mut scripted),
        Err(CardError::NotThisCard {
            model: CardModel::Cps3
        })
    ));
    for length in 0..12 {
        scripted.set(&[0xD0, 0x03], vec![0x5A; length]);
        assert!(open(&mut scripted).is_err(), "{length} bytes");
    }
}

#[test]
fn missing_files_are_named() {
    for (path, file) in [
        (&[0xD0, 0x03][..], CardFile::SerialNumber),
        (&[0x2F, 0x00], CardFile::ApplicationDirectory),
        (&[0x00, 0x01, 0x50, 0x31], CardFile::ObjectDirectory),
        (&[0x00, 0x01, 0x70, 0x05], CardFile::CertificateDirectory),
        (&[0x00, 0x01, 0xA0, 0x02], CardFile::Certificate),
    ] {
        let mut scripted = ScriptedCard::new();
        scripted.remove(path);
        let result = open(&mut scripted).and_then(|mut card| card.certificates());
        assert!(
            matches!(result, Err(CardError::Missing { file: found }) if found == file),
            "{file}: {result:?}"
        );
    }
    let mut scripted = ScriptedCard::new();
    scripted.set(&[0x2F, 0x00], vec![0x61, 0x07, 0x4F, 0x05, 1, 2, 3, 4, 5]);
    let result = open(&mut scripted).unwrap().certificates();
    assert!(matches!(
        result,
        Err(CardError::Missing {
            file: CardFile::Application
        })
    ));
}

#[test]
fn a_certificate_that_is_none_is_malformed() {
    for content in [
        vec![0x30, 0x82, 0xFF, 0xF0],
        vec![0x30, 0x03, 1, 2, 3],
        vec![0x30, 0x82, 0x01, 0x00, 0x30],
        vec![0; 300],
    ] {
        let mut scripted = ScriptedCard::new();
        scripted.set(&[0x00, 0x01, 0xA0, 0x01], content.clone());
        let result = open(&mut scripted).unwrap().certificates();
        let malformed = matches!(
            result,
            Err(CardError::Malformed {
                file: CardFile::Certificate,
                ..
            })
        );
        assert!(malformed, "{content:02X?}: {result:?}");
    }
}

#[test]
fn what_the_card_says_to_verify_is_taken_at_its_word_and_no_more() {
    let answer = |status| {
        let mut scripted = ScriptedCard::new();
        scripted.fault = Some(Fault::Verify(status));
        let result = sign(&mut scripted);
        assert_eq!(scripted.presentations, 1, "{status:04X}");
        result.unwrap_err()
    };
    assert!(matches!(
        answer(0x63C1),
        CardError::WrongPin { tries_left: 1 }
    ));
    assert!(matches!(
        answer(0x6300),
        CardError::WrongPin { tries_left: 2 }
    ));
    assert!(matches!(answer(0x6983), CardError::PinBlocked));
    for status in [0x6100, 0x6C00, 0x6282, 0x6984, 0x6D00] {
        let error = answer(status);
        assert!(
            matches!(error, CardError::Status { status: found, .. } if found == StatusWord(status)),
            "{status:04X}"
        );
    }
}

#[test]
fn no_pin_is_presented_where_the_card_has_none_or_none_left() {
    let mut scripted = ScriptedCard::new();
    scripted.without_authentication_objects();
    assert!(matches!(sign(&mut scripted), Err(CardError::NoPin)));
    assert!(matches!(
        open(&mut scripted).unwrap().pin_counters(),
        Err(CardError::NoPin)
    ));
    for (tries, expected) in [
        (0, "the PIN is blocked"),
        (1, "one try is left and was not confirmed"),
    ] {
        let mut scripted = ScriptedCard::new();
        scripted.tries_left = tries;
        assert_eq!(sign(&mut scripted).unwrap_err().to_string(), expected);
        assert_eq!(scripted.presentations, 0);
    }
    let mut scripted = ScriptedCard::new();
    scripted.fault = Some(Fault::NoCounters);
    assert!(matches!(
        sign(&mut scripted),
        Err(CardError::Status {
            file: Some(CardFile::PinCounters),
            ..
        })
    ));
    assert_eq!(scripted.presentations, 0, "no VERIFY without the counter");
}

#[test]
fn the_pin_is_sent_as_the_card_s_directory_says() {
    let mut scripted = ScriptedCard::new();
    sign(&mut scripted).unwrap();
    assert_eq!(
        scripted.presented,
        [0x31, 0x32, 0x33, 0x34, 0xFF, 0xFF, 0xFF, 0xFF]
    );
    let mut scripted = ScriptedCard::new();
    scripted.with_unpadded_pin();
    sign(&mut scripted).unwrap();
    assert_eq!(scripted.presented, *b"1234");
}

#[test]
fn situations_have_holes_and_need_not_all_exist() {
    let mut scripted = ScriptedCard::new();
    scripted.set_situations(&[
        (9, Some(b"\xEE\x03\x80\x01\x04")),
        (2, None),
        (5, Some(b"\x00\x00\x00")),
        (1, Some(b"\xEE\x00")),
    ]);
    let mut card = open(&mut scripted).unwrap();
    let mut verified = card.verify_pin(pin(), LastTry::Refused).unwrap();
    let numbers: Vec<_> = verified
        .practice_situations()
        .unwrap()
        .iter()
        .map(|found| (found.number, found.mode))
        .collect();
    assert_eq!(numbers, [(1, None), (9, Some(4))]);
    scripted.set_situations(&[(1, Some(b"\xED\x00"))]);
    let mut card = open(&mut scripted).unwrap();
    let mut verified = card.verify_pin(pin(), LastTry::Refused).unwrap();
    let error = verified.practice_situations().unwrap_err();
    let reason = MalformedReason::Missing { what: "template" };
    assert!(
        matches!(error, CardError::Malformed { file: CardFile::PracticeSituation, reason: found } if found == reason)
    );
}

/// Every command of a first reading, a PIN and both signatures, to the byte.
#[test]
fn the_commands_are_those_of_the_golden_conversation() {
    let mut recorder = Recorder::new(ScriptedCard::new());
    let mut card = ProfessionalCard::open(&mut recorder, CardModel::Cps3).unwrap();
    card.certificates().unwrap();
    let mut verified = card.verify_pin(pin(), LastTry::Refused).unwrap();
    let digest = Sha256Digest::from_bytes([0x2A; 32]);
    verified.sign_authentication(&digest).unwrap();
    verified.sign_signature(&digest).unwrap();
    let is_command = |line: &&str| line.starts_with('>');
    let commands: Vec<_> = recorder.text().lines().filter(is_command).collect();
    let golden: Vec<_> = include_str!("tests/cps3.txt")
        .lines()
        .filter(is_command)
        .collect();
    assert_eq!(commands, golden);
}

/// A card that must not be asked anything.
struct Untouchable;

impl crate::card::Transport for Untouchable {
    fn transmit(&mut self, _command: &[u8]) -> Result<Vec<u8>, crate::card::TransportError> {
        panic!("a card of another kind was sent a command");
    }
}

#[test]
fn models_that_are_no_cps_get_no_command_at_all() {
    let mut refused = Vec::new();
    for model in CardModel::ALL
        .iter()
        .filter(|model| !model.is_professional())
    {
        let mut card = Untouchable;
        let result = ProfessionalCard::open(&mut card, *model);
        assert!(matches!(result, Err(CardError::NotThisCard { model: found }) if found == *model));
        refused.push(model.name());
    }
    assert_eq!(
        refused,
        ["vitale2", "vitale2-unknown-revision", "vitale1", "unknown"]
    );
}
