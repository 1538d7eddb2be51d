//! The patient whom reception knows, and the record that is created for him.

use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_protocol::api::{BeneficiarySummary, NirSummary};
use paraphe_record_server::patient::{Consent, ConsentForm};
use paraphe_record_server::record::CreateRecordRequest;

/// His INS.
pub const PATIENT: &str = "161027599999983";

/// His record, with the consent that this professional collected.
#[must_use]
pub fn record_of_patient(collected_by: &str) -> CreateRecordRequest {
    CreateRecordRequest {
        patient: BeneficiarySummary {
            position: 1,
            family_name: "ESSAI-MARTIN".to_owned(),
            given_name: "PAUL".to_owned(),
            birth_date: "19610217".to_owned(),
            nir: Some(NirSummary {
                number: PATIENT[..13].to_owned(),
                key: PATIENT[13..].to_owned(),
            }),
            ..BeneficiarySummary::default()
        },
        consent: Some(Consent {
            given: true,
            form: ConsentForm::Oral,
            collected_by: collected_by.to_owned(),
            collected_at: UnixTime::from(SystemTime::now()),
        }),
    }
}
