//! Properties of the whole module: every parser is total, and a session with a card that answers at
//! random ends within its budget.
#![allow(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_oneof, proptest};

use super::pkcs15::{
    ObjectDirectory, TokenInfo, certificate_objects, data_objects, pin_format, private_key_objects,
};
use super::tlv::{Tag, write};
use super::{
    Atr, CardIdentification, CardModel, FileControlParameters, FilePath, LastTry,
    MAX_EXCHANGES_PER_OPERATION, Pin, PracticeSituation, ProfessionalCard, ProfessionalInfo,
    ProfessionalName, Transport, TransportError, Vitale2, ef_dir,
};

/// Bytes that look like what cards hold: objects with the tags in use, sometimes cut.
fn card_bytes() -> impl Strategy<Value = Vec<u8>> {
    let tags: Vec<u32> = vec![
        0x30, 0x61, 0x62, 0x65, 0xA0, 0xA1, 0xA4, 0xA7, 0xA8, 0xE3, 0xE4, 0xEC, 0xED, 0xEE, 0x02,
        0x03, 0x04, 0x0A, 0x0C, 0x4F, 0x51, 0x80, 0x81, 0x82, 0x83, 0x85, 0x93, 0x9B, 0xBF8101,
    ];
    let tag = prop::sample::select(tags);
    let leaf = prop::collection::vec(any::<u8>(), 0..20);
    let value = leaf.prop_recursive(4, 40, 5, move |inner| {
        prop::collection::vec((tag.clone(), inner), 0..5).prop_map(|objects| {
            let mut out = Vec::new();
            objects
                .iter()
                .for_each(|(tag, value)| write(&mut out, Tag::new(*tag), value));
            out
        })
    });
    (value, 0_usize..6).prop_map(|(mut bytes, cut)| {
        bytes.truncate(bytes.len().saturating_sub(cut));
        bytes
    })
}

proptest! {
    #[test]
    fn every_parser_is_total(bytes in prop_oneof![card_bytes(), prop::collection::vec(any::<u8>(), 0..100)]) {
        let folder = FilePath::master_file();
        let _ = ef_dir::parse(&bytes);
        let _ = ObjectDirectory::parse(&bytes, &folder);
        let _ = TokenInfo::parse(&bytes);
        let _ = pin_format(&bytes);
        let _ = private_key_objects(&bytes);
        let _ = certificate_objects(&bytes, &folder);
        let _ = data_objects(&bytes, &folder);
        let _ = PracticeSituation::parse(1, &bytes);
        let _ = ProfessionalInfo::parse(&bytes);
        let _ = CardIdentification::parse(&bytes);
        let _ = ProfessionalName::parse(&bytes);
        let _ = FileControlParameters::parse(&bytes);
        let _ = super::CardCapabilities::parse(&bytes);
        let _ = super::pkcs15::unblocking_code_format(&bytes);
        let _ = super::pinpad::PinpadFeatures::parse(&bytes);
        let _ = super::pinpad::PinpadProperties::parse_list(&bytes);
        let _ = super::pin_counters::PinCounters::parse(&bytes, 1);
        let _ = super::ef_actua::LastUpdate::from_file(Some(bytes.clone()));
        let _ = super::serial::CardSerial::from_file(&bytes, CardModel::Cps3);
        if let Ok(atr) = Atr::from_bytes(&bytes) {
            let _ = (CardModel::identify(&atr), atr.first_protocol());
        }
    }

    #[test]
    fn a_random_card_ends_within_its_budget(
        answers in prop::collection::vec((card_bytes(), prop_oneof![4 => Just([0x90, 0x00]), 1 => any::<[u8; 2]>()]), 1..30),
    ) {
        let answers: Vec<Vec<u8>> = answers
            .into_iter()
            .map(|(mut data, status)| { data.truncate(256); data.extend(status); data })
            .collect();
        let mut card = Carousel { answers, asked: 0 };
        let budget = usize::try_from(MAX_EXCHANGES_PER_OPERATION).unwrap();
        if let Ok(mut card) = ProfessionalCard::open(&mut card, CardModel::Cps3) {
            let _ = card.certificates();
            let _ = card.verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Confirmed).map(|_| ());
        }
        if let Ok(mut card) = ProfessionalCard::open(&mut card, CardModel::Cps4) {
            let _ = card.certificates();
            let _ = card.verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Confirmed).map(|_| ());
        }
        if let Ok(mut card) = ProfessionalCard::open(&mut card, CardModel::Cps3Contactless) {
            let _ = card.sign_technical(&crate::digest::Sha256Digest::from_bytes([7; 32]));
        }
        if let Ok(mut card) = Vitale2::open(&mut card, CardModel::Vitale2) {
            let _ = card.read();
        }
        prop_assert!(card.asked <= 24 * budget);
    }
}

/// Gives the same answers again and again, whatever it is asked; the first is a serial number, so
/// that something happens.
struct Carousel {
    answers: Vec<Vec<u8>>,
    asked: usize,
}

impl Transport for Carousel {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.asked += 1;
        if let [_, 0xB0, 0, 0, 12] = command {
            return Ok(vec![
                0x5A, 0x0A, 0x80, 0x25, 0, 0, 1, 0x99, 0, 0, 1, 0x1F, 0x90, 0,
            ]);
        }
        Ok(self
            .answers
            .get(self.asked % self.answers.len())
            .cloned()
            .unwrap_or_default())
    }
}
