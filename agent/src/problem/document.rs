//! Errors of documents in hand.

use paraphe_protocol::api::ErrorCode;

use super::Failure;
use crate::document_store::StoreError;

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unknown => ErrorCode::DocumentMissing.into(),
            StoreError::OutOfPlace { held } => Self::new(ErrorCode::DocumentPieceOutOfOrder)
                .with_detail(
                    format!("{held} octets sont déjà là."),
                    format!("{held} bytes are held."),
                ),
            StoreError::NotClosed => Self::new(ErrorCode::DocumentPieceOutOfOrder).with_detail(
                "La dernière partie du document n'a pas encore été remise.",
                "The document's last piece has not been put yet.",
            ),
            StoreError::TooLarge { limit } => Self::new(ErrorCode::DocumentTooLarge).with_detail(
                format!("Au plus {limit} octets."),
                format!("At most {limit} bytes."),
            ),
            StoreError::TooMany { limit } => Self::new(ErrorCode::TooBusy).with_detail(
                format!("{limit} documents sont déjà en attente ; rendez-en (document/drop)."),
                format!("{limit} documents are held already; drop some (document/drop)."),
            ),
            StoreError::Randomness => Self::new(ErrorCode::Internal).with_detail(
                "Le générateur aléatoire du système a échoué.",
                "The system's random generator failed.",
            ),
            StoreError::Io(error) => Self::new(ErrorCode::Internal).with_system_error(
                "Document en attente",
                "Document in hand",
                &error,
            ),
        }
    }
}
