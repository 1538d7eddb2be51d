//! What a Vitale component's program answers: the first two bytes say where what the chip says of the same people begins.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::api::{BeneficiarySummary, NirSummary};
use paraphe_protocol::card::vitale2::beneficiaries;
use paraphe_protocol::vitale_component::{ComponentAnswer, complete_from_chip, parse};

fuzz_target!(|input: &[u8]| {
    let Some((split, rest)) = input.split_first_chunk::<2>() else {
        return;
    };
    let split = usize::from(u16::from_be_bytes(*split));
    let (answer, chip) = rest.split_at_checked(split).unwrap_or((rest, &[]));
    let Ok(ComponentAnswer::Read(mut reading)) = parse(answer) else {
        return;
    };
    check(&reading.beneficiaries);
    let on_chip: Vec<_> = beneficiaries(chip, Some(chip))
        .map(|data| data.beneficiaries)
        .unwrap_or_default()
        .into_iter()
        .zip(1..)
        .map(|(person, position)| BeneficiarySummary {
            position,
            nir: person.nir.as_ref().map(NirSummary::from),
            family_name: person.family_name,
            given_name: person.given_name,
            birth_date: person.birth_date,
            ..BeneficiarySummary::default()
        })
        .collect();
    let before = reading.beneficiaries.clone();
    complete_from_chip(&mut reading.beneficiaries, &on_chip);
    check(&reading.beneficiaries);
    for (person, before) in reading.beneficiaries.iter().zip(&before) {
        let is_marked = person.field_provenance.contains_key("nir");
        assert_eq!(
            person.nir != before.nir,
            is_marked,
            "a field without its provenance"
        );
    }
});

fn check(people: &[BeneficiarySummary]) {
    assert!((1..=20).contains(&people.len()));
    let holder = people.first().and_then(|holder| holder.nir.as_ref());
    for person in people {
        assert!(!person.family_name.is_empty() && person.address.len() <= 5);
        assert!(!person.family_name.chars().any(char::is_control));
        assert!(
            person.position == 1 || person.nir.is_none() || person.nir.as_ref() != holder,
            "the holder's number went to a dependant"
        );
    }
}
