//! INS-C: the legacy patient identifier of 22 digits computed from the Vitale card.
//!
//! Algorithm as the official test set of 14 369 rows shows it: SHA-256 over given name (10), birth
//! date (6) and NIR (13) in ASCII, first 8 bytes as a decimal of 20 digits, key 97 minus the
//! remainder by 97. Dead for new integrations; computed only to find old records. Refused:
//! temporary NIRs. The caller answers for the NIR being the beneficiary's own and not the insured
//! person's.

use std::fmt;

use serde::Serialize;

use super::{BirthDate, Nir, NirKind};
use crate::digest::Sha256Digest;

/// An INS-C: 20 digits and a key of 2.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct InsC {
    number: u64,
    key: u8,
}

/// Why no INS-C can be computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InsCError {
    /// The NIR is a temporary one.
    #[error("no INS-C can be computed from a temporary NIR")]
    TemporaryNir,
    /// Nothing of the given name is left once accents and separators are taken off.
    #[error("the given name holds no letter from A to Z")]
    GivenName,
}

impl InsC {
    /// Computes the INS-C of the person whose own NIR this is. An absent birth date counts as
    /// `000000`.
    ///
    /// # Errors
    /// [`InsCError`].
    pub fn compute(
        given_name: &str,
        birth_date: Option<&BirthDate>,
        nir: &Nir,
    ) -> Result<Self, InsCError> {
        if nir.kind() == NirKind::Temporary {
            return Err(InsCError::TemporaryNir);
        }
        let letters = ascii_letters(given_name);
        if letters.is_empty() {
            return Err(InsCError::GivenName);
        }
        let message = format!(
            "{letters:<10.10}{}{}",
            birth_date.map_or("000000", BirthDate::aammjj),
            nir.number()
        );
        let digest = Sha256Digest::of(message.as_bytes());
        let number = digest
            .as_bytes()
            .iter()
            .take(8)
            .fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        let key = u8::try_from(97 - number % 97).unwrap_or(97);
        Ok(Self { number, key })
    }

    /// The key, 1 to 97.
    #[must_use]
    pub fn key(&self) -> u8 {
        self.key
    }
}

/// The letters A to Z of a name: accents taken off, upper case, all the rest deleted.
pub(super) fn ascii_letters(name: &str) -> String {
    let mut letters = String::with_capacity(name.len());
    for character in name.chars() {
        letters.push_str(without_accent(character).unwrap_or_default());
    }
    letters
}

/// The upper-case letters A to Z that a Latin letter reads as, or none. Covers Latin-1 and Latin
/// Extended-A, what French civil status and the cards' character sets hold.
pub(super) fn without_accent(character: char) -> Option<&'static str> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if character.is_ascii_alphabetic() {
        let index = usize::from(u8::try_from(character.to_ascii_uppercase()).ok()? - b'A');
        return ALPHABET.get(index..=index);
    }
    Some(match character {
        'À'..='Å' | 'à'..='å' | 'Ā'..='ą' => "A",
        'Æ' | 'æ' => "AE",
        'Ç' | 'ç' | 'Ć'..='č' => "C",
        'Ď'..='đ' => "D",
        'È'..='Ë' | 'è'..='ë' | 'Ē'..='ě' => "E",
        'Ĝ'..='ģ' => "G",
        'Ĥ'..='ħ' => "H",
        'Ì'..='Ï' | 'ì'..='ï' | 'Ĩ'..='ı' => "I",
        'Ĵ' | 'ĵ' => "J",
        'Ķ' | 'ķ' => "K",
        'Ĺ'..='ł' => "L",
        'Ñ' | 'ñ' | 'Ń'..='ň' => "N",
        'Ò'..='Ö' | 'Ø' | 'ò'..='ö' | 'ø' | 'Ō'..='ő' => "O",
        'Œ' | 'œ' => "OE",
        'Ŕ'..='ř' => "R",
        'Ś'..='š' => "S",
        'ß' => "SS",
        'Ţ'..='ŧ' => "T",
        'Ù'..='Ü' | 'ù'..='ü' | 'Ũ'..='ų' => "U",
        'Ŵ' | 'ŵ' => "W",
        'Ý' | 'ý' | 'ÿ' | 'Ŷ'..='Ÿ' => "Y",
        'Ź'..='ž' => "Z",
        _ => return None,
    })
}

impl From<InsC> for String {
    fn from(ins_c: InsC) -> Self {
        ins_c.to_string()
    }
}

impl fmt::Display for InsC {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:020}{:02}", self.number, self.key)
    }
}

impl fmt::Debug for InsC {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InsC(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn compute(given_name: &str, date: &str, nir: &str) -> Result<String, InsCError> {
        let date: BirthDate = date.parse().unwrap();
        InsC::compute(given_name, Some(&date), &nir.parse().unwrap()).map(|ins| ins.to_string())
    }

    #[test]
    fn published_vectors() {
        for (given_name, date, nir, expected) in [
            (
                "PHILIPPE",
                "610217",
                "161027575428992",
                "0833910461279517589858",
            ),
            (
                "JEAN PIERRE",
                "231119",
                "123111106268933",
                "0811308851593128988470",
            ),
            (
                "DAVID",
                "850717",
                "285072B50202465",
                "1687776243550221336383",
            ),
            (
                "MARIE ODILE",
                "651112",
                "265112A57131579",
                "0941155967950413759315",
            ),
            (
                "FRANCK",
                "380300",
                "138039010402728",
                "1215965973479473546018",
            ),
            (
                "ZOLTAN",
                "410500",
                "141052781327182",
                "1321113683470434168526",
            ),
            (
                "GISELE",
                "930100",
                "193016360245030",
                "0003796122871228062334",
            ),
            (
                "JEAN FRANCOIS",
                "410828",
                "241089579308597",
                "0509920091384490849154",
            ),
            (
                "JEAN MICHEL",
                "060227",
                "206026800020720",
                "1243474338158652680797",
            ),
            (
                "ALINE",
                "251224",
                "225120226368337",
                "0002150957680422124234",
            ),
        ] {
            assert_eq!(compute(given_name, date, nir).unwrap(), expected);
        }
    }

    #[test]
    fn accents_case_separators_and_century_do_not_matter() {
        let expected = compute("JEAN FRANCOIS", "410828", "241089579308597").unwrap();
        for name in ["Jean-François", "jean françois", "JEAN'FRANÇOIS "] {
            assert_eq!(
                compute(name, "19410828", "241089579308597").unwrap(),
                expected
            );
        }
    }

    #[test]
    fn an_absent_date_is_zeros() {
        let nir: Nir = "241089579308597".parse().unwrap();
        let absent = InsC::compute("ALINE", None, &nir).unwrap().to_string();
        assert_eq!(compute("ALINE", "000000", "241089579308597"), Ok(absent));
    }

    #[test]
    fn refusals() {
        let temporary = Nir::from_number("7610275754289").unwrap();
        assert_eq!(
            InsC::compute("ALINE", None, &temporary),
            Err(InsCError::TemporaryNir)
        );
        assert_eq!(
            compute("- '", "410828", "241089579308597"),
            Err(InsCError::GivenName)
        );
    }
}
