//! Errors of readers and the card service.

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::card::TransportError;

use super::Failure;
use super::card::pin_outcome_unknown;
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
            ReaderError::Busy { waited } => {
                let seconds = waited.as_secs_f32();
                Self::new(ErrorCode::ReaderBusy).with_detail(
                    format!("La carte est restée prise pendant {seconds:.1} s d'attente."),
                    format!("The card was in use during a wait of {seconds:.1} s."),
                )
            }
            ReaderError::Queued { waited } => {
                let seconds = waited.as_secs_f32();
                Self::new(ErrorCode::BusyQueued).with_detail(
                    format!("La carte a servi d'autres demandes pendant {seconds:.1} s d'attente."),
                    format!("The card served other requests during a wait of {seconds:.1} s."),
                )
            }
            ReaderError::Timeout { presenting: true } => pin_outcome_unknown(false),
            ReaderError::Timeout { presenting: false } => Self::new(ErrorCode::CardMute)
                .with_detail(
                    "La carte n'a pas répondu dans le temps imparti. Retirez-la, puis remettez-la.",
                    "The card did not answer in the time allowed. Take it out and put it back.",
                ),
            ReaderError::Unresponsive { since } => {
                let seconds = since.as_secs();
                Self::new(ErrorCode::CardMute).with_detail(
                    format!(
                        "La carte ne répond plus depuis {seconds} s ; rien de plus ne lui est envoyé. Retirez-la, puis remettez-la."
                    ),
                    format!(
                        "The card has not answered for {seconds} s; nothing more is sent to it. Take it out and put it back."
                    ),
                )
            }
            ReaderError::TimeOver => TransportError::TimeOver.into(),
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
