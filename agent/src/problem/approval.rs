//! Errors of making an approval.

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::approval::{ManifestError, PrepareApprovalError};

use super::Failure;

impl From<ManifestError> for Failure {
    fn from(error: ManifestError) -> Self {
        let code = match error {
            ManifestError::Empty => ErrorCode::LotEmpty,
            ManifestError::TooMany { .. } => ErrorCode::LotTooManyDocuments,
            _ => ErrorCode::ApprovalInvalid,
        };
        Self::new(code).with_technical_detail(error)
    }
}

impl From<PrepareApprovalError> for Failure {
    fn from(error: PrepareApprovalError) -> Self {
        match error {
            PrepareApprovalError::WrongUse { expected } => {
                Self::new(ErrorCode::CertificateWrongUse).with_technical_detail(expected)
            }
            PrepareApprovalError::Signature(error) => error.into(),
            error => Self::new(ErrorCode::Internal).with_technical_detail(error),
        }
    }
}
