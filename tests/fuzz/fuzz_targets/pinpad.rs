//! What a reader says of its keypad, and the structures made for it: the first bytes are the form
//! of a PIN, the rest is the reader's.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::card::PinFormat;
use paraphe_protocol::card::pinpad::{
    PinpadFeatures, PinpadOutcome, PinpadPrompt, PinpadProperties, PinpadRequest, PromptLanguage,
};

fuzz_target!(|input: &[u8]| {
    let _ = PinpadFeatures::parse(input).map(|features| features.has_keypad());
    let _ = PinpadOutcome::from_answer(input).map(|outcome| outcome.to_string());
    let Some(([minimum, maximum, stored, padding, reference, timeout], rest)) =
        input.split_first_chunk::<6>()
    else {
        return;
    };
    let padding = (padding & 1 == 0).then_some(*padding);
    let lengths = [*minimum, *maximum, *stored].map(|length| usize::from(length % 20));
    let Ok(format) = PinFormat::new(lengths[0], lengths[1], lengths[2], padding, *reference) else {
        return;
    };
    let properties = PinpadProperties::parse_list(rest)
        .or_else(|_| PinpadProperties::parse_structure(rest))
        .unwrap_or_default();
    let prompt = PinpadPrompt {
        language: PromptLanguage::French,
        timeout_seconds: *timeout,
        properties,
    };
    if let Ok(request) = PinpadRequest::verify(&format, &prompt) {
        check(request.as_bytes(), 19, 1, &format);
    }
    if let Ok(request) = PinpadRequest::modify(&format, &prompt) {
        check(request.as_bytes(), 24, 2, &format);
    }
});

/// The length field tells the command's length, and the command its data's.
fn check(structure: &[u8], header: usize, pins: usize, format: &PinFormat) {
    let (before, command) = structure.split_at(header);
    let length = before
        .last_chunk::<4>()
        .map(|bytes| u32::from_le_bytes(*bytes));
    assert_eq!(length.map(usize::try_from), Some(Ok(command.len())));
    let data = command.get(5..).unwrap_or_default();
    assert_eq!(command.get(4).map(|lc| usize::from(*lc)), Some(data.len()));
    assert_eq!(
        Some(data.len()),
        format.fixed_length().map(|one| one * pins)
    );
}
