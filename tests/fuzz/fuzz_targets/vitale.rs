//! The record files of a Vitale 2: the first two bytes say where the second file begins.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::card::vitale2::beneficiaries;

fuzz_target!(|input: &[u8]| {
    let Some((split, rest)) = input.split_first_chunk::<2>() else {
        return;
    };
    let split = usize::from(u16::from_be_bytes(*split));
    let (identities, numbers) = rest
        .split_at_checked(split)
        .map_or((rest, None), |(a, b)| (a, Some(b)));
    if let Ok(data) = beneficiaries(identities, numbers) {
        assert!((1..=20).contains(&data.beneficiaries.len()));
        let holder = data
            .beneficiaries
            .first()
            .and_then(|holder| holder.nir.clone());
        for dependant in data.beneficiaries.iter().skip(1) {
            assert!(!dependant.is_holder);
            assert!(
                dependant.nir.is_none() || dependant.nir != holder,
                "the holder's number went to a dependant"
            );
        }
    }
});
