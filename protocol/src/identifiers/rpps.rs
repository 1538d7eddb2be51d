//! RPPS: the number of a health professional in the shared directory, 11 digits.
//!
//! The last digit is a Luhn check; published test data does not always respect it, so it is a
//! warning. Refused: any other length, any character that is not a digit.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::CheckDigit;

/// Eleven digits, without the type digit `8` of the national identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rpps(String);

/// Why a text is not an RPPS number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an RPPS number is 11 digits")]
pub struct RppsError;

impl Rpps {
    /// The eleven digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the check digit says; warn, do not refuse.
    #[must_use]
    pub fn check_digit(&self) -> CheckDigit {
        CheckDigit::luhn(&self.0)
    }
}

impl FromStr for Rpps {
    type Err = RppsError;

    fn from_str(text: &str) -> Result<Self, RppsError> {
        if text.len() == 11 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RppsError)
        }
    }
}

impl TryFrom<String> for Rpps {
    type Error = RppsError;

    fn try_from(text: String) -> Result<Self, RppsError> {
        text.parse()
    }
}

impl From<Rpps> for String {
    fn from(rpps: Rpps) -> Self {
        rpps.0
    }
}

impl fmt::Display for Rpps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn check_digit_is_a_warning() {
        let good: Rpps = "99900063480".parse().unwrap();
        assert_eq!(good.check_digit(), CheckDigit::Valid);
        let invented: Rpps = "99900063481".parse().unwrap();
        assert_eq!(invented.check_digit(), CheckDigit::Invalid);
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in ["", "9990006348", "899900063480", "9990006348A"] {
            assert_eq!(text.parse::<Rpps>(), Err(RppsError), "{text}");
        }
    }
}
