//! Coded values of a header: a code, its system and its label, and the short tables that we know.
//!
//! Sectors of table R02 (1.2.250.1.71.4.2.4) and practice settings (1.2.250.1.213.1.1.4.9). The full
//! value sets belong to the national terminology; a code that is not in these tables comes from the
//! caller as a [`Code`].

use serde::{Deserialize, Serialize};

use super::text::CdaText;
use crate::identifiers::Oid;

/// A coded value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    /// The code.
    pub code: CdaText,
    /// Object identifier of the code system.
    pub system: Oid,
    /// Label in French.
    pub label: CdaText,
}

/// Confidentiality of the content (2.16.840.1.113883.5.25); masks are metadata, not CDA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidentiality {
    /// `N`.
    #[default]
    Normal,
    /// `R`.
    Restricted,
    /// `V`.
    VeryRestricted,
}

impl Confidentiality {
    /// The code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Normal => "N",
            Self::Restricted => "R",
            Self::VeryRestricted => "V",
        }
    }

    /// The label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Restricted => "Restreint",
            Self::VeryRestricted => "Très restreint",
        }
    }
}

pub(super) const SECTOR_SYSTEM: &str = "1.2.250.1.71.4.2.4";
pub(super) const PRACTICE_SETTING_SYSTEM: &str = "1.2.250.1.213.1.1.4.9";

const SECTORS: &[(&str, &str)] = &[
    ("SA01", "Établissement public de santé"),
    ("SA02", "Hôpital militaire du service de santé des armées"),
    ("SA03", "Établissement privé PSPH"),
    ("SA04", "Établissement privé non PSPH"),
    ("SA05", "Centre de santé"),
    ("SA07", "Cabinet individuel"),
    ("SA08", "Cabinet de groupe"),
    ("SA09", "Exercice en société"),
    ("SA25", "Laboratoire de biologie médicale"),
    ("SA33", "Pharmacie d'officine"),
    ("SA52", "Maison de santé"),
    ("SA63", "Communauté professionnelle territoriale de santé"),
    ("SA69", "Maison de naissance"),
];

const PRACTICE_SETTINGS: &[(&str, &str)] = &[
    ("AMBULATOIRE", "Ambulatoire"),
    ("AMO", "Assurance maladie obligatoire"),
    ("DEPISTAGE", "Dépistage"),
    ("ESSMS", "Établissement ou service social ou médico-social"),
    ("ETABLISSEMENT", "Établissement de santé"),
    ("HAD", "Hospitalisation à domicile"),
    ("MAD", "Maintien à domicile"),
    ("PALLIATIF", "Soins palliatifs"),
    ("SAD", "Soins à domicile"),
    ("SAMU_SMUR", "SAMU ou SMUR"),
];

/// Sector of activity, such as `SA07`, where this table has it.
#[must_use]
pub fn sector(code: &str) -> Option<Code> {
    find(SECTORS, SECTOR_SYSTEM, code)
}

/// Setting of care, such as `AMBULATOIRE`.
#[must_use]
pub fn practice_setting(code: &str) -> Option<Code> {
    find(PRACTICE_SETTINGS, PRACTICE_SETTING_SYSTEM, code)
}

fn find(table: &[(&str, &str)], system: &str, code: &str) -> Option<Code> {
    let (code, label) = table.iter().find(|(known, _)| *known == code)?;
    Some(Code {
        code: CdaText::new(code).ok()?,
        system: system.parse().ok()?,
        label: CdaText::new(label).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_tables_can_be_written() {
        assert!(SECTORS.iter().all(|(code, _)| sector(code).is_some()));
        let settings = PRACTICE_SETTINGS.iter();
        assert!(
            settings
                .clone()
                .all(|(code, _)| practice_setting(code).is_some())
        );
        assert!(sector("SA99").is_none());
    }
}
