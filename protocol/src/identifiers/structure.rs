//! Struct_IdNat: the national identifier of a care structure, a type digit (table G07) and a value.
//!
//! `1` FINESS, `2` SIREN, `3` SIRET, `4` RPPS practice (RPPS and a rank of 3 digits), `0` ADELI
//! practice. Refused: other type digits, wrong lengths, characters outside digits and, for a test
//! FINESS, upper-case letters. Check digits are a warning.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::CheckDigit;

/// A structure identifier, for example `10B0127189` or `339172288100052`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StructureId {
    kind: StructureIdKind,
    value: String,
}

/// Table G07: who numbers the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StructureIdKind {
    /// `0`: ADELI number of a practice, 9 to 14 digits.
    AdeliPractice,
    /// `1`: FINESS, 9 characters.
    Finess,
    /// `2`: SIREN, 9 digits.
    Siren,
    /// `3`: SIRET, 14 digits.
    Siret,
    /// `4`: RPPS number and rank of the practice, 14 digits.
    RppsPractice,
}

/// Why a text is not a structure identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StructureIdError {
    /// The first character is not a type digit of table G07.
    #[error("a structure identifier begins with a type digit from 0 to 4")]
    Kind,
    /// The value has not the length or the characters of its type.
    #[error("the value of this structure identifier does not have the shape of a {kind:?} number")]
    Value {
        /// The type that the first digit announced.
        kind: StructureIdKind,
    },
}

impl StructureIdKind {
    /// The type digit of table G07.
    #[must_use]
    pub fn digit(self) -> char {
        match self {
            Self::AdeliPractice => '0',
            Self::Finess => '1',
            Self::Siren => '2',
            Self::Siret => '3',
            Self::RppsPractice => '4',
        }
    }
}

impl StructureId {
    /// Table G07 assigning authority of structure identifiers, used in CDA and metadata.
    pub const OID: &'static str = "1.2.250.1.71.4.2.2";

    /// Who numbers the structure.
    #[must_use]
    pub fn kind(&self) -> StructureIdKind {
        self.kind
    }

    /// The number without the type digit.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What the check digit says, for the numbers that carry one; warn, do not refuse.
    #[must_use]
    pub fn check_digit(&self) -> CheckDigit {
        match self.kind {
            StructureIdKind::Finess | StructureIdKind::Siren | StructureIdKind::Siret => {
                CheckDigit::luhn(&self.value)
            }
            StructureIdKind::AdeliPractice | StructureIdKind::RppsPractice => {
                CheckDigit::NotApplicable
            }
        }
    }
}

impl FromStr for StructureId {
    type Err = StructureIdError;

    fn from_str(text: &str) -> Result<Self, StructureIdError> {
        let kind = match text.as_bytes().first() {
            Some(b'0') => StructureIdKind::AdeliPractice,
            Some(b'1') => StructureIdKind::Finess,
            Some(b'2') => StructureIdKind::Siren,
            Some(b'3') => StructureIdKind::Siret,
            Some(b'4') => StructureIdKind::RppsPractice,
            _ => return Err(StructureIdError::Kind),
        };
        let value = text.get(1..).unwrap_or_default();
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let fits = match kind {
            StructureIdKind::AdeliPractice => digits && (9..=14).contains(&value.len()),
            StructureIdKind::Finess => {
                value.len() == 9
                    && value
                        .bytes()
                        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            }
            StructureIdKind::Siren => digits && value.len() == 9,
            StructureIdKind::Siret | StructureIdKind::RppsPractice => digits && value.len() == 14,
        };
        if fits {
            Ok(Self {
                kind,
                value: value.to_owned(),
            })
        } else {
            Err(StructureIdError::Value { kind })
        }
    }
}

impl TryFrom<String> for StructureId {
    type Error = StructureIdError;

    fn try_from(text: String) -> Result<Self, StructureIdError> {
        text.parse()
    }
}

impl From<StructureId> for String {
    fn from(structure: StructureId) -> Self {
        structure.to_string()
    }
}

impl fmt::Display for StructureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.kind.digit(), self.value)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn published_structures() {
        for (text, kind, check) in [
            (
                "10B0127189",
                StructureIdKind::Finess,
                CheckDigit::NotApplicable,
            ),
            ("339172288100052", StructureIdKind::Siret, CheckDigit::Valid),
            ("2187512751", StructureIdKind::Siren, CheckDigit::Valid),
            (
                "499900063480001",
                StructureIdKind::RppsPractice,
                CheckDigit::NotApplicable,
            ),
        ] {
            let structure: StructureId = text.parse().unwrap();
            assert_eq!(structure.kind(), kind);
            assert_eq!(structure.check_digit(), check, "{text}");
            assert_eq!(structure.to_string(), text);
        }
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in ["", "5123456789", "x", "é"] {
            assert_eq!(text.parse::<StructureId>(), Err(StructureIdError::Kind));
        }
        for text in [
            "1",
            "10b0127189",
            "218751275",
            "21875127511",
            "3917228810005",
            "4é",
        ] {
            assert!(matches!(
                text.parse::<StructureId>(),
                Err(StructureIdError::Value { .. })
            ));
        }
    }
}
