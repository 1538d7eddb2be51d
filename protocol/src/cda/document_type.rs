//! What kind of document it is: `typeCode` and the `classCode` that goes with it.
//!
//! Classes are those of value set JDV_J57 (scheme 1.2.250.1.213.1.1.4.1). The association of types
//! with classes (ASS_X04) is national terminology: only the types that a practice meets first are
//! here; any other type is the caller's, in class 90 unless the caller says otherwise.

use serde::{Deserialize, Serialize};

use super::text::{CdaText, CdaTextError};
use super::vocabulary::Code;
use crate::identifiers::Oid;

/// Class of a document in the record. JSON: the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ClassCode {
    /// 10, compte rendu.
    #[serde(rename = "10")]
    Report,
    /// 11, synthèse.
    #[serde(rename = "11")]
    Summary,
    /// 31, imagerie.
    #[serde(rename = "31")]
    Imaging,
    /// 42, prescription.
    #[serde(rename = "42")]
    Prescription,
    /// 43, dispensation.
    #[serde(rename = "43")]
    Dispensation,
    /// 44, plan ou protocole de soins.
    #[serde(rename = "44")]
    CarePlan,
    /// 45, traitement administré.
    #[serde(rename = "45")]
    AdministeredTreatment,
    /// 52, certificat, déclaration.
    #[serde(rename = "52")]
    Certificate,
    /// 60, données de remboursement.
    #[serde(rename = "60")]
    Reimbursement,
    /// 90, autres documents du patient.
    #[default]
    #[serde(rename = "90")]
    Other,
    /// 95, document de gestion.
    #[serde(rename = "95")]
    Management,
}

impl ClassCode {
    /// Code system of classes.
    pub const SYSTEM: &'static str = "1.2.250.1.213.1.1.4.1";

    /// The code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Report => "10",
            Self::Summary => "11",
            Self::Imaging => "31",
            Self::Prescription => "42",
            Self::Dispensation => "43",
            Self::CarePlan => "44",
            Self::AdministeredTreatment => "45",
            Self::Certificate => "52",
            Self::Reimbursement => "60",
            Self::Other => "90",
            Self::Management => "95",
        }
    }
}

/// Type and class of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentType {
    /// `typeCode`, the `code` of the CDA header.
    pub code: Code,
    /// `classCode`.
    #[serde(default)]
    pub class: ClassCode,
}

const LOINC: &str = "2.16.840.1.113883.6.1";

const KNOWN: &[(&str, &str, ClassCode)] = &[
    (
        "11488-4",
        "CR ou fiche de consultation ou de visite",
        ClassCode::Report,
    ),
    ("11502-2", "CR d'examens biologiques", ClassCode::Report),
    ("18748-4", "CR d'imagerie médicale", ClassCode::Report),
    ("34133-9", "Synthèse médicale", ClassCode::Summary),
    (
        "57833-6",
        "Prescription de produits de santé",
        ClassCode::Prescription,
    ),
];

impl DocumentType {
    /// A type of the short table, by its LOINC code.
    #[must_use]
    pub fn known(code: &str) -> Option<Self> {
        let (code, label, class) = KNOWN.iter().find(|(known, ..)| *known == code)?;
        Some(Self {
            code: Code {
                code: CdaText::new(code).ok()?,
                system: LOINC.parse().ok()?,
                label: CdaText::new(label).ok()?,
            },
            class: *class,
        })
    }

    /// Any other type, in class 90.
    ///
    /// # Errors
    /// [`CdaTextError`] about code or label.
    pub fn other(code: &str, system: Oid, label: &str) -> Result<Self, CdaTextError> {
        Ok(Self {
            code: Code {
                code: CdaText::new(code)?,
                system,
                label: CdaText::new(label)?,
            },
            class: ClassCode::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn known_types_and_others() {
        assert!(
            KNOWN
                .iter()
                .all(|(code, ..)| DocumentType::known(code).is_some())
        );
        assert_eq!(DocumentType::known("11488-4").unwrap().class.code(), "10");
        assert!(DocumentType::known("1-1").is_none());
        let other = DocumentType::other("1-1", LOINC.parse().unwrap(), "Autre").unwrap();
        assert_eq!(other.class.code(), "90");
        assert_eq!(serde_json::to_value(other.class).unwrap(), "90");
    }
}
