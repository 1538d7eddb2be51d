//! `vitale/read`: the beneficiaries of a Vitale card. What the chip gives without the licensed component is
//! convenience data that nobody vouches for, so every answer carries its provenance.

use serde::{Deserialize, Serialize};

use super::CardSummary;

/// Which Vitale card to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VitaleReadRequest {
    /// Exact PC/SC reader name; absent: the only Vitale card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
}

/// What the card says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VitaleReadResponse {
    /// Reader's PC/SC name.
    pub reader: String,
    /// The card itself.
    pub card: CardSummary,
    /// Where the data comes from.
    pub provenance: Provenance,
    /// Rights holder first, then dependants, in the card's order.
    pub beneficiaries: Vec<BeneficiarySummary>,
}

/// Where Vitale data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Provenance {
    /// Read from the chip's open files; nobody vouches for it.
    ChipUnverified,
}

/// One person on the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeneficiarySummary {
    /// Position on the card, from 1; 1 is the rights holder.
    pub position: u8,
    /// Family name as on the card.
    pub family_name: String,
    /// Given name as on the card.
    pub given_name: String,
    /// Birth date as on the card, AAAAMMJJ; month or day may be outside a calendar (lunar dates).
    pub birth_date: String,
    /// The person's own number; absent for a dependant who has none on the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nir: Option<NirSummary>,
    /// Legacy INS-C, 20 digits then key of 2, where the person's own number allows to compute it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ins_c: Option<String>,
}

/// A registration number (NIR).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NirSummary {
    /// 13 characters; `2A`/`2B` kept for Corsica.
    pub number: String,
    /// Two digits.
    pub key: String,
}
