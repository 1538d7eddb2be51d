//! The fields of a Vitale 1 or 1 bis profile: the answer to reset, and nothing that could be read.

use serde::Deserialize;

use crate::scenario::Scenario;

use super::{ProfileError, Timing, is_digits, require};

/// A patient's card of the first generation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vitale1Profile {
    /// One line for lists.
    pub description: String,
    /// 12 digits, for lists and control lines; the card does not tell them.
    pub serial: String,
    /// Answer to reset in hexadecimal, one of the seven known ones.
    #[serde(default = "default_atr")]
    pub atr: String,
    /// Delays.
    #[serde(default)]
    pub timing: Timing,
    /// Scripted faults.
    pub scenario: Option<Scenario>,
}

fn default_atr() -> String {
    "3F6525002C09699000".to_owned()
}

/// The answers to reset of known cards. Which are of Vitale 1 and which of 1 bis is not public.
const ATRS: [&str; 7] = [
    "3F6525002209F99000",
    "3F6525002209699000",
    "3F6525002C09F99000",
    "3F6525002C09699000",
    "3F65250052096A9000",
    "3F652500A3096A9000",
    "3F652500A4096A9000",
];

impl Vitale1Profile {
    pub(super) fn check(&self) -> Result<(), ProfileError> {
        require(is_digits(&self.serial, 12), "serial", "12 digits")?;
        require(
            self.known_atr().is_some(),
            "atr",
            "one of the seven answers to reset of Vitale 1 and 1 bis, in hexadecimal",
        )
    }

    /// The answer to reset, where it is a known one.
    pub(crate) fn known_atr(&self) -> Option<Vec<u8>> {
        let atr = crate::hex::decode(&self.atr)?;
        ATRS.iter()
            .any(|known| crate::hex::decode(known).as_ref() == Some(&atr))
            .then_some(atr)
    }
}
