//! What the private extensions of the profile say of the product: card family (table G02) and category (table G01).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Table G02, extension 1.2.250.1.71.1.2.2: the family of the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CardKind {
    /// 0: qualified health professional.
    Cps,
    /// 1: professional in training.
    Cpf,
    /// 2: staff of an establishment (and its head, CDE).
    Cpe,
    /// 3: authorised person (and head of structure, CDA).
    Cpa,
}

impl CardKind {
    /// The kind for a value of table G02.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Cps,
            1 => Self::Cpf,
            2 => Self::Cpe,
            3 => Self::Cpa,
            _ => return None,
        })
    }

    /// The value of table G02.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Cps => 0,
            Self::Cpf => 1,
            Self::Cpe => 2,
            Self::Cpa => 3,
        }
    }
}

impl std::fmt::Display for CardKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cps => "CPS",
            Self::Cpf => "CPF",
            Self::Cpe => "CPE",
            Self::Cpa => "CPA",
        })
    }
}

/// Table G01, extension 1.2.250.1.71.1.2.5: what holds the key, and whether it is for production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// `00`: card in production.
    Card,
    /// `02`: secure application module in production.
    SecureApplicationModule,
    /// `03`: software key in production.
    Software,
    /// `80`: test card.
    TestCard,
    /// `83`: test software key.
    TestSoftware,
    /// Any other value.
    Unknown(u8),
}

impl Category {
    /// The category for a value of table G01.
    #[must_use]
    pub const fn from_code(code: u8) -> Self {
        match code {
            0x00 => Self::Card,
            0x02 => Self::SecureApplicationModule,
            0x03 => Self::Software,
            0x80 => Self::TestCard,
            0x83 => Self::TestSoftware,
            other => Self::Unknown(other),
        }
    }

    /// The value of table G01.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Card => 0x00,
            Self::SecureApplicationModule => 0x02,
            Self::Software => 0x03,
            Self::TestCard => 0x80,
            Self::TestSoftware => 0x83,
            Self::Unknown(code) => code,
        }
    }

    /// Whether the product is for tests: the high half of the value is 8.
    #[must_use]
    pub const fn is_test(self) -> bool {
        self.code() >> 4 == 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_both_ways() {
        for code in 0..=u8::MAX {
            assert_eq!(Category::from_code(code).code(), code);
            assert_eq!(
                Category::from_code(code).is_test(),
                (0x80..=0x8f).contains(&code)
            );
            assert!(CardKind::from_code(code).is_none_or(|kind| kind.code() == code));
        }
        assert_eq!(CardKind::from_code(4), None);
    }
}
