//! The NIR (numéro d'inscription au répertoire): 13 characters and a two-digit key.
//!
//! Shape: sex (1 digit), year (2), month (2), department (2 digits, or `2A`/`2B` for Corsica),
//! municipality (3), rank (3), key (2). The key is 97 minus the remainder of the 13 digits by 97,
//! with `2A` read as 19 and `2B` as 18. A first digit other than 1 or 2 marks a temporary number.
//! Refused: any other shape, a wrong key. Month and department values are not judged: the field
//! has lunar months and overseas departments.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A NIR with its key, checked. Prints in full with [`fmt::Display`], as `***` with `Debug`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nir {
    number: String,
    key: u8,
}

/// Whether a NIR is the definitive number of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NirKind {
    /// First digit 1 or 2.
    Permanent,
    /// Any other first digit: a waiting number (NIA) or a scheme's own.
    Temporary,
}

/// Why a text is not a NIR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NirError {
    /// Not 13 characters plus a key of 2.
    #[error("a NIR has 13 characters and a key of 2 digits, this text has {length} characters")]
    Length {
        /// Characters in the text given.
        length: usize,
    },
    /// A character that cannot stand there (only `2A` and `2B` are letters, as department).
    #[error("character {position} of the NIR cannot stand there")]
    Character {
        /// Position from 1.
        position: usize,
    },
    /// The key is not the one that the number implies.
    #[error("the key of the NIR does not match its number")]
    Key,
}

impl Nir {
    /// Reads the 13 characters and computes the key.
    ///
    /// # Errors
    /// [`NirError::Length`] or [`NirError::Character`].
    pub fn from_number(number: &str) -> Result<Self, NirError> {
        if number.len() != 13 {
            return Err(NirError::Length {
                length: number.chars().count(),
            });
        }
        let mut value = 0u64;
        let mut correction = 0u64;
        for (index, byte) in number.bytes().enumerate() {
            let digit = match byte {
                b'0' if index == 0 => return Err(NirError::Character { position: 1 }),
                b'0'..=b'9' => byte - b'0',
                // Reading 2A as 19 is the same as putting 0 for the letter and taking off one
                // million (six digits follow the department); 2B is 18, hence two.
                b'A' | b'B' if index == 6 && number.as_bytes().get(5) == Some(&b'2') => {
                    correction = if byte == b'A' { 1_000_000 } else { 2_000_000 };
                    0
                }
                _ => {
                    return Err(NirError::Character {
                        position: index + 1,
                    });
                }
            };
            value = value * 10 + u64::from(digit);
        }
        // In 1..=97, so it always fits.
        let key = u8::try_from(97 - (value - correction) % 97).unwrap_or(97);
        Ok(Self {
            number: number.to_owned(),
            key,
        })
    }

    /// Reads the 13 characters and the key of 2 digits, given apart.
    ///
    /// # Errors
    /// As [`Nir::from_number`], or [`NirError::Key`].
    pub fn from_number_and_key(number: &str, key: &str) -> Result<Self, NirError> {
        let nir = Self::from_number(number)?;
        if key.len() != 2 || !key.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NirError::Key);
        }
        if format!("{:02}", nir.key) == key {
            Ok(nir)
        } else {
            Err(NirError::Key)
        }
    }

    /// The 13 characters without the key.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The key, 1 to 97.
    #[must_use]
    pub fn key(&self) -> u8 {
        self.key
    }

    /// Definitive or temporary.
    #[must_use]
    pub fn kind(&self) -> NirKind {
        match self.number.as_bytes().first() {
            Some(b'1' | b'2') => NirKind::Permanent,
            _ => NirKind::Temporary,
        }
    }
}

impl FromStr for Nir {
    type Err = NirError;

    /// Reads 15 characters: number and key, no separator.
    fn from_str(text: &str) -> Result<Self, NirError> {
        match (text.get(..13), text.get(13..)) {
            (Some(number), Some(key)) if text.len() == 15 => Self::from_number_and_key(number, key),
            _ => Err(NirError::Length {
                length: text.chars().count(),
            }),
        }
    }
}

impl TryFrom<String> for Nir {
    type Error = NirError;

    fn try_from(text: String) -> Result<Self, NirError> {
        text.parse()
    }
}

impl From<Nir> for String {
    fn from(nir: Nir) -> Self {
        nir.to_string()
    }
}

impl fmt::Display for Nir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:02}", self.number, self.key)
    }
}

impl fmt::Debug for Nir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nir(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn keys_of_corsica() {
        assert_eq!(Nir::from_number("297022A020778").unwrap().key(), 78);
        assert_eq!(Nir::from_number("180032B020401").unwrap().key(), 23);
    }

    #[test]
    fn keys_of_the_published_test_set() {
        for text in [
            "161027575428992",
            "123111106268933",
            "285072B50202465",
            "265112A57131579",
            "138039010402728",
            "141052781327182",
            "193016360245030",
            "241089579308597",
            "206026800020720",
            "225120226368337",
        ] {
            let nir: Nir = text.parse().unwrap();
            assert_eq!(nir.to_string(), text);
            assert_eq!(nir.kind(), NirKind::Permanent);
        }
    }

    #[test]
    fn every_other_key_is_refused() {
        for key in 0..100 {
            let text = format!("1610275754289{key:02}");
            assert_eq!(text.parse::<Nir>().is_ok(), key == 92, "{text}");
        }
    }

    #[test]
    fn shapes_that_are_refused() {
        for (text, error) in [
            ("", NirError::Length { length: 0 }),
            ("16102757542899", NirError::Length { length: 14 }),
            ("1610275754289921", NirError::Length { length: 16 }),
            ("éé0275754289", NirError::Length { length: 12 }),
            ("061027575428992", NirError::Character { position: 1 }),
            ("1610A7575428992", NirError::Character { position: 5 }),
            ("161023A75428992", NirError::Key),
            ("161021A75428992", NirError::Key),
            ("16102757542899A", NirError::Key),
            ("1610275754289+2", NirError::Key),
            ("161022C75428992", NirError::Character { position: 7 }),
            ("161022a75428992", NirError::Character { position: 7 }),
        ] {
            let found = text.parse::<Nir>();
            match (error, found) {
                (NirError::Key, Err(_)) => {}
                (expected, found) => assert_eq!(found, Err(expected), "{text}"),
            }
        }
    }

    #[test]
    fn temporary_numbers_are_told_apart() {
        let nir = Nir::from_number("7610275754289").unwrap();
        assert_eq!(nir.kind(), NirKind::Temporary);
    }

    #[test]
    fn debug_does_not_show_the_number() {
        let nir = Nir::from_number("1610275754289").unwrap();
        assert_eq!(format!("{nir:?}"), "Nir(***)");
    }

    #[test]
    fn json_is_the_fifteen_characters_and_is_checked() {
        let nir: Nir = serde_json::from_str("\"285072B50202465\"").unwrap();
        assert_eq!(serde_json::to_string(&nir).unwrap(), "\"285072B50202465\"");
        assert!(serde_json::from_str::<Nir>("\"285072B50202466\"").is_err());
    }
}
