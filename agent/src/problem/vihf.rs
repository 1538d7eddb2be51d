//! Errors of making a SAML assertion of the French record.

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::vihf::{
    AccessReasonError, PlaceError, PrepareVihfError, RoleError, UserError,
};

use super::{Failure, told};

impl From<AccessReasonError> for Failure {
    fn from(error: AccessReasonError) -> Self {
        Self::new(ErrorCode::AccessReasonMissing).with_technical_detail(error)
    }
}

impl From<PlaceError> for Failure {
    fn from(_: PlaceError) -> Self {
        told(
            ErrorCode::PracticeSituationUnknown,
            "La situation d'exercice ne nomme pas sa structure ou son secteur.",
            "The practice situation does not name its structure or sector.",
        )
    }
}

impl From<UserError> for Failure {
    fn from(error: UserError) -> Self {
        match error {
            UserError::Role(RoleError::NoProfession) => told(
                ErrorCode::CertificateWrongUse,
                "La carte ne dit aucune profession : elle n'ouvre pas de dossier.",
                "The card states no profession: it opens no record.",
            ),
            UserError::Role(error) => {
                Self::new(ErrorCode::SpecialityUnknown).with_technical_detail(error)
            }
            UserError::NotACard => told(
                ErrorCode::CertificateWrongUse,
                "Le professionnel se prouve par une carte ; ce certificat est celui d'un logiciel.",
                "A professional is proved by a card; this certificate is that of a software key.",
            ),
            error => Self::new(ErrorCode::CertificateInvalid).with_technical_detail(error),
        }
    }
}

impl From<PrepareVihfError> for Failure {
    fn from(error: PrepareVihfError) -> Self {
        match error {
            PrepareVihfError::WrongUse { expected, .. } => {
                Self::new(ErrorCode::CertificateWrongUse).with_technical_detail(expected)
            }
            PrepareVihfError::Certificate(error) => {
                Self::new(ErrorCode::CertificateInvalid).with_technical_detail(error)
            }
            PrepareVihfError::User(error) => error.into(),
            PrepareVihfError::Place(error) => error.into(),
            PrepareVihfError::PatientMissing => told(
                ErrorCode::LotPatientInvalid,
                "Le bris de glace porte sur un patient : son INS est nécessaire.",
                "Break-glass is about one patient: the INS is needed.",
            ),
            PrepareVihfError::Environment => told(
                ErrorCode::LotPatientInvalid,
                "L'INS n'est pas du même environnement (test ou production) que la carte.",
                "The INS is of another environment (test or production) than the card.",
            ),
            PrepareVihfError::Signature(error) => error.into(),
            error => Self::new(ErrorCode::Internal).with_technical_detail(error),
        }
    }
}
