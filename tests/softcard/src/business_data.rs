//! Business data of a CPS3: CPS_ID_CARD, CPS_NAME_PS, CPS_LANG_PS, CPS_INFO_PS, CPS_ACTIVITY_nn_PS, and EF_ACTUA.
//!
//! One BER-TLV template each, with the tags that the issuer's own tool was seen to understand. The official layout is not
//! public: tags that nobody could confirm are left out, except the template of CPS_LANG_PS, which is our invention.
//! The speciality stays last in CPS_INFO_PS and the sector last in an activity, because published client code takes the
//! last four characters.

use crate::profile::{PracticeSituation, ProfessionalProfile, TextEncoding};
use crate::tlv::{encode, encode_constructed};

/// Issuer identification number of all CPS cards.
pub(crate) const ISSUER: [u8; 5] = [0x80, 0x25, 0x00, 0x00, 0x01];

/// CPS_ID_CARD: card number and issue date in BCD.
pub(crate) fn id_card(profile: &ProfessionalProfile) -> Vec<u8> {
    let issued: String = profile
        .issued
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    encode_constructed(
        0xE3,
        &[
            encode(0x80, &[0x00]),
            encode(0x81, &bcd(&profile.card_number)),
            encode(0x83, &bcd(&issued)),
        ],
    )
}

/// CPS_NAME_PS: the given name; an empty template on a card without names.
pub(crate) fn name(profile: &ProfessionalProfile) -> Vec<u8> {
    let given_name = profile
        .person
        .given_name
        .iter()
        .map(|name| encode(0x84, &text(profile, name)))
        .collect::<Vec<_>>();
    encode_constructed(0xE4, &given_name)
}

/// CPS_LANG_PS (template and tag are ours).
pub(crate) fn language(profile: &ProfessionalProfile) -> Vec<u8> {
    encode_constructed(0xE5, &[encode(0x80, profile.person.language.as_bytes())])
}

/// CPS_INFO_PS: card type, national identifier, profession, name, speciality.
pub(crate) fn professional(profile: &ProfessionalProfile) -> Vec<u8> {
    let person = &profile.person;
    let mut parts = vec![
        encode(0x80, &[person.card_kind.code(), 0x00]),
        encode(0x81, person.national_id.as_bytes()),
    ];
    parts.extend(person.profession.map(|code| encode(0x82, &[code])));
    parts.extend(
        person
            .profession_in_training
            .map(|code| encode(0x83, &[code])),
    );
    let name = person.family_name.as_ref().or(person.pseudonym.as_ref());
    parts.extend(name.map(|name| encode(0x84, &text(profile, name))));
    parts.extend(
        person
            .skills
            .first()
            .map(|skill| encode(0x85, skill.as_bytes())),
    );
    encode_constructed(0xED, &parts)
}

/// CPS_ACTIVITY_nn_PS: mode of practice, structure, sector.
pub(crate) fn activity(profile: &ProfessionalProfile, situation: &PracticeSituation) -> Vec<u8> {
    encode_constructed(
        0xEE,
        &[
            encode(0x80, &[situation.mode]),
            encode(0x84, &text(profile, &situation.structure_name)),
            encode(0x85, situation.structure_id.as_bytes()),
            encode(0x86, situation.sector.as_bytes()),
        ],
    )
}

/// EF_ACTUA of a card that was updated in the field: start and end of the update in BCD.
pub(crate) fn update_record() -> Vec<u8> {
    encode_constructed(
        0xEC,
        &[
            encode(0x81, &bcd("20260301100000")),
            encode(0x82, &bcd("20260301100130")),
        ],
    )
}

/// Value of EF.SN.ICC's tag 5A: issuer, serial digits, check digit, filler.
pub(crate) fn integrated_circuit_serial(serial: &str) -> Vec<u8> {
    let issuer: String = crate::hex::encode(&ISSUER);
    let check_digit = luhn_check_digit(&format!("{issuer}{serial}"));
    let mut value = ISSUER.to_vec();
    value.extend(bcd(&format!("{serial}{check_digit}")));
    value
}

/// Digits in BCD, the last half byte filled with F where their count is odd.
pub(crate) fn bcd(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|digit| digit - b'0')
        .collect();
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => high << 4 | low,
            [high] => high << 4 | 0x0F,
            _ => 0xFF,
        })
        .collect()
}

/// ISO/IEC 7812-1, annex B.
fn luhn_check_digit(digits: &str) -> u32 {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|digit| digit.to_digit(10))
        .enumerate()
        .map(|(position, digit)| match (position % 2, digit * 2) {
            (0, doubled @ 10..) => doubled - 9,
            (0, doubled) => doubled,
            _ => digit,
        })
        .sum();
    (10 - sum % 10) % 10
}

fn text(profile: &ProfessionalProfile, text: &str) -> Vec<u8> {
    match profile.quirks.text_encoding {
        TextEncoding::Utf8 => text.as_bytes().to_vec(),
        TextEncoding::Latin1 => latin1(text),
    }
}

/// ISO 8859-1, with `?` for what is outside it.
pub(crate) fn latin1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|character| u8::try_from(character).unwrap_or(b'?'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_that_of_a_real_card() {
        // EF.SN of a public trace ends in ... 99 21 38 45 0F.
        assert_eq!(
            integrated_circuit_serial("99213845"),
            [0x80, 0x25, 0x00, 0x00, 0x01, 0x99, 0x21, 0x38, 0x45, 0x0F]
        );
    }
}
