//! A whole card, scripted by the input, under both drivers: every operation ends, and a PIN is
//! presented once at most.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_fuzz::ScriptedCard;
use paraphe_protocol::card::{
    CardCache, CardModel, LastTry, MAX_EXCHANGES_PER_OPERATION, Pin, ProfessionalCard, Transport,
    UnblockingCode, Vitale2,
};
use paraphe_protocol::digest::Sha256Digest;

/// Operations on one card here, each with its own budget.
const OPERATIONS: usize = 16;

fuzz_target!(|input: &[u8]| {
    let Some((choice, answers)) = input.split_first() else {
        return;
    };
    let mut card = ScriptedCard::new(answers);
    if choice & 1 == 0 {
        professional(&mut card, *choice);
    } else if let Ok(mut vitale) = Vitale2::open(&mut card, CardModel::Vitale2) {
        let _ = vitale.read();
    }
    let budget = usize::try_from(MAX_EXCHANGES_PER_OPERATION).unwrap_or(usize::MAX);
    assert!(card.asked() <= OPERATIONS * budget);
    // A PIN, a change of it, and an unblocking of two commands.
    assert!(card.verifications() <= 2);
    assert!(card.codes() <= 4);
});

fn professional<T: Transport>(transport: &mut T, choice: u8) {
    let mut cache = CardCache::new();
    let Ok(mut card) = ProfessionalCard::open_known(transport, CardModel::Cps3, &cache) else {
        return;
    };
    let _ = card.certificates();
    let _ = card.identity();
    if choice & 2 != 0 {
        let _ = card.token_info();
        let _ = card.professional_info();
        let _ = card.card_identification();
        let _ = card.professional_name();
    }
    if choice & 32 != 0 {
        let _ = card.card_capabilities();
    }
    card.remember(&mut cache);
    assert_eq!(cache.len(), 1);
    let Ok(pin) = Pin::from_digits(b"1234") else {
        return;
    };
    let last_try = if choice & 4 == 0 {
        LastTry::Refused
    } else {
        LastTry::Confirmed
    };
    if choice & 8 != 0 {
        let (Ok(old), Ok(new)) = (Pin::from_digits(b"1234"), Pin::from_digits(b"5678")) else {
            return;
        };
        let _ = card.change_pin(old, new, last_try);
    }
    if choice & 16 != 0 {
        let code = UnblockingCode::from_digits(b"12345678");
        let (Ok(code), Ok(new)) = (code, Pin::from_digits(b"5678")) else {
            return;
        };
        let _ = card.unblock(code, new, last_try);
    }
    let Ok(mut verified) = card.verify_pin(pin, last_try) else {
        return;
    };
    let _ = verified.practice_situations();
    let digest = Sha256Digest::from_bytes([7; 32]);
    let _ = verified.sign_authentication(&digest);
    let _ = verified.sign_signature(&digest);
}
