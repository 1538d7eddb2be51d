//! `vitale/read`: the beneficiaries of a Vitale card. What the chip gives without the licensed component is
//! convenience data that nobody vouches for, so every answer carries its provenance, and every field whose provenance is
//! another one. Fields beyond the chip's are those of the official reading component's output, all of them optional.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CardSummary;

/// The name of the chip among the sources of Vitale data.
pub const CHIP_SOURCE: &str = "chip";

/// Which Vitale card to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VitaleReadRequest {
    /// Exact PC/SC reader name; absent: the only Vitale card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Where from: `chip`, or the name of a component that is plugged in. Absent: the first reading component that is
    /// plugged in, else the chip; a phone app is only asked by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Take from the chip what the component leaves out, for the persons whose names and birth date are the same in both.
    /// Such fields are marked with their own provenance.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub complete_from_chip: bool,
}

/// What the card says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VitaleReadResponse {
    /// Reader's PC/SC name; absent where no card was read through PC/SC (a phone app).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// The card itself, where it is in a PC/SC reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<CardSummary>,
    /// Where the data comes from, except the fields that a beneficiary's `field_provenance` names.
    pub provenance: Provenance,
    /// The component that gave the data; absent for the chip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentIdentity>,
    /// Rights holder first, then dependants, in the card's order.
    pub beneficiaries: Vec<BeneficiarySummary>,
}

/// Where Vitale data comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Provenance {
    /// Read from the chip's open files; nobody vouches for it.
    ChipUnverified,
    /// Given by the licensed reading component that the operator plugged in.
    OfficialComponent,
    /// Given by the patient's phone ("carte Vitale" app), through the program that the operator plugged in.
    PhoneApp,
}

/// Which component gave the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentIdentity {
    /// The operator's name for it, from the configuration.
    pub name: String,
    /// What it says it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Its version, as it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// One person on the card.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeneficiarySummary {
    /// Position on the card, from 1; 1 is the rights holder.
    pub position: u8,
    /// Family name as on the card (`nomUsuel`).
    pub family_name: String,
    /// Given name as on the card (`prenomUsuel`).
    pub given_name: String,
    /// Birth date as on the card (`dateEnCarte`), AAAAMMJJ or AAMMJJ; month or day may be outside a calendar (lunar dates).
    /// Empty where there is none.
    pub birth_date: String,
    /// The person's own number; absent for a dependant who has none on the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nir: Option<NirSummary>,
    /// Legacy INS-C, 20 digits then key of 2, where the person's own number allows to compute it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ins_c: Option<String>,
    /// Birth name (`nomPatronymique`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_name: Option<String>,
    /// Birth date in the civil calendar (`naissance/date`), AAAAMMJJ or AAMMJJ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub civil_birth_date: Option<String>,
    /// Rank among those born on the same day (`rangDeNaissance`), from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_rank: Option<u8>,
    /// The person's own number as certified by the civil registry (`nirCertifie`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certified_nir: Option<NirSummary>,
    /// Postal address, at most 5 lines (`adresse`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<String>,
    /// Compulsory health insurance (`amo`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insurance: Option<InsuranceSummary>,
    /// Kind of complementary cover (`cmu/typeCMU`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complementary_cover: Option<String>,
    /// What is said of the treating physician (`medecinTraitant`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub treating_physician: Option<String>,
    /// Fields of this person whose provenance is not the answer's, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field_provenance: BTreeMap<String, Provenance>,
}

/// Compulsory health insurance of a person, codes as the component gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InsuranceSummary {
    /// Quality of the beneficiary (`qualBenef`); 0 is the insured person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneficiary_quality: Option<u8>,
    /// Regime (`codeRegime`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regime: Option<String>,
    /// Fund (`caisse`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fund: Option<String>,
    /// Managing centre (`centreGestion`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub managing_centre: Option<String>,
    /// Management code (`codeGestion`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_code: Option<String>,
    /// The card's centre (`centreCarte`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_centre: Option<String>,
    /// Periods of rights (`listePeriodesDroits`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rights: Vec<RightsPeriod>,
    /// Wording of an exemption (`libelleExo`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exemption: Option<String>,
}

/// A period of rights. What a card or a component says of rights is not their consultation online.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RightsPeriod {
    /// First day (`debut`), AAAAMMJJ; absent: open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last day (`fin`), AAAAMMJJ; absent: open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

/// A registration number (NIR).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NirSummary {
    /// 13 characters; `2A`/`2B` kept for Corsica.
    pub number: String,
    /// Two digits.
    pub key: String,
}

impl From<&crate::identifiers::Nir> for NirSummary {
    fn from(nir: &crate::identifiers::Nir) -> Self {
        Self {
            number: nir.number().to_owned(),
            key: format!("{:02}", nir.key()),
        }
    }
}
