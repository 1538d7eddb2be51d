//! What a simulated card contains, as a JSON document that a tester writes by hand: a person, codes, practice situations
//! or beneficiaries, and where wanted the raw bytes of single files. Fields are documented in `tests/softcard/README.md`;
//! unknown fields are refused.
//!
//! The profiles of `tests/softcard/profiles/` are built in: [`Profile::shipped`].

mod professional;
mod quirks;
mod vitale1;
mod vitale2;

use std::path::Path;

use serde::Deserialize;

use crate::scenario::Scenario;

pub(crate) use professional::parse_date;
pub use professional::{
    CardKind, CodeStorage, Keys, Person, Pin, PracticeSituation, ProfessionalProfile, Source,
    SuppliedKey, UnblockCode, Validity,
};
pub use quirks::{
    CertificateFlags, Cps4Atr, DirectoryOrder, EfActua, Quirks, Reselection, TextEncoding,
};
pub use vitale1::Vitale1Profile;
pub use vitale2::{Beneficiary, Vitale2Profile};

/// How slow the card is. The default is no delay at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timing {
    /// Milliseconds before each APDU is answered, GET RESPONSE included.
    pub milliseconds_per_apdu: u64,
    /// Total milliseconds of a private-key operation, the computation included.
    pub milliseconds_per_private_key_operation: u64,
}

/// A card's content.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Profile {
    /// A professional's card, CPS3 through its contacts.
    Cps3(Box<ProfessionalProfile>),
    /// A CPS3 on a contactless reader: the technical key and nothing about the holder.
    Cps3Contactless(Box<ProfessionalProfile>),
    /// A professional's card of the next generation, CPS4.
    Cps4(Box<ProfessionalProfile>),
    /// A patient's card of the first generation, which can be recognised only.
    Vitale1(Box<Vitale1Profile>),
    /// A patient's card, Vitale 2.
    Vitale2(Box<Vitale2Profile>),
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// No built-in profile has this name.
    #[error("no shipped profile is named {name:?}; there are: {}", Profile::shipped_names().join(", "))]
    UnknownName {
        /// The name asked for.
        name: String,
    },
    /// The file cannot be read.
    #[error("cannot read the profile {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not JSON, or not the fields of a profile.
    #[error("the profile is not valid: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that this field cannot have.
    #[error("the profile's {field} is not valid: {reason}")]
    Value {
        /// The field, as a JSON path.
        field: String,
        /// What is expected.
        reason: &'static str,
    },
}

/// The built-in profiles by name.
const SHIPPED: &[(&str, &str)] = &[
    ("physician", include_str!("../profiles/physician.json")),
    ("nurse", include_str!("../profiles/nurse.json")),
    ("student", include_str!("../profiles/student.json")),
    (
        "reception-nominative",
        include_str!("../profiles/reception-nominative.json"),
    ),
    (
        "reception-service",
        include_str!("../profiles/reception-service.json"),
    ),
    (
        "physician-blocked",
        include_str!("../profiles/physician-blocked.json"),
    ),
    (
        "physician-expired",
        include_str!("../profiles/physician-expired.json"),
    ),
    (
        "vitale-holder",
        include_str!("../profiles/vitale-holder.json"),
    ),
    (
        "vitale-family",
        include_str!("../profiles/vitale-family.json"),
    ),
    (
        "physician-cps4",
        include_str!("../profiles/physician-cps4.json"),
    ),
    (
        "reception-cps4",
        include_str!("../profiles/reception-cps4.json"),
    ),
    (
        "physician-contactless",
        include_str!("../profiles/physician-contactless.json"),
    ),
    (
        "authorised-person",
        include_str!("../profiles/authorised-person.json"),
    ),
    (
        "physician-sixteen-situations",
        include_str!("../profiles/physician-sixteen-situations.json"),
    ),
    (
        "physician-without-situation",
        include_str!("../profiles/physician-without-situation.json"),
    ),
    ("vitale1", include_str!("../profiles/vitale1.json")),
];

impl Profile {
    /// The built-in profile of this name.
    pub fn shipped(name: &str) -> Result<Self, ProfileError> {
        let (_, json) = SHIPPED
            .iter()
            .find(|(shipped, _)| *shipped == name)
            .ok_or_else(|| ProfileError::UnknownName {
                name: name.to_owned(),
            })?;
        Self::from_json(json)
    }

    /// Names of the built-in profiles.
    pub fn shipped_names() -> Vec<&'static str> {
        SHIPPED.iter().map(|(name, _)| *name).collect()
    }

    /// Parses and checks a profile. Paths in it are relative to the working directory.
    pub fn from_json(json: &str) -> Result<Self, ProfileError> {
        let profile: Self = serde_json::from_str(json)?;
        match &profile {
            Self::Cps3(card) | Self::Cps3Contactless(card) | Self::Cps4(card) => {
                card.check()?;
                card.quirks.check(matches!(profile, Self::Cps4(_)))?;
            }
            Self::Vitale1(card) => card.check()?,
            Self::Vitale2(card) => card.check()?,
        }
        Ok(profile)
    }

    /// Reads a profile file. Paths in it are relative to the folder of that file.
    pub fn from_path(path: &Path) -> Result<Self, ProfileError> {
        let json = std::fs::read_to_string(path).map_err(|source| ProfileError::Unreadable {
            path: path.display().to_string(),
            source,
        })?;
        let mut profile = Self::from_json(&json)?;
        if let Some(folder) = path.parent() {
            if let Self::Cps3(card) | Self::Cps3Contactless(card) | Self::Cps4(card) = &mut profile
            {
                card.resolve_paths(folder);
            }
            if let Some(scenario) = profile.scenario_mut() {
                scenario.resolve_paths(folder);
            }
        }
        Ok(profile)
    }

    /// A shipped profile's name, or else the path of a profile file.
    pub fn named_or_path(text: &str) -> Result<Self, ProfileError> {
        if SHIPPED.iter().any(|(name, _)| *name == text) {
            return Self::shipped(text);
        }
        if text.contains(['/', '.']) {
            return Self::from_path(Path::new(text));
        }
        Self::shipped(text)
    }

    /// One line about the person, for lists.
    pub fn description(&self) -> &str {
        match self {
            Self::Cps3(card) | Self::Cps3Contactless(card) | Self::Cps4(card) => &card.description,
            Self::Vitale1(card) => &card.description,
            Self::Vitale2(card) => &card.description,
        }
    }

    /// The serial number that tells this card from others: 8 digits (CPS), 12 digits (Vitale).
    pub fn serial(&self) -> &str {
        match self {
            Self::Cps3(card) | Self::Cps3Contactless(card) | Self::Cps4(card) => &card.serial,
            Self::Vitale1(card) => &card.serial,
            Self::Vitale2(card) => &card.serial,
        }
    }

    /// The simulated card's PIN digits; a Vitale and a contactless CPS have none. Fictitious, like everything in a profile.
    pub fn pin(&self) -> Option<&str> {
        match self {
            Self::Cps3(card) | Self::Cps4(card) => Some(&card.pin.value),
            Self::Cps3Contactless(_) | Self::Vitale1(_) | Self::Vitale2(_) => None,
        }
    }

    /// Scripted faults of this card.
    pub fn scenario(&self) -> Option<&Scenario> {
        match self {
            Self::Cps3(card) | Self::Cps3Contactless(card) | Self::Cps4(card) => {
                card.scenario.as_ref()
            }
            Self::Vitale1(card) => card.scenario.as_ref(),
            Self::Vitale2(card) => card.scenario.as_ref(),
        }
    }

    fn scenario_mut(&mut self) -> Option<&mut Scenario> {
        match self {
            Self::Cps3(card) | Self::Cps3Contactless(card) | Self::Cps4(card) => {
                card.scenario.as_mut()
            }
            Self::Vitale1(card) => card.scenario.as_mut(),
            Self::Vitale2(card) => card.scenario.as_mut(),
        }
    }

    /// Delays of this card.
    pub fn timing(&self) -> Timing {
        match self {
            Self::Cps3(card) | Self::Cps3Contactless(card) | Self::Cps4(card) => card.timing,
            Self::Vitale1(card) => card.timing,
            Self::Vitale2(card) => card.timing,
        }
    }
}

/// Refuses a value with the field's name and what is expected.
fn require(valid: bool, field: &str, reason: &'static str) -> Result<(), ProfileError> {
    if valid {
        return Ok(());
    }
    Err(ProfileError::Value {
        field: field.to_owned(),
        reason,
    })
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A path of file identifiers in hexadecimal, from the master file on; `None` when it is none.
pub(crate) fn file_path(text: &str) -> Option<Vec<u16>> {
    let bytes = crate::hex::decode(text)?;
    let (identifiers, []) = bytes.as_chunks::<2>() else {
        return None;
    };
    let path: Vec<u16> = identifiers
        .iter()
        .map(|bytes| u16::from_be_bytes(*bytes))
        .collect();
    (path.len() > 1 && path.first() == Some(&crate::file_system::MASTER_FILE)).then_some(path)
}

/// Checks a profile's `files` table.
fn check_files(
    files: &std::collections::BTreeMap<String, Option<String>>,
) -> Result<(), ProfileError> {
    for (path, content) in files {
        require(
            file_path(path).is_some(),
            &format!("files.{path}"),
            "a path in hexadecimal that begins with 3F00",
        )?;
        let bytes = content.as_deref().map(crate::hex::decode);
        require(
            !matches!(bytes, Some(None)),
            &format!("files.{path}"),
            "bytes in hexadecimal, or null for no such file",
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
