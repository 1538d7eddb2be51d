//! Why the record is opened (table R248): normal care, break-glass, or a medical regulation centre. There is no other, and nobody
//! breaks the glass without saying why. The assertion has no place for the reason: it is shown, and kept by who asks and who
//! admits.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Purpose of use, by its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PurposeOfUse {
    /// `normal`.
    #[serde(rename = "normal")]
    Normal,
    /// `bris_de_glace`: the patient cannot consent and is at immediate risk.
    #[serde(rename = "bris_de_glace")]
    BreakGlass,
    /// `centre_15`: a medical regulation centre.
    #[serde(rename = "centre_15")]
    RegulationCentre,
}

impl PurposeOfUse {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::Normal, Self::BreakGlass, Self::RegulationCentre];

    /// The code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::BreakGlass => "bris_de_glace",
            Self::RegulationCentre => "centre_15",
        }
    }

    /// The official label, in French.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Normal => "Accès normal",
            Self::BreakGlass => "Accès en bris de glace",
            Self::RegulationCentre => "Accès par un centre de régulation médicale",
        }
    }

    /// The purpose of this exact code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.code() == code)
    }
}

/// A purpose with what it demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// `normal`.
    Normal,
    /// `bris_de_glace`, with the reason.
    BreakGlass(AccessReason),
    /// `centre_15`.
    RegulationCentre,
}

impl Access {
    /// The purpose.
    #[must_use]
    pub const fn purpose(&self) -> PurposeOfUse {
        match self {
            Self::Normal => PurposeOfUse::Normal,
            Self::BreakGlass(_) => PurposeOfUse::BreakGlass,
            Self::RegulationCentre => PurposeOfUse::RegulationCentre,
        }
    }

    /// The reason, of break-glass.
    #[must_use]
    pub const fn reason(&self) -> Option<&AccessReason> {
        match self {
            Self::BreakGlass(reason) => Some(reason),
            Self::Normal | Self::RegulationCentre => None,
        }
    }
}

/// Why the glass is broken, in the professional's words. It may name people: `Debug` shows its length only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccessReason(String);

/// Why a text is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a reason has {} to {} printable characters",
    AccessReason::MIN_CHARACTERS,
    AccessReason::MAX_CHARACTERS
)]
pub struct AccessReasonError;

impl AccessReason {
    /// Fewest characters: a dot is no reason.
    pub const MIN_CHARACTERS: usize = 5;
    /// Most characters.
    pub const MAX_CHARACTERS: usize = 500;

    /// A reason, without the white space around it.
    ///
    /// # Errors
    /// [`AccessReasonError`].
    pub fn new(text: &str) -> Result<Self, AccessReasonError> {
        let text = text.trim();
        let length = text.chars().count();
        let letters = text.chars().filter(|character| character.is_alphanumeric());
        if length > Self::MAX_CHARACTERS
            || text.chars().any(char::is_control)
            || letters.count() < Self::MIN_CHARACTERS
        {
            return Err(AccessReasonError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessReason({} characters)", self.0.chars().count())
    }
}

impl TryFrom<String> for AccessReason {
    type Error = AccessReasonError;

    fn try_from(text: String) -> Result<Self, AccessReasonError> {
        Self::new(&text)
    }
}

impl From<AccessReason> for String {
    fn from(reason: AccessReason) -> Self {
        reason.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{AccessReason, PurposeOfUse};

    #[test]
    fn a_reason_says_something() {
        for text in ["", " ", ".....", "1234", "a\u{7}bcdef", &"x".repeat(501)] {
            assert!(AccessReason::new(text).is_err(), "{text:?}");
        }
        let reason = AccessReason::new(" Patient inconscient ").unwrap();
        assert_eq!(reason.as_str(), "Patient inconscient");
        assert_eq!(format!("{reason:?}"), "AccessReason(19 characters)");
    }

    #[test]
    fn codes_are_the_three_of_the_table() {
        for purpose in PurposeOfUse::ALL {
            assert_eq!(PurposeOfUse::from_code(purpose.code()), Some(purpose));
        }
        for other in ["", "Normal", "bris de glace", "centre15"] {
            assert_eq!(PurposeOfUse::from_code(other), None);
        }
    }
}
