//! Errors of making a lot: its documents and its signature.

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::document::DocumentError;
use paraphe_protocol::lot::{DraftError, PrepareLotError};

use super::Failure;

impl From<DocumentError> for Failure {
    fn from(error: DocumentError) -> Self {
        let code = match error {
            DocumentError::TooLarge { .. } => ErrorCode::DocumentTooLarge,
            DocumentError::ActiveContent { .. } => ErrorCode::DocumentActiveContent,
            _ => ErrorCode::DocumentFormat,
        };
        // The words name formats and positions, never content.
        Self::new(code).with_technical_detail(error)
    }
}

impl From<DraftError> for Failure {
    fn from(error: DraftError) -> Self {
        let code = match error {
            DraftError::Empty => ErrorCode::LotEmpty,
            DraftError::TooMany { .. } => ErrorCode::LotTooManyDocuments,
            _ => ErrorCode::Internal,
        };
        Self::new(code).with_technical_detail(error)
    }
}

impl From<PrepareLotError> for Failure {
    fn from(error: PrepareLotError) -> Self {
        match error {
            PrepareLotError::WrongUse { expected } => {
                Self::new(ErrorCode::CertificateWrongUse).with_technical_detail(expected)
            }
            PrepareLotError::Signature(error) => error.into(),
            error => Self::new(ErrorCode::Internal).with_technical_detail(error),
        }
    }
}
