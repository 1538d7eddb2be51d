//! A whole CPS4, scripted by the input: every operation ends, the way back to a lost application is
//! taken once an operation at most, and a code is presented once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_fuzz::ScriptedCard;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::card::{
    CardCache, CardModel, LastTry, MAX_EXCHANGES_PER_OPERATION, Pin, ProfessionalCard, Transport,
    UnblockingCode,
};
use paraphe_protocol::digest::Sha256Digest;

/// Operations on one card here, each with its own budget.
const OPERATIONS: usize = 48;

fuzz_target!(|input: &[u8]| {
    let Some((choice, answers)) = input.split_first() else {
        return;
    };
    let mut card = ScriptedCard::new(answers);
    session(&mut card, *choice);
    let budget = usize::try_from(MAX_EXCHANGES_PER_OPERATION).unwrap_or(usize::MAX);
    assert!(card.asked() <= OPERATIONS * budget);
    // A PIN; a change of it (VERIFY and the new one); an unblocking (VERIFY, reset, the new one).
    assert!(card.verifications() <= 3);
    assert!(card.codes() <= 6);
});

fn session<T: Transport>(transport: &mut T, choice: u8) {
    let mut cache = CardCache::new();
    {
        let Ok(mut card) = ProfessionalCard::open(transport, CardModel::Cps4) else {
            return;
        };
        let _ = card.certificates();
        let _ = card.pin_counters();
        card.remember(&mut cache);
    }
    let Ok(mut card) = ProfessionalCard::open_known(transport, CardModel::Cps4, &cache) else {
        return;
    };
    let _ = card.identity();
    if choice & 1 != 0 {
        let _ = card.token_info();
        let _ = card.professional_info();
        let _ = card.unblock_counters();
    }
    let last_try = if choice & 2 == 0 {
        LastTry::Refused
    } else {
        LastTry::Confirmed
    };
    let pin = || Pin::from_digits(b"1234").ok();
    if let (true, Some(old), Ok(new)) = (choice & 4 != 0, pin(), Pin::from_digits(b"5678")) {
        let _ = card.change_pin(old, new, last_try);
    }
    let code = UnblockingCode::from_digits(b"12345678");
    if let (true, Ok(code), Some(new)) = (choice & 8 != 0, code, pin()) {
        let _ = card.unblock(code, new, last_try);
    }
    let Some(Ok(mut verified)) = pin().map(|pin| card.verify_pin(pin, last_try)) else {
        return;
    };
    let _ = verified.practice_situations();
    let digest = Sha256Digest::from_bytes([7; 32]);
    for algorithm in [
        SignatureAlgorithm::RsaPkcs1Sha256,
        SignatureAlgorithm::RsaPssSha256,
    ] {
        let _ = verified.sign_authentication_with(algorithm, &digest);
        let _ = verified.sign_signature_with(algorithm, &digest);
    }
}
