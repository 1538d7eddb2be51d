//! The fields of a Vitale 2 profile: beneficiaries, card number, files.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::scenario::Scenario;

use super::{ProfileError, Timing, check_files, is_digits, require};

/// A patient's card.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vitale2Profile {
    /// One line for lists.
    pub description: String,
    /// 12 digits: the logical serial number, in the card number of EF.PAN.
    pub serial: String,
    /// Chip version, byte 6 of the ATR in hexadecimal: 43 to 49, 4B or 4C.
    #[serde(default = "default_chip_version")]
    pub chip_version: String,
    /// First day of the card's validity, `YYYYMMDD`.
    #[serde(default = "default_valid_from")]
    pub valid_from: String,
    /// The insured person first, then the dependants.
    pub beneficiaries: Vec<Beneficiary>,
    /// Content of single files by path, in hexadecimal; null removes the file.
    #[serde(default)]
    pub files: BTreeMap<String, Option<String>>,
    /// Delays.
    #[serde(default)]
    pub timing: Timing,
    /// Scripted faults.
    pub scenario: Option<Scenario>,
}

fn default_chip_version() -> String {
    "45".to_owned()
}

fn default_valid_from() -> String {
    "20240101".to_owned()
}

/// A person on the card, always fictitious.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beneficiary {
    /// Upper case, ISO 8859-1.
    pub family_name: String,
    /// Upper case, ISO 8859-1.
    pub given_name: String,
    /// `YYYYMMDD` as on the card; lunar dates (month 00 or 13 and above, day 00) are allowed.
    pub birth_date: String,
    /// 15 characters with the key; absent for a dependant whose own number is not certified.
    pub nir: Option<String>,
    /// Country code of tag 90, where wanted.
    pub nationality: Option<String>,
}

/// Chip versions of known Vitale 2 ATRs.
const CHIP_VERSIONS: [&str; 9] = ["43", "44", "45", "46", "47", "48", "49", "4B", "4C"];

impl Vitale2Profile {
    pub(super) fn check(&self) -> Result<(), ProfileError> {
        require(is_digits(&self.serial, 12), "serial", "12 digits")?;
        require(
            CHIP_VERSIONS.contains(&self.chip_version.as_str()),
            "chip_version",
            "43 to 49, 4B or 4C",
        )?;
        require(is_digits(&self.valid_from, 8), "valid_from", "8 digits")?;
        require(
            (1..=19).contains(&self.beneficiaries.len()),
            "beneficiaries",
            "1 to 19 people",
        )?;
        for beneficiary in &self.beneficiaries {
            for name in [&beneficiary.family_name, &beneficiary.given_name] {
                require(
                    (1..=40).contains(&name.chars().count())
                        && name.chars().all(|c| u8::try_from(c).is_ok()),
                    "beneficiaries[] names",
                    "1 to 40 characters of ISO 8859-1",
                )?;
            }
            require(
                is_digits(&beneficiary.birth_date, 8),
                "beneficiaries[].birth_date",
                "8 digits",
            )?;
            require(
                beneficiary.nir.as_ref().is_none_or(|nir| {
                    nir.len() == 15 && nir.bytes().all(|b| b.is_ascii_alphanumeric())
                }),
                "beneficiaries[].nir",
                "15 letters and digits",
            )?;
            require(
                beneficiary
                    .nationality
                    .as_ref()
                    .is_none_or(|code| code.is_ascii() && (1..=3).contains(&code.len())),
                "beneficiaries[].nationality",
                "1 to 3 ASCII characters",
            )?;
        }
        check_files(&self.files)
    }
}
