//! A CPS4, command by command.

use super::pin;
use super::scripted_cps4::ScriptedCps4;
use crate::algorithm::SignatureAlgorithm;
use crate::card::cache::CardCache;
use crate::card::error::{CardError, KeyPurpose};
use crate::card::model::CardModel;
use crate::card::pin::{Pin, PinFormatError, UnblockingCode};
use crate::card::transcript::{Recorder, Replay};
use crate::card::{Assurance, LastTry, PinCounters, ProfessionalCard, Transport};
use crate::digest::Sha256Digest;

const DIGEST: Sha256Digest = Sha256Digest::from_bytes([0x2A; 32]);
const PSS: SignatureAlgorithm = SignatureAlgorithm::RsaPssSha256;

fn open<T: Transport>(card: &mut T) -> Result<ProfessionalCard<'_, T>, CardError> {
    ProfessionalCard::open(card, CardModel::Cps4)
}

/// Every command of a first reading, a PIN and all signatures, to the byte.
#[test]
fn the_commands_are_those_of_the_golden_conversation() {
    let mut recorder = Recorder::new(ScriptedCps4::new());
    let mut card = open(&mut recorder).unwrap();
    card.certificates().unwrap();
    let mut verified = card.verify_pin(pin(), LastTry::Refused).unwrap();
    verified.sign_authentication(&DIGEST).unwrap();
    verified.sign_signature(&DIGEST).unwrap();
    let signature = verified.sign_authentication_with(PSS, &DIGEST).unwrap();
    assert_eq!(signature.algorithm(), PSS);
    verified.sign_signature_with(PSS, &DIGEST).unwrap();
    let is_command = |line: &&str| line.starts_with('>');
    let commands: Vec<_> = recorder.text().lines().filter(is_command).collect();
    let golden: Vec<_> = include_str!("cps4.txt")
        .lines()
        .filter(is_command)
        .collect();
    assert_eq!(commands, golden);
}

#[test]
fn opening_and_signing_stay_below_their_bounds() {
    let mut scripted = ScriptedCps4::new();
    let mut card = open(&mut scripted).unwrap();
    assert_eq!(card.assurance(), Assurance::Holder);
    card.certificates().unwrap();
    card.pin_counters().unwrap();
    card.unblock_counters().unwrap();
    // Ten of them carry the certificates.
    assert!(card.exchanges() <= 25, "{}", card.exchanges());
    let mut verified = card.verify_pin(pin(), LastTry::Refused).unwrap();
    for _ in 0..3 {
        let before = verified.exchanges();
        verified.sign_authentication(&DIGEST).unwrap();
        let between = verified.exchanges();
        verified.sign_signature(&DIGEST).unwrap();
        assert!(between - before <= 3 && verified.exchanges() - between <= 3);
    }
}

#[test]
fn a_card_seen_before_is_known_by_its_certificates() {
    let mut scripted = ScriptedCps4::new();
    let mut cache = CardCache::new();
    let mut card = open(&mut scripted).unwrap();
    let certificates = card.certificates().unwrap();
    card.remember(&mut cache);

    let mut card = ProfessionalCard::open_known(&mut scripted, CardModel::Cps4, &cache).unwrap();
    assert_eq!(card.certificates().unwrap(), certificates);
    assert!(card.exchanges() <= 7, "{}", card.exchanges());

    // Remembered without certificates: nothing shows that it is still the same.
    let mut without = CardCache::new();
    let mut card = open(&mut scripted).unwrap();
    card.pin_counters().unwrap();
    card.remember(&mut without);
    let mut card = ProfessionalCard::open_known(&mut scripted, CardModel::Cps4, &without).unwrap();
    let before = card.exchanges();
    card.pin_counters().unwrap();
    assert!(card.exchanges() - before > 1, "read anew");

    // A renewed certificate: same serial number, another issuer's signature.
    let file = [0x00, 0x01, 0xA0, 0x02];
    let mut renewed = certificates.authentication.der().to_vec();
    *renewed.last_mut().unwrap() ^= 1;
    scripted.card.set(&file, renewed.clone());
    let mut card = ProfessionalCard::open_known(&mut scripted, CardModel::Cps4, &cache).unwrap();
    assert_eq!(card.certificates().unwrap().authentication.der(), renewed);
    scripted.card.remove(&file);
    let mut card = ProfessionalCard::open_known(&mut scripted, CardModel::Cps4, &cache).unwrap();
    assert!(matches!(
        card.certificates(),
        Err(CardError::Missing { .. })
    ));
}

#[test]
fn the_tries_left_are_asked_for_without_a_code() {
    let counters = |left| PinCounters {
        max: 3,
        left,
        uses_left: None,
    };
    let mut scripted = ScriptedCps4::new();
    scripted.tries_left = [2, 1];
    let mut card = open(&mut scripted).unwrap();
    assert_eq!(card.pin_counters().unwrap(), counters(2));
    assert_eq!(card.unblock_counters().unwrap(), counters(1));
    scripted.tries_left = [0, 0];
    let mut card = open(&mut scripted).unwrap();
    assert_eq!(card.pin_counters().unwrap(), counters(0));
    assert!(matches!(
        card.verify_pin(pin(), LastTry::Confirmed).map(|_| ()),
        Err(CardError::PinBlocked)
    ));
    let code = UnblockingCode::from_digits(b"87654321").unwrap();
    assert!(matches!(
        card.unblock(code, pin(), LastTry::Confirmed),
        Err(CardError::UnblockingCodeBlocked { tries_left: 0, .. })
    ));
    assert!(scripted.secrets.iter().all(|command| command.len() == 4));
}

#[test]
fn a_wrong_pin_is_presented_once() {
    let mut scripted = ScriptedCps4::new();
    let mut card = open(&mut scripted).unwrap();
    let wrong = Pin::from_digits(b"0000").unwrap();
    let error = card.verify_pin(wrong, LastTry::Refused).map(|_| ());
    assert!(matches!(error, Err(CardError::WrongPin { tries_left: 2 })));
    let presented = |command: &&Vec<u8>| command.len() > 5;
    assert_eq!(scripted.secrets.iter().filter(presented).count(), 1);
}

#[test]
fn a_change_is_a_verification_and_a_new_pin() {
    let mut scripted = ScriptedCps4::new();
    let mut card = open(&mut scripted).unwrap();
    let new = || Pin::from_digits(b"5678").unwrap();
    assert!(matches!(
        card.change_pin(pin(), pin(), LastTry::Refused),
        Err(CardError::PinFormat(PinFormatError::Unchanged))
    ));
    card.change_pin(pin(), new(), LastTry::Refused).unwrap();
    let code = UnblockingCode::from_digits(b"87654321").unwrap();
    card.unblock(code, new(), LastTry::Refused).unwrap();
    assert_eq!(
        scripted.secrets,
        [
            b"\x01\x20\x00\x01".to_vec(),
            b"\x01\x20\x00\x01\x081234\xFF\xFF\xFF\xFF".to_vec(),
            b"\x01\x24\x01\x01\x085678\xFF\xFF\xFF\xFF".to_vec(),
            b"\x01\x20\x00\x02".to_vec(),
            b"\x01\x20\x00\x02\x0887654321".to_vec(),
            b"\x01\x2C\x03\x81".to_vec(),
            b"\x01\x24\x01\x01\x085678\xFF\xFF\xFF\xFF".to_vec(),
        ]
    );
}

#[test]
fn a_change_with_a_wrong_old_pin_sets_nothing() {
    let mut scripted = ScriptedCps4::new();
    let mut card = open(&mut scripted).unwrap();
    let pin = |digits: &[u8]| Pin::from_digits(digits).unwrap();
    let result = card.change_pin(pin(b"0000"), pin(b"5678"), LastTry::Refused);
    assert!(matches!(result, Err(CardError::WrongPin { tries_left: 2 })));
    assert!(scripted.secrets.iter().all(|command| command[1] == 0x20));
}

/// Another program took the application away, at every moment of a session in turn.
#[test]
fn an_application_taken_away_comes_back_wherever_it_is_missed() {
    let session = |scripted: &mut ScriptedCps4| -> Result<(), CardError> {
        let mut card = open(scripted)?;
        card.certificates()?;
        card.pin_counters()?;
        let mut verified = card.verify_pin(pin(), LastTry::Refused)?;
        verified.practice_situations()?;
        verified.sign_authentication(&DIGEST)?;
        verified.sign_signature(&DIGEST)?;
        Ok(())
    };
    let mut whole = ScriptedCps4::new();
    session(&mut whole).unwrap();
    let mut once = ScriptedCps4::new();
    once.lost = true;
    session(&mut once).unwrap();
    assert_eq!(once.recoveries, 1);
    for moment in 1..whole.commands {
        let mut scripted = TakenAway {
            card: ScriptedCps4::new(),
            moment,
        };
        let mut card = ProfessionalCard::open(&mut scripted, CardModel::Cps4).unwrap();
        card.certificates().unwrap();
        card.pin_counters().unwrap();
        let mut verified = card.verify_pin(pin(), LastTry::Refused).unwrap();
        verified.practice_situations().unwrap();
        verified.sign_authentication(&DIGEST).unwrap();
        verified.sign_signature(&DIGEST).unwrap();
        let recoveries = scripted.card.recoveries;
        assert!(recoveries <= 1, "{moment}: {recoveries}");
        let presented = |command: &&Vec<u8>| command.len() > 5;
        assert_eq!(scripted.card.secrets.iter().filter(presented).count(), 1);
    }
}

/// Takes the application away before the first selection at or after a given command.
struct TakenAway {
    card: ScriptedCps4,
    moment: usize,
}

impl Transport for TakenAway {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, crate::card::TransportError> {
        let selects = matches!(command, [0x01, 0xA4, 0x08, ..] | [0x01, 0x22, ..]);
        if self.card.recoveries == 0 && self.card.commands >= self.moment && selects {
            self.card.lost = true;
            self.card.in_folder = false;
        }
        self.card.transmit(command)
    }
}

#[test]
fn an_application_that_stays_away_is_given_up() {
    let mut scripted = ScriptedCps4::new();
    open(&mut scripted).unwrap().certificates().unwrap();
    scripted.commands = 0;
    scripted.loses_after = Some(3);
    let mut card = open(&mut scripted).unwrap();
    let error = card.certificates().unwrap_err();
    assert!(matches!(error, CardError::Status { status, .. } if status.0 == 0x6985));
    assert!(card.exchanges() <= 10, "{}", card.exchanges());
}

#[test]
fn another_card_behind_the_same_answer_to_reset_is_refused() {
    let mut scripted = ScriptedCps4::new();
    scripted.card.set(
        &[0xD0, 0x03],
        vec![0x5A, 0x0A, 0x80, 0x25, 0, 0, 2, 0x99, 0, 0, 1, 0x1F],
    );
    assert!(matches!(
        open(&mut scripted),
        Err(CardError::NotThisCard {
            model: CardModel::Cps4
        })
    ));
    assert!(scripted.secrets.is_empty(), "never probed with VERIFY");
}

/// The card that only speaks T=0: no expected length with data, answers fetched on the channel.
#[test]
fn under_t0_answers_are_fetched_on_the_same_channel() {
    let mut replay = T0(Replay::parse(
        "> 01A4040C088025000001FF0100\n< 6A82\n\
         > 01A4040C07A0000001510000\n< 6A82\n\
         > 00A4040C088025000001FF0002\n< 9000\n\
         > 01A4040C088025000001FF0100\n< 9000\n\
         > 01A4080002D003\n< 6110\n\
         > 01B000000C\n< 5A0A802500000199000001 1F9000\n\
         > 01A40800022F00\n< 6110\n\
         > 01B0000065\n< 6C19\n\
         > 01B0000019\n< 6117 \n\
         > 01C0000017\n< 61154F0DE828BD080F8025000001FF0010510400019000\n",
    )
    .unwrap());
    let mut card = open(&mut replay).unwrap();
    assert_eq!(card.serial().as_str(), "99000001");
    // The record's path does not write the master file out; nothing comes after it here.
    assert!(card.token_info().is_err());
    assert!(replay.0.is_finished());
}

struct T0(Replay);

impl Transport for T0 {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, crate::card::TransportError> {
        self.0.transmit(command)
    }

    fn agreed_protocol(&self) -> Option<crate::card::TransmissionProtocol> {
        Some(crate::card::TransmissionProtocol::T0)
    }
}

#[test]
fn algorithms_are_offered_as_data_and_no_other_is_tried() {
    let mut scripted = ScriptedCps4::new();
    let mut card = open(&mut scripted).unwrap();
    let purposes = [KeyPurpose::Authentication, KeyPurpose::Signature];
    for purpose in purposes {
        let both = [SignatureAlgorithm::RsaPkcs1Sha256, PSS];
        assert_eq!(card.offered_algorithms(purpose), both);
    }
    let mut verified = card.verify_pin(pin(), LastTry::Refused).unwrap();
    assert_eq!(verified.offered_algorithms(KeyPurpose::Signature).len(), 2);
    verified.sign_signature_with(PSS, &DIGEST).unwrap();

    let mut scripted = super::ScriptedCard::new();
    let mut card = super::open(&mut scripted).unwrap();
    let mut verified = card.verify_pin(pin(), LastTry::Refused).unwrap();
    let before = verified.exchanges();
    let refused = verified.sign_signature_with(PSS, &DIGEST);
    assert!(matches!(
        refused,
        Err(CardError::AlgorithmNotOffered {
            purpose: KeyPurpose::Signature,
            ..
        })
    ));
    assert_eq!(verified.exchanges(), before);
}
