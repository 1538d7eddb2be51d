//! A card from its answer to reset on, scripted by the input: two bytes of choices, the length of the answer to reset, the answer,
//! then the card's answers. It is identified, its driver is chosen, and every operation of that driver is done, in two openings.
//! Whatever the card says, all ends within its bounds, a code is presented as often as it was given, and a card without a driver
//! (unknown, first-generation Vitale) is sent nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_fuzz::ScriptedCard;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::card::pinpad::{PinpadPrompt, PromptLanguage};
use paraphe_protocol::card::{
    Assurance, Atr, CardCache, CardModel, LastTry, MAX_EXCHANGES_PER_OPERATION, Pin,
    ProfessionalCard, Transport, UnblockingCode, VerifiedCard, Vitale2,
};
use paraphe_protocol::digest::Sha256Digest;

/// Operations on one card here, each with its own budget.
const OPERATIONS: usize = 64;

fuzz_target!(|input: &[u8]| {
    let Some(([first, second, length], rest)) = input.split_first_chunk::<3>() else {
        return;
    };
    let Some((atr, answers)) = rest.split_at_checked(usize::from(length % 34)) else {
        return;
    };
    let Ok(atr) = Atr::from_bytes(atr) else {
        return;
    };
    let model = CardModel::identify(&atr);
    let choices = u16::from_be_bytes([*first, *second]);
    let mut card = ScriptedCard::new(answers).with_keypad(choices & 1 != 0);
    match model {
        CardModel::Unknown | CardModel::Vitale1 => {
            assert!(Vitale2::open(&mut card, model).is_err());
            assert!(ProfessionalCard::open(&mut card, model).is_err());
            assert_eq!(card.asked(), 0);
        }
        model if model.is_vitale() => {
            assert!(ProfessionalCard::open(&mut card, model).is_err());
            assert_eq!(card.asked(), 0);
            vitale(&mut card, model);
            assert_eq!(card.codes(), 0);
        }
        model => {
            assert!(Vitale2::open(&mut card, model).is_err());
            assert_eq!(card.asked(), 0);
            professional(&mut card, model, choices);
            // Where the card proves no holder, or its revision was never tried, it is given no code at all.
            let takes_codes = matches!(model, CardModel::Cps3 | CardModel::Cps4);
            // Two PINs, one of them proven and presented again; changes here and on the keypad; an unblocking.
            assert!(card.codes() <= if takes_codes { 16 } else { 0 });
        }
    }
    let budget = usize::try_from(MAX_EXCHANGES_PER_OPERATION).unwrap_or(usize::MAX);
    assert!(card.asked() <= OPERATIONS * budget);
});

fn vitale<T: Transport>(card: &mut T, model: CardModel) {
    if let Ok(mut vitale) = Vitale2::open(card, model) {
        // The second reading finds another application selected.
        let _ = vitale.read();
        let _ = vitale.read();
    }
}

fn professional<T: Transport>(card: &mut T, model: CardModel, choices: u16) {
    let mut cache = CardCache::new();
    {
        let Ok(mut opened) = ProfessionalCard::open(card, model) else {
            return;
        };
        read(&mut opened, choices);
        opened.remember(&mut cache);
        assert_eq!(cache.len(), 1);
    }
    let Ok(mut opened) = ProfessionalCard::open_known(card, model, &cache) else {
        return;
    };
    let last_try = if choices & 2 == 0 {
        LastTry::Refused
    } else {
        LastTry::Confirmed
    };
    if choices & 4 != 0 {
        let _ = opened.certificates();
    }
    if choices & 8 != 0 {
        change_codes(&mut opened, last_try);
    }
    if choices & 16 != 0 {
        on_the_keypad(&mut opened, last_try);
    }
    let Ok(pin) = Pin::from_digits(b"1234") else {
        return;
    };
    let proven = {
        let Ok(mut verified) = opened.verify_pin(pin, last_try) else {
            return;
        };
        act(&mut verified, choices);
        verified.take_proven_pin()
    };
    let Some(proven) = proven else {
        return;
    };
    // Another program reset the card: it is opened anew, and the PIN that it accepted is presented again.
    let Ok(mut opened) = ProfessionalCard::open_known(card, model, &cache) else {
        return;
    };
    if let Ok(mut verified) = opened.verify_proven_pin(proven) {
        act(&mut verified, choices);
    }
}

fn read<T: Transport>(card: &mut ProfessionalCard<'_, T>, choices: u16) {
    let _ = card.certificates();
    let _ = card.identity();
    if choices & 32 != 0 {
        let _ = card.pin_counters();
        let _ = card.unblock_counters();
    }
    if choices & 64 != 0 {
        let _ = card.token_info();
        let _ = card.card_capabilities();
    }
    if choices & 128 != 0 {
        let _ = card.professional_info();
        let _ = card.card_identification();
        let _ = card.professional_name();
    }
    if choices & 256 != 0 || card.assurance() == Assurance::CardOnly {
        let _ = card.technical_certificate();
        let _ = card.sign_technical(&Sha256Digest::from_bytes([7; 32]));
    }
}

fn change_codes<T: Transport>(card: &mut ProfessionalCard<'_, T>, last_try: LastTry) {
    let pin = |digits: &[u8]| Pin::from_digits(digits).ok();
    if let (Some(old), Some(new)) = (pin(b"1234"), pin(b"5678")) {
        let _ = card.change_pin(old, new, last_try);
    }
    let code = UnblockingCode::from_digits(b"12345678").ok();
    if let (Some(code), Some(new)) = (code, pin(b"5678")) {
        let _ = card.unblock(code, new, last_try);
    }
}

fn on_the_keypad<T: Transport>(card: &mut ProfessionalCard<'_, T>, last_try: LastTry) {
    let Ok(Some(pinpad)) = card.suitable_pinpad() else {
        return;
    };
    let prompt = PinpadPrompt {
        language: PromptLanguage::French,
        timeout_seconds: 30,
        properties: pinpad.properties,
    };
    let _ = card.change_pin_on_pinpad(&prompt, last_try);
    if let Ok(mut verified) = card.verify_pin_on_pinpad(&prompt, last_try) {
        assert!(verified.take_proven_pin().is_none());
        let _ = verified.practice_situations();
    }
}

fn act<T: Transport>(verified: &mut VerifiedCard<'_, '_, T>, choices: u16) {
    if choices & 512 != 0 {
        let _ = verified.practice_situations();
    }
    let digest = Sha256Digest::from_bytes([7; 32]);
    for algorithm in [
        SignatureAlgorithm::RsaPkcs1Sha256,
        SignatureAlgorithm::RsaPssSha256,
    ] {
        let _ = verified.sign_authentication_with(algorithm, &digest);
        let _ = verified.sign_signature_with(algorithm, &digest);
    }
}
