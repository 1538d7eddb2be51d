//! What the header of a document says: which document, about whom, by whom, where.
//!
//! Exactly the elements that CI-SIS structuration minimale section 3.5.1 makes mandatory. Patients
//! are named by INS and strict traits, professionals by their national identifier; nothing can be
//! left out, so that no header without them can be written.

use std::num::NonZeroU32;

use paraphe_certs::{Holder, NationalId};

use super::document_type::DocumentType;
use super::text::{CdaText, CdaTextError, Title};
use super::time::LocalTime;
use super::vocabulary::{Code, Confidentiality};
use crate::identifiers::{Oid, PatientIdentity, StructureId};

/// A care structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Structure {
    /// National identifier.
    pub id: StructureId,
    /// Name.
    pub name: CdaText,
}

/// A professional acting for a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Professional {
    /// National identifier.
    pub national_id: NationalId,
    /// Surname; for a card that names nobody, the structure's name.
    pub family_name: CdaText,
    /// Given name; for a card that names nobody, the number on it.
    pub given_name: Option<CdaText>,
    /// Profession and skill, such as `G15_10/SM26` (system 1.2.250.1.213.1.1.4.5).
    pub specialty: Option<Code>,
    /// Where the act was done.
    pub structure: Structure,
}

/// The act that is documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEvent {
    /// When it began.
    pub start: LocalTime,
    /// Who did it.
    pub performer: Professional,
    /// Setting of care (standardIndustryClassCode), such as `AMBULATOIRE`.
    pub practice_setting: Code,
}

/// The care in which the document was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encounter {
    /// When it began.
    pub start: LocalTime,
    /// Sector of activity, such as `SA07`.
    pub sector: Code,
}

/// The header of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdaHeader {
    /// Unique id of this version of the document.
    pub id: Oid,
    /// Id common to all versions.
    pub set_id: Oid,
    /// Number of this version, from 1.
    pub version: NonZeroU32,
    /// Type; the class is for metadata.
    pub document_type: DocumentType,
    /// Title.
    pub title: Title,
    /// When the document was made.
    pub effective_time: LocalTime,
    /// Confidentiality.
    pub confidentiality: Confidentiality,
    /// About whom.
    pub patient: PatientIdentity,
    /// First author.
    pub author: Professional,
    /// Further authors.
    pub further_authors: Vec<Professional>,
    /// Who keeps the document.
    pub custodian: Structure,
    /// Who answers for it.
    pub legal_authenticator: Professional,
    /// The act.
    pub service_event: ServiceEvent,
    /// The care.
    pub encounter: Encounter,
}

const SPECIALTY_SYSTEM: &str = "1.2.250.1.213.1.1.4.5";

impl Professional {
    /// A professional as the card's certificate names them, in the structure of a practice
    /// situation. A card that names nobody gives the structure's name and the number of the card,
    /// special characters other than apostrophe, hyphen and space made hyphens.
    ///
    /// # Errors
    /// [`CdaTextError`] for a name that no header can carry.
    pub fn from_holder(holder: &Holder, structure: Structure) -> Result<Self, CdaTextError> {
        let (family_name, given_name) = match &holder.family_name {
            Some(family) => (
                CdaText::new(family)?,
                holder.given_name.as_deref().map(CdaText::new).transpose()?,
            ),
            None => {
                let number = plain(holder.national_id.as_str());
                let organization = holder.organization.as_deref();
                let organization = plain(organization.unwrap_or(structure.name.as_str()));
                (CdaText::new(&organization)?, Some(CdaText::new(&number)?))
            }
        };
        Ok(Self {
            national_id: holder.national_id.clone(),
            family_name,
            given_name,
            specialty: specialty(holder)?,
            structure,
        })
    }
}

fn plain(text: &str) -> String {
    let allowed = |character: char| character.is_alphanumeric() || "'- ".contains(character);
    text.chars()
        .map(|character| if allowed(character) { character } else { '-' })
        .collect()
}

/// Table G15 or G16 with the first skill, where the card states a profession.
fn specialty(holder: &Holder) -> Result<Option<Code>, CdaTextError> {
    let (table, profession) = match (holder.profession, holder.profession_in_training) {
        (Some(profession), _) => ("G15", profession),
        (None, Some(profession)) => ("G16", profession),
        (None, None) => return Ok(None),
    };
    let label = profession
        .label()
        .or(holder.title.as_deref())
        .unwrap_or("Professionnel de santé");
    let (code, label) = match holder.skills.first() {
        Some(skill) => (
            format!("{table}_{profession}/{skill}"),
            format!("{label} - {}", skill_label(skill)),
        ),
        None => (format!("{table}_{profession}"), label.to_owned()),
    };
    let Ok(system) = SPECIALTY_SYSTEM.parse() else {
        return Ok(None);
    };
    Ok(Some(Code {
        code: CdaText::new(&code)?,
        system,
        label: CdaText::new(&label)?,
    }))
}

/// Labels of table R01 that general practice meets; others read as their code.
fn skill_label(skill: &str) -> &str {
    match skill {
        "SM26" => "Qualifié en médecine générale (SM)",
        "SM53" => "Spécialiste en médecine générale (SM)",
        "SM54" => "Médecine générale (SM)",
        other => other,
    }
}
