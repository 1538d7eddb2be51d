//! Two sources put together: what a component left out and the chip has, person by person, each such field marked. Persons
//! are the same where names and birth date are the same in both and stand once in each; anyone else stays as the component
//! said. A number that is another person's in the component's answer is never taken.

use std::collections::BTreeMap;

use crate::api::{BeneficiarySummary, Provenance};

/// Takes from `chip` the own numbers (and what is computed from them) that `people` lack.
pub fn complete_from_chip(people: &mut [BeneficiarySummary], chip: &[BeneficiarySummary]) {
    let taken: Vec<_> = people.iter().filter_map(|one| one.nir.clone()).collect();
    for index in 0..people.len() {
        let Some(person) = people.get(index) else {
            return;
        };
        let same = |other: &&BeneficiarySummary| is_same(person, other);
        let mut on_chip = chip.iter().filter(same);
        let (Some(found), None) = (on_chip.next(), on_chip.next()) else {
            continue;
        };
        let stands_once = people.iter().filter(same).count() == 1;
        let Some(nir) = found.nir.clone().filter(|nir| !taken.contains(nir)) else {
            continue;
        };
        if !stands_once || person.nir.is_some() {
            continue;
        }
        let mut marks = BTreeMap::from([("nir".to_owned(), Provenance::ChipUnverified)]);
        if found.ins_c.is_some() {
            marks.insert("ins_c".to_owned(), Provenance::ChipUnverified);
        }
        if let Some(person) = people.get_mut(index) {
            person.nir = Some(nir);
            person.ins_c.clone_from(&found.ins_c);
            person.field_provenance.append(&mut marks);
        }
    }
}

/// The same person, as far as names and a complete birth date tell.
fn is_same(one: &BeneficiarySummary, other: &BeneficiarySummary) -> bool {
    !one.birth_date.is_empty()
        && one.birth_date == other.birth_date
        && one.family_name == other.family_name
        && one.given_name == other.given_name
}
