//! What a CPS3 gives without contacts: that the card is there.

use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::card::{Assurance, CardError, CardModel, LastTry, Pin, ProfessionalCard};
use paraphe_protocol::digest::Sha256Digest;

use crate::reader::{Reader, pki, shipped};

#[test]
fn the_technical_key_signs_what_the_technical_certificate_verifies() {
    for name in shipped(CardModel::Cps3Contactless) {
        let mut reader = Reader::with(name);
        let model = reader.model();
        let serial = reader.card.serial().to_owned();
        let mut card = ProfessionalCard::open(&mut reader, model).unwrap();
        assert_eq!(card.serial().as_str(), serial);
        assert_eq!(card.assurance(), Assurance::CardOnly);
        let certificate = card.technical_certificate().unwrap();
        assert_eq!(certificate, pki().technical_certificate(&serial).unwrap());
        let before = card.exchanges();
        assert!(before <= 20, "{name}: {before} commands");
        let message = b"a card is here";
        let signature = card.sign_technical(&Sha256Digest::of(message)).unwrap();
        println!(
            "{name}: {before} commands, {} with a signature",
            card.exchanges()
        );
        SignatureAlgorithm::RsaPkcs1Sha256
            .verify(certificate.spki_der(), message, signature.as_bytes())
            .unwrap();
        let before = card.exchanges();
        card.sign_technical(&Sha256Digest::of(message)).unwrap();
        assert!(card.exchanges() - before <= 3);
    }
}

#[test]
fn no_code_is_ever_sent_without_contacts() {
    let mut reader = Reader::with("physician-contactless");
    let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps3Contactless).unwrap();
    let pin = || Pin::from_digits(b"1234").unwrap();
    assert!(matches!(
        card.verify_pin(pin(), LastTry::Confirmed).map(|_| ()),
        Err(CardError::NoPin)
    ));
    assert!(matches!(card.pin_counters(), Err(CardError::NoPin)));
    assert!(card.certificates().is_err() && card.identity().is_err());
    assert_eq!(reader.presentations, 0);
    assert_eq!(reader.card.counters().verifies, 0);
}
