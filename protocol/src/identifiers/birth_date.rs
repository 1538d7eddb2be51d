//! A birth date as the card or the teleservice gives it: text, never a calendar date.
//!
//! Vitale holds `AAAAMMJJ` or `AAMMJJ`; months of 13 and above or 00, and days of 00, are lunar or
//! unknown dates that must reach the record unchanged. Refused: anything that is not 6 or 8 digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Six (`AAMMJJ`) or eight (`AAAAMMJJ`) digits. `Debug` hides them.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BirthDate(String);

/// Why a text is not a birth date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a birth date is 6 digits (AAMMJJ) or 8 digits (AAAAMMJJ)")]
pub struct BirthDateError;

impl BirthDate {
    /// The digits as they came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `AAMMJJ`: what the INS-C algorithm takes.
    #[must_use]
    pub fn aammjj(&self) -> &str {
        self.0.get(self.0.len() - 6..).unwrap_or(&self.0)
    }

    /// `AAAAMMJJ`, where the century is known.
    #[must_use]
    pub fn aaaammjj(&self) -> Option<&str> {
        (self.0.len() == 8).then_some(self.0.as_str())
    }

    /// Whether month and day cannot be those of the civil calendar (lunar or unknown date).
    #[must_use]
    pub fn is_lunar(&self) -> bool {
        let number = |range| {
            self.aammjj()
                .get(range)
                .and_then(|text: &str| text.parse::<u8>().ok())
                .unwrap_or(0)
        };
        !(1..=12).contains(&number(2..4)) || !(1..=31).contains(&number(4..6))
    }
}

impl FromStr for BirthDate {
    type Err = BirthDateError;

    fn from_str(text: &str) -> Result<Self, BirthDateError> {
        if matches!(text.len(), 6 | 8) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BirthDateError)
        }
    }
}

impl TryFrom<String> for BirthDate {
    type Error = BirthDateError;

    fn try_from(text: String) -> Result<Self, BirthDateError> {
        text.parse()
    }
}

impl From<BirthDate> for String {
    fn from(date: BirthDate) -> Self {
        date.0
    }
}

impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthDate(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn both_lengths_are_kept_as_they_came() {
        let long: BirthDate = "19610217".parse().unwrap();
        assert_eq!(long.aammjj(), "610217");
        assert_eq!(long.aaaammjj(), Some("19610217"));
        let short: BirthDate = "610217".parse().unwrap();
        assert_eq!(short.aammjj(), "610217");
        assert_eq!(short.aaaammjj(), None);
        assert_eq!(short.to_string(), "610217");
    }

    #[test]
    fn lunar_dates_are_accepted_and_said_to_be() {
        for text in ["380300", "19381315", "410500", "20000001", "990099"] {
            assert!(text.parse::<BirthDate>().unwrap().is_lunar(), "{text}");
        }
        assert!(!"19610217".parse::<BirthDate>().unwrap().is_lunar());
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in ["", "1961021", "1961-02-17", "6102 7", "196102171", "١٢٣"] {
            assert_eq!(text.parse::<BirthDate>(), Err(BirthDateError), "{text}");
        }
    }
}
