//! What a Vitale 2 gives.

use paraphe_protocol::card::{CardModel, Vitale2, VitaleData};

use crate::reader::{Reader, shipped};

fn read(profile: &str) -> VitaleData {
    let mut reader = Reader::with(profile);
    let model = reader.model();
    Vitale2::open(&mut reader, model).unwrap().read().unwrap()
}

#[test]
fn every_profile_has_its_holder_first() {
    for name in shipped(CardModel::Vitale2) {
        let data = read(name);
        let holders: Vec<_> = data
            .beneficiaries
            .iter()
            .map(|person| person.is_holder)
            .collect();
        assert_eq!(holders.first(), Some(&true), "{name}");
        assert_eq!(
            holders.iter().filter(|is_holder| **is_holder).count(),
            1,
            "{name}"
        );
        assert!(
            data.beneficiaries
                .iter()
                .all(|person| !person.family_name.is_empty())
        );
    }
}

#[test]
fn a_family_keeps_its_lunar_date_and_each_its_own_number() {
    let data = read("vitale-family");
    let seen: Vec<_> = data
        .beneficiaries
        .iter()
        .map(|person| {
            (
                person.given_name.as_str(),
                person.birth_date.as_str(),
                person.nir.as_ref().map(ToString::to_string),
            )
        })
        .collect();
    let nir = |text: &str| Some(text.to_owned());
    assert_eq!(
        seen,
        [
            ("HONORÉ", "19780700", nir("178079999900861")),
            ("ALIX", "20130512", nir("213059999900365")),
            ("JEAN-NOËL", "20190823", None),
        ]
    );
    assert!(!format!("{data:?}").contains("178079999900861"));
}
