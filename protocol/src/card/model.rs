//! Which card this is, by its answer to reset and nothing else: the exact values of the table,
//! never the slot and never a mask. A value that only a family mask accepts is a named *unknown
//! revision*, which drivers read and never give a PIN; everything else, the look-alikes of other
//! issuers included, is unknown. Recognising is not trusting: a driver goes on to check what is on
//! the card.

use std::fmt;

use serde::{Serialize, Serializer};

use super::atr::Atr;

/// A kind of card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CardModel {
    /// CPS3, contacts, T=0.
    Cps3,
    /// CPS3, contactless face: no PIN, a technical key only.
    Cps3Contactless,
    /// CPS4, contacts.
    Cps4,
    /// A card of the CPS family with contacts, of a revision not in the table.
    CpsUnknownRevision,
    /// A contactless card of the CPS family, of a revision not in the table.
    CpsContactlessUnknownRevision,
    /// Vitale 2.
    Vitale2,
    /// A card of the Vitale 2 family, of a revision not in the table.
    Vitale2UnknownRevision,
    /// Vitale 1 or 1 bis: recognised, and readable only through the official component.
    Vitale1,
    /// Not a health card that this program knows.
    Unknown,
}

const CPS3: [u8; 17] = [
    0x3B, 0xAC, 0, 0x40, 0x2A, 0, 0x12, 0x25, 0, 0x64, 0x80, 0, 0x03, 0x10, 0, 0x90, 0,
];
const CPS3_CONTACTLESS: [u8; 20] = [
    0x3B, 0x8F, 0x80, 0x01, 0, 0x31, 0xB8, 0x64, 0x04, 0xB0, 0xEC, 0xC1, 0x73, 0x94, 0x01, 0x80,
    0x82, 0x90, 0, 0x0E,
];
const CPS4: [u8; 17] = [
    0x3B, 0x9B, 0x18, 0x80, 0x01, 0, 0x12, 0x25, 0, 0x64, 0x80, 0x04, 0x01, 0, 0, 0x90, 0x44,
];
const CPS4_RC: [u8; 17] = [
    0x3B, 0x9B, 0x18, 0x80, 0x01, 0, 0x12, 0x25, 0, 0x64, 0x80, 0, 0x04, 0x01, 0, 0x90, 0x44,
];
const CPS4_T0: [u8; 17] = [
    0x3B, 0xDC, 0x18, 0xFF, 0, 0, 0x12, 0x25, 0, 0x64, 0x80, 0, 0x04, 0x01, 0, 0x90, 0,
];

/// Exact values. Vitale values are listed apart: they differ in one or two bytes.
const EXACT: [(&[u8], CardModel); 5] = [
    (&CPS3, CardModel::Cps3),
    (&CPS3_CONTACTLESS, CardModel::Cps3Contactless),
    (&CPS4, CardModel::Cps4),
    (&CPS4_RC, CardModel::Cps4),
    (&CPS4_T0, CardModel::Cps4),
];

const CPS_MASK: [u8; 17] = [
    0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0xFF, 0xFF, 0xFF,
];
const CPS_CONTACTLESS_MASK: [u8; 20] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0xFF, 0xC0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xFF, 0xFF, 0xFF,
];
const VITALE2: [u8; 10] = [0x3B, 0x75, 0x13, 0, 0, 0x40, 0x09, 0xEA, 0x90, 0];
const VITALE2_MASK: [u8; 10] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xF0, 0xFF, 0xEF, 0xFF, 0xFF];
/// Byte 5 and byte 7 of the Vitale 2 cards that public lists name.
const VITALE2_REVISIONS: [(u8, u8); 10] = [
    (0x43, 0xEA),
    (0x44, 0xEA),
    (0x45, 0xEA),
    (0x46, 0xEA),
    (0x47, 0xEA),
    (0x48, 0xEA),
    (0x49, 0xEA),
    (0x4B, 0xEA),
    (0x4C, 0xEA),
    (0x45, 0xFA),
];
const VITALE1_PREFIX: [u8; 4] = [0x3F, 0x65, 0x25, 0x00];
/// What follows the prefix on a Vitale 1. The prefix alone is any Bull CP8 card: bank, parking,
/// television.
const VITALE1_ENDINGS: [[u8; 5]; 7] = [
    [0x22, 0x09, 0xF9, 0x90, 0],
    [0x22, 0x09, 0x69, 0x90, 0],
    [0x2C, 0x09, 0xF9, 0x90, 0],
    [0x2C, 0x09, 0x69, 0x90, 0],
    [0x52, 0x09, 0x6A, 0x90, 0],
    [0xA3, 0x09, 0x6A, 0x90, 0],
    [0xA4, 0x09, 0x6A, 0x90, 0],
];

impl CardModel {
    /// The kind of card that answers `atr`.
    #[must_use]
    pub fn identify(atr: &Atr) -> Self {
        let bytes = atr.as_bytes();
        if let Some((_, model)) = EXACT.iter().find(|(exact, _)| *exact == bytes) {
            *model
        } else if matches(bytes, &VITALE2, &VITALE2_MASK) {
            let revision = bytes.get(5).copied().zip(bytes.get(7).copied());
            let known = revision.is_some_and(|revision| VITALE2_REVISIONS.contains(&revision));
            if known {
                Self::Vitale2
            } else {
                Self::Vitale2UnknownRevision
            }
        } else if bytes
            .strip_prefix(&VITALE1_PREFIX)
            .is_some_and(|end| VITALE1_ENDINGS.iter().any(|known| known == end))
        {
            Self::Vitale1
        } else if matches(bytes, &CPS3, &CPS_MASK) {
            Self::CpsUnknownRevision
        } else if matches(bytes, &CPS3_CONTACTLESS, &CPS_CONTACTLESS_MASK) {
            Self::CpsContactlessUnknownRevision
        } else {
            Self::Unknown
        }
    }

    /// Every model, for tables.
    pub const ALL: [Self; 9] = [
        Self::Cps3,
        Self::Cps3Contactless,
        Self::Cps4,
        Self::CpsUnknownRevision,
        Self::CpsContactlessUnknownRevision,
        Self::Vitale2,
        Self::Vitale2UnknownRevision,
        Self::Vitale1,
        Self::Unknown,
    ];

    /// The name in the API and in what is serialized.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cps3 => "cps3",
            Self::Cps3Contactless => "cps3-contactless",
            Self::Cps4 => "cps4",
            Self::CpsUnknownRevision => "cps-unknown-revision",
            Self::CpsContactlessUnknownRevision => "cps-contactless-unknown-revision",
            Self::Vitale2 => "vitale2",
            Self::Vitale2UnknownRevision => "vitale2-unknown-revision",
            Self::Vitale1 => "vitale1",
            Self::Unknown => "unknown",
        }
    }

    /// Whether this is a professional's card, whatever this program can do with it.
    #[must_use]
    pub fn is_professional(self) -> bool {
        matches!(
            self,
            Self::Cps3
                | Self::Cps3Contactless
                | Self::Cps4
                | Self::CpsUnknownRevision
                | Self::CpsContactlessUnknownRevision
        )
    }

    /// Whether this is a patient's card, whatever this program can do with it.
    #[must_use]
    pub fn is_vitale(self) -> bool {
        matches!(
            self,
            Self::Vitale2 | Self::Vitale2UnknownRevision | Self::Vitale1
        )
    }
}

/// The name in the API.
impl Serialize for CardModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for CardModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cps3 => "CPS3",
            Self::Cps3Contactless => "CPS3 contactless",
            Self::Cps4 => "CPS4",
            Self::CpsUnknownRevision => "CPS card of an unknown revision",
            Self::CpsContactlessUnknownRevision => "contactless CPS card of an unknown revision",
            Self::Vitale2 => "Vitale 2",
            Self::Vitale2UnknownRevision => "Vitale 2 card of an unknown revision",
            Self::Vitale1 => "Vitale 1",
            Self::Unknown => "unknown card",
        })
    }
}

fn matches(bytes: &[u8], value: &[u8], mask: &[u8]) -> bool {
    bytes.len() == value.len()
        && bytes
            .iter()
            .zip(value)
            .zip(mask)
            .all(|((byte, value), mask)| byte & mask == value & mask)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::CardModel;
    use crate::card::atr::Atr;

    fn identify(hex: &str) -> CardModel {
        let digits: Vec<u8> = hex
            .chars()
            .filter_map(|c| c.to_digit(16))
            .map(|d| u8::try_from(d).unwrap())
            .collect();
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect();
        CardModel::identify(&Atr::from_bytes(&bytes).unwrap())
    }

    #[test]
    fn exact_values_are_known() {
        for (atr, model) in [
            ("3BAC00402A001225006480000310009000", CardModel::Cps3),
            (
                "3B8F80010031B86404B0ECC1739401808290000E",
                CardModel::Cps3Contactless,
            ),
            ("3B9B188001001225006480040100009044", CardModel::Cps4),
            ("3B9B188001001225006480000401009044", CardModel::Cps4),
            ("3BDC18FF00001225006480000401009000", CardModel::Cps4),
            ("3B751300004409EA9000", CardModel::Vitale2),
            ("3B751300004509FA9000", CardModel::Vitale2),
            ("3F6525002C09699000", CardModel::Vitale1),
            ("3F652500A4096A9000", CardModel::Vitale1),
        ] {
            assert_eq!(identify(atr), model, "{atr}");
        }
    }

    #[test]
    fn every_vitale_1_of_the_list_and_no_other_is_one() {
        for ending in [
            "2209F99000",
            "2209699000",
            "2C09F99000",
            "2C09699000",
            "52096A9000",
            "A3096A9000",
            "A4096A9000",
        ] {
            let atr = format!("3F652500{ending}");
            assert_eq!(identify(&atr), CardModel::Vitale1, "{atr}");
            let longer = format!("{atr}00");
            assert_eq!(identify(&longer), CardModel::Unknown, "{longer}");
        }
        // A bank's and a car park's cards of the same make.
        for other in ["3F6525082204689000", "3F65250052096A9001"] {
            assert_eq!(identify(other), CardModel::Unknown, "{other}");
        }
    }

    #[test]
    fn names_are_the_api_s_and_tell_the_models_apart() {
        let names: std::collections::BTreeSet<_> =
            CardModel::ALL.iter().map(|model| model.name()).collect();
        assert_eq!(names.len(), CardModel::ALL.len());
        assert_eq!(
            serde_json::to_string(&CardModel::Cps3Contactless).unwrap(),
            "\"cps3-contactless\""
        );
        assert_eq!(CardModel::Vitale1.name(), "vitale1");
    }

    #[test]
    fn a_family_is_not_a_card() {
        assert_eq!(
            identify("3BAC00402A001225006480820212009000"),
            CardModel::CpsUnknownRevision
        );
        assert_eq!(
            identify("3BAC00402A001225006480000311009000"),
            CardModel::CpsUnknownRevision
        );
        assert_eq!(
            identify("3B8F80010031B8640411ECC1739401808290000E"),
            CardModel::CpsContactlessUnknownRevision
        );
        assert_eq!(
            identify("3B751300004A09EA9000"),
            CardModel::Vitale2UnknownRevision
        );
        assert_eq!(
            identify("3B751300004409FA9000"),
            CardModel::Vitale2UnknownRevision
        );
        assert_eq!(
            CardModel::CpsUnknownRevision.to_string(),
            "CPS card of an unknown revision"
        );
    }

    #[test]
    fn look_alikes_are_unknown() {
        for atr in [
            "3BDF96008031FE450031B864041FECC1739401808290000E",
            "3B7F1800000031B8645023ECC173940180829000",
            "3B8F80010031B86404B0ECC173940180FFFFFFE3",
            "2B8F80010031B86404B0ECC1739401808290000E",
            "3F6525000009699000",
            "3BAC00402A00122500648000031000",
            "3BAC00402A00122500648000031000900000",
        ] {
            assert_eq!(identify(atr), CardModel::Unknown, "{atr}");
        }
    }
}
