//! Signed PDFs from anybody: the reader ends with signatures or a reason, within its bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::pades;

fuzz_target!(|input: &[u8]| {
    let Ok(found) = pades::read(input) else {
        return;
    };
    assert!(!found.is_empty() && found.len() <= pades::MAXIMUM_SIGNATURES);
    for signature in found.iter().filter_map(|found| found.outcome.as_ref().ok()) {
        // Nothing but the signature itself is left out.
        let covered: u64 = signature
            .covered()
            .iter()
            .filter_map(|part| part.bytes)
            .sum();
        assert!(covered > 0 && covered < input.len() as u64);
    }
});
