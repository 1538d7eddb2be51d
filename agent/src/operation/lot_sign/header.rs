//! The CDA header of a wrapped document (CI-SIS "structuration minimale" section 3.5): patient from the request, which must
//! carry all strict traits; author from the card's certificate; structure and sector from the practice situation. Times are
//! written in UTC. Checked without card as far as possible: only the situation lies behind the PIN.

use std::num::NonZeroU32;

use paraphe_certs::{Holder, UnixTime};
use paraphe_protocol::api::{ErrorCode, LotDocumentRequest, LotPatient};
use paraphe_protocol::card::PracticeSituation;
use paraphe_protocol::cda::{
    CdaHeader, CdaText, CdaTextError, Code, Confidentiality, DocumentType, Encounter, LocalTime,
    Professional, ServiceEvent, Structure, Title, practice_setting, sector,
};
use paraphe_protocol::identifiers::{Ins, InsiName, Oid, PatientIdentity, Sex, StrictTraits};

use super::unique_id;
use crate::problem::Failure;

/// Code system of LOINC.
const LOINC: &str = "2.16.840.1.113883.6.1";
/// Code system of the national document types (CI-SIS).
const NATIONAL_TYPES: &str = "1.2.250.1.213.1.1.4.12";
/// Code system of sectors of activity, table R02.
const SECTORS: &str = "1.2.250.1.71.4.2.4";
/// Sectors of hospitals; everything else is ambulatory care.
const HOSPITAL_SECTORS: [&str; 4] = ["SA01", "SA02", "SA03", "SA04"];

/// What of a header is known before the PIN.
#[derive(Debug)]
pub(super) struct HeaderDraft {
    title: Title,
    document_type: DocumentType,
}

impl HeaderDraft {
    pub(super) fn new(
        document: &LotDocumentRequest,
        default_type_code: &str,
    ) -> Result<Self, Failure> {
        let refused = |error: CdaTextError| {
            Failure::new(ErrorCode::RequestInvalid).with_technical_detail(error)
        };
        let code = document.type_code.as_deref().unwrap_or(default_type_code);
        let document_type = match DocumentType::known(code) {
            Some(known) => known,
            None => {
                DocumentType::other(code, type_system(code)?, &document.title).map_err(refused)?
            }
        };
        Ok(Self {
            title: Title::new(&document.title).map_err(refused)?,
            document_type,
        })
    }
}

/// LOINC codes are digits, a hyphen and a check digit; other document types are national.
fn type_system(code: &str) -> Result<Oid, Failure> {
    let is_loinc = code.split_once('-').is_some_and(|(number, check)| {
        let digits =
            |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits(number) && digits(check) && check.len() == 1
    });
    let system = if is_loinc { LOINC } else { NATIONAL_TYPES };
    Ok(system.parse().map_err(|_| ErrorCode::Internal)?)
}

/// The patient with the strict traits that a header needs.
pub(super) fn patient(ins: &Ins, patient: &LotPatient) -> Result<PatientIdentity, Failure> {
    let invalid = |name: &str| {
        Failure::new(ErrorCode::LotPatientInvalid).with_detail(
            format!("Un en-tête CDA demande le trait « {name} », bien formé."),
            format!("A CDA header needs the trait {name}, well-formed."),
        )
    };
    let present = |value: &Option<String>, name: &str| value.clone().ok_or_else(|| invalid(name));
    let birth_name = present(&patient.birth_name, "birth_name")?;
    let given_names = present(&patient.given_names, "given_names")?;
    let first = given_names.split_whitespace().next().unwrap_or_default();
    let name = |text: &str, trait_name| InsiName::normalised(text).map_err(|_| invalid(trait_name));
    Ok(PatientIdentity {
        ins: ins.clone(),
        traits: StrictTraits {
            birth_name: name(&birth_name, "birth_name")?,
            birth_given_names: name(&given_names, "given_names")?,
            first_birth_given_name: name(first, "given_names")?,
            birth_date: present(&patient.birth_date, "birth_date")?
                .parse()
                .map_err(|_| invalid("birth_date"))?,
            sex: match patient.sex.as_deref() {
                Some("F") => Sex::Female,
                Some("M") => Sex::Male,
                _ => return Err(invalid("sex")),
            },
            birth_place: present(&patient.birth_place, "birth_place")?
                .parse()
                .map_err(|_| invalid("birth_place"))?,
        },
    })
}

/// The situation to be named: the one of that number, or the card's only one.
pub(in crate::operation) fn situation(
    situations: Vec<PracticeSituation>,
    number: Option<u8>,
) -> Result<PracticeSituation, Failure> {
    let numbers: Vec<_> = situations
        .iter()
        .map(|situation| situation.number.to_string())
        .collect();
    let numbers = numbers.join(", ");
    let mut fitting = situations
        .into_iter()
        .filter(|situation| number.is_none_or(|number| situation.number == number));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(
            Failure::new(ErrorCode::PracticeSituationUnknown).with_detail(
                format!("Situations de la carte : {numbers}."),
                format!("Situations on the card: {numbers}."),
            ),
        ),
    }
}

/// Everything that the headers of one lot have in common.
#[derive(Debug)]
pub(super) struct HeaderContext {
    patient: PatientIdentity,
    professional: Professional,
    structure: Structure,
    sector: Code,
    practice_setting: Code,
    time: LocalTime,
}

impl HeaderContext {
    pub(super) fn new(
        patient: PatientIdentity,
        signer: &Holder,
        situation: &PracticeSituation,
        now: UnixTime,
    ) -> Result<Self, Failure> {
        let incomplete = || {
            Failure::new(ErrorCode::PracticeSituationUnknown).with_detail(
                "La situation d'exercice ne nomme pas sa structure ou son secteur.",
                "The practice situation does not name its structure or sector.",
            )
        };
        let text = |text: &Option<String>| {
            text.as_deref()
                .and_then(|text| CdaText::new(text).ok())
                .ok_or_else(incomplete)
        };
        let sector_code = text(&situation.sector)?;
        let structure = Structure {
            id: text(&situation.structure_id)?
                .as_str()
                .parse()
                .map_err(|_| incomplete())?,
            name: text(&situation.structure_name)?,
        };
        let setting = if HOSPITAL_SECTORS.contains(&sector_code.as_str()) {
            "ETABLISSEMENT"
        } else {
            "AMBULATOIRE"
        };
        let sector = match sector(sector_code.as_str()) {
            Some(known) => known,
            None => Code {
                code: sector_code.clone(),
                system: SECTORS.parse().map_err(|_| ErrorCode::Internal)?,
                label: sector_code,
            },
        };
        Ok(Self {
            patient,
            professional: Professional::from_holder(signer, structure.clone()).map_err(
                |error| Failure::new(ErrorCode::CertificateInvalid).with_technical_detail(error),
            )?,
            structure,
            sector,
            practice_setting: practice_setting(setting).ok_or(ErrorCode::Internal)?,
            time: LocalTime::new(now, 0).map_err(|_| ErrorCode::Internal)?,
        })
    }

    /// The header of one document.
    pub(super) fn header(&self, draft: &HeaderDraft, id: Oid) -> Result<CdaHeader, Failure> {
        Ok(CdaHeader {
            id,
            set_id: unique_id()?,
            version: NonZeroU32::MIN,
            document_type: draft.document_type.clone(),
            title: draft.title.clone(),
            effective_time: self.time,
            confidentiality: Confidentiality::Normal,
            patient: self.patient.clone(),
            author: self.professional.clone(),
            further_authors: Vec::new(),
            custodian: self.structure.clone(),
            legal_authenticator: self.professional.clone(),
            service_event: ServiceEvent {
                start: self.time,
                performer: self.professional.clone(),
                practice_setting: self.practice_setting.clone(),
            },
            encounter: Encounter {
                start: self.time,
                sector: self.sector.clone(),
            },
        })
    }
}
