//! A whole contactless card, scripted by the input: every operation ends, and no code is ever sent.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_fuzz::ScriptedCard;
use paraphe_protocol::card::{
    Assurance, CardCache, CardModel, LastTry, MAX_EXCHANGES_PER_OPERATION, Pin, ProfessionalCard,
    Transport,
};
use paraphe_protocol::digest::Sha256Digest;

/// Operations on one card here, each with its own budget.
const OPERATIONS: usize = 32;

fuzz_target!(|input: &[u8]| {
    let mut card = ScriptedCard::new(input);
    session(&mut card);
    let budget = usize::try_from(MAX_EXCHANGES_PER_OPERATION).unwrap_or(usize::MAX);
    assert!(card.asked() <= OPERATIONS * budget);
    assert_eq!(card.codes(), 0);
});

fn session<T: Transport>(transport: &mut T) {
    let model = CardModel::Cps3Contactless;
    let mut cache = CardCache::new();
    {
        let Ok(mut card) = ProfessionalCard::open(transport, model) else {
            return;
        };
        assert_eq!(card.assurance(), Assurance::CardOnly);
        let _ = card.technical_certificate();
        let _ = card.sign_technical(&Sha256Digest::from_bytes([7; 32]));
        assert!(card.certificates().is_err() && card.pin_counters().is_err());
        let Ok(pin) = Pin::from_digits(b"1234") else {
            return;
        };
        assert!(card.verify_pin(pin, LastTry::Confirmed).is_err());
        let _ = card.card_capabilities();
        card.remember(&mut cache);
    }
    let Ok(mut card) = ProfessionalCard::open_known(transport, model, &cache) else {
        return;
    };
    let _ = card.technical_certificate();
}
