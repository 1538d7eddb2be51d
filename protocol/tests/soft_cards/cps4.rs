//! What a CPS4 gives, and in how many commands.

use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::card::{
    Assurance, CardCache, CardModel, KeyPurpose, LastTry, Pin, ProfessionalCard,
};
use paraphe_protocol::digest::Sha256Digest;

use crate::reader::{Reader, pki, shipped};

/// Commands from a card never seen to its serial number, PIN counter and keys, the certificates'
/// own bytes apart.
const FIRST_READING: u64 = 25;
/// A card seen before, with its certificates checked to be the same.
const KNOWN_CARD: u64 = 7;
/// One signature after the PIN.
const SIGNATURE: u64 = 3;

#[test]
fn every_profile_is_read_within_its_budget() {
    for name in shipped(CardModel::Cps4) {
        let mut reader = Reader::with(name);
        let model = reader.model();
        let serial = reader.card.serial().to_owned();
        let issued = pki().card_certificates(&serial).unwrap();
        let mut card = ProfessionalCard::open(&mut reader, model).unwrap();
        assert_eq!(card.serial().as_str(), serial, "{name}");
        assert_eq!(card.assurance(), Assurance::Holder);
        assert_eq!(card.pin_counters().unwrap().left, 3);
        let without_certificates = card.exchanges();
        let certificates = card.certificates().unwrap();
        let first = card.exchanges();
        let blocks = [&issued.0, &issued.1]
            .iter()
            .map(|certificate| certificate.der().len().div_ceil(256) as u64)
            .sum::<u64>();
        assert!(
            first - blocks <= FIRST_READING,
            "{name}: {first} commands, {blocks} blocks"
        );
        assert_eq!(
            (&certificates.authentication, &certificates.signature),
            (&issued.0, &issued.1)
        );
        assert!(card.identity().unwrap().is_test());
        let label = card.token_info().unwrap().label.unwrap();
        assert!(label.starts_with("CPS4"), "{label}");

        let mut cache = CardCache::new();
        card.remember(&mut cache);
        let mut known = ProfessionalCard::open_known(&mut reader, model, &cache).unwrap();
        assert_eq!(known.certificates().unwrap(), certificates);
        let again = known.exchanges();
        assert!(again <= KNOWN_CARD, "{name}: {again} commands");
        println!(
            "{name}: {without_certificates}, with certificates {first}, {again} when seen before"
        );
    }
}

#[test]
fn both_keys_sign_by_every_algorithm_that_they_offer() {
    for name in shipped(CardModel::Cps4) {
        let mut reader = Reader::with(name);
        let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps4).unwrap();
        let certificates = card.certificates().unwrap();
        let algorithms = card.offered_algorithms(KeyPurpose::Signature);
        assert_eq!(algorithms.len(), 2);
        let mut verified = card
            .verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Refused)
            .unwrap();
        let message = b"not a document";
        let digest = Sha256Digest::of(message);
        for algorithm in algorithms {
            let before = verified.exchanges();
            let login = verified
                .sign_authentication_with(*algorithm, &digest)
                .unwrap();
            let after_login = verified.exchanges();
            let document = verified.sign_signature_with(*algorithm, &digest).unwrap();
            let after_document = verified.exchanges();
            assert!(after_login - before <= SIGNATURE, "{algorithm}");
            assert!(after_document - after_login <= SIGNATURE, "{algorithm}");
            let authentication = certificates.authentication.spki_der();
            let signature = certificates.signature.spki_der();
            algorithm
                .verify(authentication, message, login.as_bytes())
                .unwrap();
            algorithm
                .verify(signature, message, document.as_bytes())
                .unwrap();
            assert!(
                algorithm
                    .verify(signature, message, login.as_bytes())
                    .is_err()
            );
        }
        let other = SignatureAlgorithm::RsaPkcs1Sha256;
        let document = verified.sign_signature(&digest).unwrap();
        assert_eq!(document.algorithm(), other);
    }
}

#[test]
fn situations_are_read_behind_the_pin() {
    let mut reader = Reader::with("physician-cps4");
    let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps4).unwrap();
    let mut verified = card
        .verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Refused)
        .unwrap();
    let numbers: Vec<_> = verified
        .practice_situations()
        .unwrap()
        .iter()
        .map(|situation| situation.number)
        .collect();
    assert_eq!(numbers, [1, 3]);
    let digest = Sha256Digest::of(b"after reading files");
    assert!(verified.sign_signature(&digest).is_ok());
}

#[test]
fn a_reset_under_a_verified_state_is_told() {
    let mut reader = Reader::with("physician-cps4");
    let mut resetting = ResettingOnce {
        reader: &mut reader,
    };
    let mut card = ProfessionalCard::open(&mut resetting, CardModel::Cps4).unwrap();
    let mut verified = card
        .verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Refused)
        .unwrap();
    let digest = Sha256Digest::of(b"whatever");
    assert!(verified.sign_signature(&digest).is_err());
    assert_eq!(reader.presentations, 1, "a PIN is not replayed");
}

/// Resets the card right behind a VERIFY, as another program may.
struct ResettingOnce<'r> {
    reader: &'r mut Reader,
}

impl paraphe_protocol::card::Transport for ResettingOnce<'_> {
    fn transmit(
        &mut self,
        command: &[u8],
    ) -> Result<Vec<u8>, paraphe_protocol::card::TransportError> {
        let answer = self.reader.transmit(command);
        if command.get(1) == Some(&0x20) && command.len() > 5 {
            self.reader.card.reset();
        }
        answer
    }
}
