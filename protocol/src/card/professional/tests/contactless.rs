//! The contactless face of a CPS3, command by command.

use super::pin;
use super::scripted_card::{ScriptedCard, issued, tlv};
use crate::card::cache::CardCache;
use crate::card::ef_dir::{CPS_APPLICATION, CPS_CONTACTLESS_APPLICATION};
use crate::card::error::{CardError, KeyPurpose};
use crate::card::model::CardModel;
use crate::card::pin::UnblockingCode;
use crate::card::transcript::Recorder;
use crate::card::{Assurance, LastTry, ProfessionalCard, Transport, TransportError};
use crate::digest::Sha256Digest;

const MODEL: CardModel = CardModel::Cps3Contactless;
const DIGEST: Sha256Digest = Sha256Digest::from_bytes([0x2A; 32]);

/// The files of [`ScriptedCard`] moved to the folder 0002, with one key and no PIN, under T=1.
struct Contactless {
    card: ScriptedCard,
    key: u8,
    damage: bool,
}

fn path(file: u8, low: u8) -> Vec<u8> {
    tlv(0x30, &[&tlv(0x04, &[&[0x3F, 0x00, 0x00, 0x02, file, low]])])
}

impl Contactless {
    fn new() -> Self {
        let mut card = ScriptedCard::new();
        let record = |identifier: &[u8], folder: u8| {
            tlv(
                0x61,
                &[
                    &tlv(0x4F, &[identifier]),
                    &tlv(0x51, &[&[0x3F, 0, 0, folder]]),
                    &tlv(0x73, &[&tlv(0x4F, &[&CPS_APPLICATION])]),
                ],
            )
        };
        let directory = [
            record(&CPS_APPLICATION, 1),
            record(&CPS_CONTACTLESS_APPLICATION, 2),
        ];
        card.set(&[0x2F, 0x00], directory.concat());
        let objects = [
            tlv(0xA0, &[&path(0x70, 0x02)]),
            tlv(0xA4, &[&path(0x70, 0x05)]),
        ];
        card.set(&[0, 2, 0x50, 0x31], objects.concat());
        card.set_private_keys(&[(3, 0x83)]);
        let keys = card.files[[0, 1, 0x70, 0x02].as_slice()].clone();
        card.set(&[0, 2, 0x70, 0x02], keys);
        card.set_certificates(&[(3, [0, 2, 0xA0, 0x03])]);
        let certificates = card.files[[0, 1, 0x70, 0x05].as_slice()].clone();
        card.set(&[0, 2, 0x70, 0x05], certificates);
        let [_, technical] = issued();
        card.set(&[0, 2, 0xA0, 0x03], technical.certificate.clone());
        card.keys.insert(0x83, technical.key.clone());
        card.end = super::End::ShortAnswer;
        Self {
            card,
            key: 0x83,
            damage: false,
        }
    }
}

impl Transport for Contactless {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        // Nothing below 0001, and no codes, without contacts.
        if let [0x00, 0xA4, 0x09, _, _, 0x3F, 0x00, 0x00, 0x01, ..] = command {
            return Ok(vec![0x69, 0x82]);
        }
        if let [0x00, 0xA4, 0x09, _, 0x04, 0x3F, 0x00, 0x00, 0x02] = command {
            return Ok(vec![0x90, 0x00]);
        }
        assert!(!matches!(command, [_, 0x20 | 0x24 | 0x2C | 0xCB, ..]));
        let answer = match command {
            [0x00, 0x88, 0x00, 0x00, 0x33, block @ .., 0x00] => {
                let case_3 = [&[0x00, 0x88, 0x00, 0x00, 0x33], block].concat();
                self.card.transmit(&case_3)?
            }
            _ => self.card.transmit(command)?,
        };
        if answer != [0x61, 0x00] {
            return Ok(answer);
        }
        let mut whole = self.card.transmit(&[0x00, 0xC0, 0x00, 0x00, 0x00])?;
        if self.damage {
            whole[100] ^= 1;
        }
        assert_eq!(self.card.environments.last(), Some(&(0xA4, self.key)));
        Ok(whole)
    }
}

/// Every command of a reading and a signature, to the byte.
#[test]
fn the_commands_are_those_of_the_golden_conversation() {
    let mut recorder = Recorder::new(Contactless::new());
    let mut card = ProfessionalCard::open(&mut recorder, MODEL).unwrap();
    card.technical_certificate().unwrap();
    let signature = card.sign_technical(&DIGEST).unwrap();
    assert_eq!(signature.assurance(), Assurance::CardOnly);
    assert_eq!(signature.as_bytes().len(), 256);
    assert!(card.exchanges() <= 20, "{}", card.exchanges());
    let is_command = |line: &&str| line.starts_with('>');
    let commands: Vec<_> = recorder.text().lines().filter(is_command).collect();
    let golden: Vec<_> = include_str!("contactless.txt")
        .lines()
        .filter(is_command)
        .collect();
    assert_eq!(commands, golden);
}

#[test]
fn a_card_without_contacts_never_speaks_for_its_holder() {
    let mut scripted = Contactless::new();
    let mut card = ProfessionalCard::open(&mut scripted, MODEL).unwrap();
    assert_eq!(card.assurance(), Assurance::CardOnly);
    for purpose in [KeyPurpose::Authentication, KeyPurpose::Signature] {
        assert!(card.offered_algorithms(purpose).is_empty());
        assert!(matches!(
            card.certificate(purpose),
            Err(CardError::CertificateNotFound { .. })
        ));
    }
    assert!(card.identity().is_err());
    let is_refused = |result: Result<(), CardError>| {
        assert!(matches!(result, Err(CardError::NoPin)));
    };
    is_refused(card.pin_counters().map(|_| ()));
    is_refused(card.unblock_counters().map(|_| ()));
    is_refused(card.verify_pin(pin(), LastTry::Confirmed).map(|_| ()));
    is_refused(card.change_pin(pin(), pin(), LastTry::Confirmed));
    let code = UnblockingCode::from_digits(b"87654321").unwrap();
    is_refused(card.unblock(code, pin(), LastTry::Confirmed));
}

#[test]
fn a_card_with_contacts_has_no_technical_key() {
    let mut scripted = ScriptedCard::new();
    let mut card = super::open(&mut scripted).unwrap();
    assert_eq!(card.assurance(), Assurance::Holder);
    assert!(matches!(
        card.sign_technical(&DIGEST),
        Err(CardError::NoTechnicalKey)
    ));
}

#[test]
fn a_damaged_technical_signature_is_found_out() {
    let mut scripted = Contactless::new();
    scripted.damage = true;
    let mut card = ProfessionalCard::open(&mut scripted, MODEL).unwrap();
    assert!(matches!(
        card.sign_technical(&DIGEST),
        Err(CardError::TechnicalSignatureInvalid)
    ));
}

#[test]
fn an_unknown_revision_is_read_and_does_not_sign() {
    let mut scripted = Contactless::new();
    let model = CardModel::CpsContactlessUnknownRevision;
    let mut card = ProfessionalCard::open(&mut scripted, model).unwrap();
    assert!(card.technical_certificate().is_ok());
    assert!(matches!(
        card.sign_technical(&DIGEST),
        Err(CardError::ReadOnlyRevision { .. })
    ));
}

#[test]
fn both_faces_of_a_card_are_remembered_apart() {
    let mut cache = CardCache::new();
    let mut scripted = Contactless::new();
    let mut card = ProfessionalCard::open(&mut scripted, MODEL).unwrap();
    card.technical_certificate().unwrap();
    card.remember(&mut cache);
    let mut card = ProfessionalCard::open_known(&mut scripted, MODEL, &cache).unwrap();
    card.technical_certificate().unwrap();
    assert!(card.exchanges() <= 8, "{}", card.exchanges());
    let mut contacts = ScriptedCard::new();
    let mut card = ProfessionalCard::open_known(&mut contacts, CardModel::Cps3, &cache).unwrap();
    assert!(card.certificates().is_ok());
}
