//! A patient's identity: INS and the strict traits that the INS referential makes mandatory.
//!
//! Strict traits: birth name, birth given names and the first of them, birth date, sex, birth place
//! (INSEE geographic code). Names follow the INSi lexical rule
//! `^[A-Z]+((-{1,2}|[' ])[A-Z]+)*$`, 100 characters at most. Refused: everything outside the rule;
//! [`InsiName::normalised`] turns a name as people write it into that form.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::ins_c::without_accent;
use super::{BirthDate, Ins};

/// A name in the INSi lexical form. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InsiName(String);

/// Administrative sex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sex {
    /// `F`.
    Female,
    /// `M`.
    Male,
    /// `UN`: neither is recorded.
    Undetermined,
}

/// INSEE code of the birth place: 5 characters, `2A`/`2B` for Corsica, `99…` abroad.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BirthPlace(String);

/// The traits that go with an INS, all of them or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrictTraits {
    /// Name at birth.
    pub birth_name: InsiName,
    /// All given names of the birth certificate, in order, separated by spaces.
    pub birth_given_names: InsiName,
    /// The first of them (it may hold a hyphen or a space itself).
    pub first_birth_given_name: InsiName,
    /// Birth date, `AAAAMMJJ`.
    pub birth_date: BirthDate,
    /// Administrative sex.
    pub sex: Sex,
    /// Birth place.
    pub birth_place: BirthPlace,
}

/// A patient: number and traits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatientIdentity {
    /// National health identity number.
    pub ins: Ins,
    /// Strict traits.
    pub traits: StrictTraits,
}

/// Why a text is not a trait of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Outside the INSi lexical rule, or longer than 100 characters.
    #[error(
        "an INSi name is 1 to 100 letters from A to Z, with single spaces, apostrophes or hyphens \
         between them"
    )]
    Name,
    /// Not an INSEE geographic code.
    #[error("a birth place is an INSEE code of 5 characters")]
    BirthPlace,
}

impl InsiName {
    /// Most characters in a name.
    pub const MAX_LENGTH: usize = 100;

    /// Turns a name as people write it into the INSi form: accents off, upper case, typographic
    /// apostrophes and dashes made plain, other characters read as one space.
    ///
    /// # Errors
    /// [`IdentityError::Name`] if no letter is left, or too many.
    pub fn normalised(name: &str) -> Result<Self, IdentityError> {
        let mut text = String::with_capacity(name.len());
        for character in name.chars() {
            let ends_with_letter = text.ends_with(|last: char| last.is_ascii_uppercase());
            match character {
                '\'' | '’' | '‘' | 'ʼ' if ends_with_letter => text.push('\''),
                '-' | '‐' | '‑' | '–' if ends_with_letter => text.push('-'),
                // A double hyphen separates the two names of a married couple's child.
                '-' if text.ends_with('-') && !text.ends_with("--") => text.push('-'),
                _ => match without_accent(character) {
                    Some(letters) => text.push_str(letters),
                    None if ends_with_letter => text.push(' '),
                    None => {}
                },
            }
        }
        text.trim_end_matches([' ', '\'', '-']).parse()
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for InsiName {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        if text.is_empty() || text.len() > Self::MAX_LENGTH {
            return Err(IdentityError::Name);
        }
        let mut separators = "";
        let mut start = true;
        for byte in text.bytes() {
            separators = match (byte, separators) {
                (b'A'..=b'Z', _) => "",
                (b'-', "") if !start => "-",
                (b'-', "-") => "--",
                (b'\'' | b' ', "") if !start => "' ",
                _ => return Err(IdentityError::Name),
            };
            start = false;
        }
        if separators.is_empty() {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdentityError::Name)
        }
    }
}

impl Sex {
    /// HL7 AdministrativeGender code (2.16.840.1.113883.5.1).
    #[must_use]
    pub fn hl7_code(self) -> &'static str {
        match self {
            Self::Female => "F",
            Self::Male => "M",
            Self::Undetermined => "UN",
        }
    }
}

impl BirthPlace {
    /// The five characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BirthPlace {
    type Err = IdentityError;

    fn from_str(text: &str) -> Result<Self, IdentityError> {
        match text.as_bytes() {
            [first, second, rest @ ..]
                if rest.len() == 3
                    && rest.iter().all(u8::is_ascii_digit)
                    && first.is_ascii_digit()
                    && (second.is_ascii_digit()
                        || (*first == b'2' && matches!(second, b'A' | b'B'))) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(IdentityError::BirthPlace),
        }
    }
}

impl TryFrom<String> for InsiName {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, IdentityError> {
        text.parse()
    }
}

impl From<InsiName> for String {
    fn from(name: InsiName) -> Self {
        name.0
    }
}

impl TryFrom<String> for BirthPlace {
    type Error = IdentityError;

    fn try_from(text: String) -> Result<Self, IdentityError> {
        text.parse()
    }
}

impl From<BirthPlace> for String {
    fn from(place: BirthPlace) -> Self {
        place.0
    }
}

impl fmt::Debug for InsiName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InsiName(***)")
    }
}

impl fmt::Debug for BirthPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthPlace(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn names_of_the_lexical_rule() {
        for name in [
            "A",
            "D'ARC",
            "DE LA TOUR",
            "DUPONT--DURAND",
            "JEAN-PIERRE MARIE",
        ] {
            assert_eq!(name.parse::<InsiName>().unwrap().as_str(), name);
        }
        for name in [
            "", " A", "A ", "A  B", "A---B", "A'-B", "-A", "A-", "a", "É", "A.B", "A' B", "A1",
        ] {
            assert_eq!(name.parse::<InsiName>(), Err(IdentityError::Name), "{name}");
        }
        assert!("A".repeat(101).parse::<InsiName>().is_err());
    }

    #[test]
    fn names_as_people_write_them() {
        for (written, expected) in [
            ("Noël", "NOEL"),
            ("  d’Arc ", "D'ARC"),
            ("Jean – Pierre", "JEAN PIERRE"),
            ("Dupont--Durand", "DUPONT--DURAND"),
            ("Lœuillet", "LOEUILLET"),
            ("de  la\tTour.", "DE LA TOUR"),
        ] {
            assert_eq!(InsiName::normalised(written).unwrap().as_str(), expected);
        }
        assert_eq!(InsiName::normalised("--'"), Err(IdentityError::Name));
    }

    #[test]
    fn birth_places() {
        for place in ["75056", "2A004", "2B033", "99351"] {
            assert!(place.parse::<BirthPlace>().is_ok(), "{place}");
        }
        for place in ["", "7505", "750561", "3A004", "2C004", "75O56", "é056"] {
            assert!(place.parse::<BirthPlace>().is_err(), "{place}");
        }
    }
}
