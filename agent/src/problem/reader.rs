//! Errors of readers and the card service.

use paraphe_protocol::api::ErrorCode;

use super::Failure;
use crate::reader::ReaderError;

impl From<ReaderError> for Failure {
    fn from(error: ReaderError) -> Self {
        match error {
            ReaderError::ServiceUnavailable => ErrorCode::ReaderServiceUnavailable.into(),
            ReaderError::ReaderUnknown => ErrorCode::ReaderUnknown.into(),
            ReaderError::CardAbsent => ErrorCode::CardAbsent.into(),
            ReaderError::CardMute => ErrorCode::CardMute.into(),
            ReaderError::CardChanged => ErrorCode::CardChanged.into(),
            ReaderError::CardRemoved => ErrorCode::CardRemoved.into(),
            ReaderError::Busy => ErrorCode::ReaderBusy.into(),
            ReaderError::Timeout => Self::new(ErrorCode::ReaderFailed).with_detail(
                "La carte n'a pas terminé dans le temps imparti.",
                "The card did not finish in the time allowed.",
            ),
            ReaderError::Failed { detail } => {
                Self::new(ErrorCode::ReaderFailed).with_technical_detail(detail)
            }
            ReaderError::Stopped => Self::new(ErrorCode::Internal).with_detail(
                "Le fil du lecteur s'est arrêté.",
                "The reader's thread ended.",
            ),
        }
    }
}
