//! What a CPS3 gives by contacts, and in how many commands.

use paraphe_certs::NationalIdKind;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::card::{
    CardCache, CardError, CardModel, LastTry, LastUpdate, Pin, ProfessionalCard, Vitale2,
};
use paraphe_protocol::digest::Sha256Digest;

use crate::reader::{Reader, pki, shipped};

/// Commands from a card never seen to its serial number, identity and both certificates.
const FIRST_READING: u64 = 27;
/// The same from a card seen before.
const KNOWN_CARD: u64 = 4;
/// One signature after the PIN.
const SIGNATURE: u64 = 4;

#[test]
fn every_profile_is_read_within_its_budget() {
    for name in shipped(CardModel::Cps3) {
        let mut reader = Reader::with(name);
        let model = reader.model();
        let serial = reader.card.serial().to_owned();
        let issued = pki().card_certificates(&serial).unwrap();

        let mut card = ProfessionalCard::open(&mut reader, model).unwrap();
        assert_eq!(card.serial().as_str(), serial, "{name}");
        let certificates = card.certificates().unwrap();
        let identity = card.identity().unwrap();
        let first = card.exchanges();
        assert!(first <= FIRST_READING, "{name}: {first} commands");
        assert_eq!(
            (&certificates.authentication, &certificates.signature),
            (&issued.0, &issued.1)
        );
        assert!(identity.is_test());

        let mut cache = CardCache::new();
        card.remember(&mut cache);
        let mut known = ProfessionalCard::open_known(&mut reader, model, &cache).unwrap();
        assert_eq!(known.certificates().unwrap(), certificates);
        assert_eq!(known.identity().unwrap().national_id, identity.national_id);
        let again = known.exchanges();
        assert!(again <= KNOWN_CARD, "{name}: {again} commands");
        println!("{name}: {first} commands, {again} when seen before");
    }
}

#[test]
fn a_physician_s_card_says_who_and_where() {
    let mut reader = Reader::with("physician");
    let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps3).unwrap();
    assert_eq!(*card.last_update(), LastUpdate::Never);
    let holder = card.identity().unwrap();
    assert_eq!(holder.national_id.kind(), NationalIdKind::Rpps);
    assert_eq!(holder.family_name.as_deref(), Some("SIMULATEUR"));
    let capabilities = card.card_capabilities().unwrap().unwrap();
    assert!(capabilities.has_chaining() && !capabilities.has_extended_length());
    let info = card.professional_info().unwrap().unwrap();
    assert_eq!(info.profession, Some(10));
    assert_eq!(info.speciality.as_deref(), Some("SM26"));
    assert!(
        card.card_identification()
            .unwrap()
            .unwrap()
            .number
            .is_some()
    );
    assert_eq!(
        card.professional_name()
            .unwrap()
            .unwrap()
            .given_name
            .as_deref(),
        Some("CAMILLE")
    );
    assert!(
        card.token_info()
            .unwrap()
            .label
            .unwrap()
            .starts_with("CPS3v3-")
    );

    let mut verified = card
        .verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Refused)
        .unwrap();
    let situations = verified.practice_situations().unwrap();
    let seen: Vec<_> = situations
        .iter()
        .map(|s| {
            (
                s.number,
                s.mode,
                s.structure_name.as_deref(),
                s.sector.as_deref(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            (1, Some(0), Some("CABINET SIMULATEUR"), Some("SA07")),
            (3, Some(1), Some("CLINIQUE SIMULATEUR"), Some("SA01")),
        ]
    );
}

#[test]
fn both_keys_sign_what_their_certificates_verify() {
    for name in ["physician", "reception-service"] {
        let mut reader = Reader::with(name);
        let mut card = ProfessionalCard::open(&mut reader, CardModel::Cps3).unwrap();
        let certificates = card.certificates().unwrap();
        let mut verified = card
            .verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Refused)
            .unwrap();
        let message = b"not a document";
        let digest = Sha256Digest::of(message);
        let verify = |spki: &[u8], signature: &[u8]| {
            SignatureAlgorithm::RsaPkcs1Sha256.verify(spki, message, signature)
        };

        let before = verified.exchanges();
        let login = verified.sign_authentication(&digest).unwrap();
        let after_login = verified.exchanges();
        let document = verified.sign_signature(&digest).unwrap();
        let after_document = verified.exchanges();
        assert!(
            after_login - before <= SIGNATURE,
            "{} commands",
            after_login - before
        );
        assert!(
            after_document - after_login <= SIGNATURE,
            "{} commands",
            after_document - after_login
        );

        let (authentication, signature) = (
            certificates.authentication.spki_der(),
            certificates.signature.spki_der(),
        );
        verify(authentication, login.as_bytes()).unwrap();
        verify(signature, document.as_bytes()).unwrap();
        assert!(verify(signature, login.as_bytes()).is_err());
        assert!(verify(authentication, document.as_bytes()).is_err());
    }
}

#[test]
fn a_card_of_another_kind_is_refused_before_any_command() {
    let mut reader = Reader::with("vitale-holder");
    let model = reader.model();
    assert!(matches!(
        ProfessionalCard::open(&mut reader, model),
        Err(CardError::NotThisCard {
            model: CardModel::Vitale2
        })
    ));
    assert_eq!(reader.exchanges, 0);
    // With a lie about the model, the card itself tells.
    assert!(ProfessionalCard::open(&mut reader, CardModel::Cps3).is_err());
    let mut reader = Reader::with("physician");
    let model = reader.model();
    assert!(matches!(
        Vitale2::open(&mut reader, model),
        Err(CardError::NotThisCard {
            model: CardModel::Cps3
        })
    ));
    assert_eq!(reader.exchanges, 0);
    assert!(Vitale2::open(&mut reader, CardModel::Vitale2).is_err());
}

#[test]
fn an_unknown_revision_is_read_and_never_given_a_pin() {
    let mut reader = Reader::with("physician");
    let mut card = ProfessionalCard::open(&mut reader, CardModel::CpsUnknownRevision).unwrap();
    assert!(card.certificates().is_ok());
    assert!(card.pin_counters().is_ok());
    let refused = card
        .verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Confirmed)
        .map(|_| ());
    assert!(matches!(refused, Err(CardError::ReadOnlyRevision { .. })));
    assert_eq!(reader.presentations, 0);
}
