//! Everything small that a card says about itself, from the same bytes: answer to reset, EF.SN,
//! EF_ACTUA, EF.ATR, file control parameters and information, PIN counters, practice situations, the
//! forms of its codes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::card::pkcs15::{pin_format, unblocking_code_format};
use paraphe_protocol::card::{
    Atr, CardCapabilities, CardModel, CardSerial, FileControlParameters, LastUpdate, PinCounters,
    PracticeSituation,
};

fuzz_target!(|input: &[u8]| {
    if let Ok(atr) = Atr::from_bytes(input) {
        let model = CardModel::identify(&atr);
        let _ = (model.name(), atr.first_protocol(), atr.to_string());
        assert!(!(model.is_professional() && model.is_vitale()));
    }
    if let Ok(serial) = CardSerial::from_file(input, CardModel::Cps3) {
        let digits = serial.as_str().as_bytes();
        assert!(digits.len() == 8 && digits.iter().all(u8::is_ascii_digit));
    }
    if let LastUpdate::Updated(dates) = LastUpdate::from_file(Some(input.to_vec())) {
        for date in [dates.start, dates.end].into_iter().flatten() {
            assert!(date.len() == 14 && date.bytes().all(|byte| byte.is_ascii_digit()));
        }
    }
    if let Ok(capabilities) = CardCapabilities::parse(input) {
        let _ = (
            capabilities.has_chaining(),
            capabilities.has_extended_length(),
        );
    }
    if let Ok(parameters) = FileControlParameters::parse(input) {
        assert!(parameters.name.is_none_or(|name| name.len() <= 16));
        assert!(parameters.short_identifier.is_none_or(|short| short < 32));
    }
    for reference in [1, 2] {
        if let Ok(counters) = PinCounters::parse(input, reference) {
            assert!(!(counters.is_blocked() && counters.left > 0 && counters.uses_left.is_none()));
        }
    }
    for number in 1..=PracticeSituation::MAX {
        if let Ok(situation) = PracticeSituation::parse(number, input) {
            assert_eq!(situation.number, number);
        }
    }
    for format in [
        pin_format(input).ok(),
        unblocking_code_format(input).ok().flatten(),
    ]
    .into_iter()
    .flatten()
    {
        assert!(format.minimum() <= format.maximum() && format.maximum() <= 16);
        assert!((1..=31).contains(&format.reference()));
    }
});
