//! Errors of asking for a PIN. The person's no is `operation-cancelled`.

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::card::PinFormatError;

use super::Failure;
use crate::pin::{Passphrase, PinEntryError};

impl From<PinEntryError> for Failure {
    fn from(error: PinEntryError) -> Self {
        match error {
            PinEntryError::Cancelled | PinEntryError::Withdrawn => {
                ErrorCode::OperationCancelled.into()
            }
            PinEntryError::Timeout => Self::new(ErrorCode::OperationCancelled).with_detail(
                "Personne n'a répondu à temps.",
                "Nobody answered in time.",
            ),
            PinEntryError::LastTryNotConfirmed => {
                Self::new(ErrorCode::PinLastTry).with_tries_left(1)
            }
            PinEntryError::Format(error) => error.into(),
            PinEntryError::PassphraseForm => Self::new(ErrorCode::PinFormat).with_detail(
                format!("Une phrase secrète compte de 1 à {} octets de texte.", Passphrase::MAXIMUM),
                format!("A passphrase is 1 to {} bytes of text.", Passphrase::MAXIMUM),
            ),
            PinEntryError::AlreadyUsed => Self::new(ErrorCode::PinEntryUnavailable).with_detail(
                "Le code remis d'avance a déjà été présenté ; il ne l'est pas deux fois.",
                "The PIN handed over beforehand was presented already; it is not presented twice.",
            ),
            PinEntryError::AlreadyRefused => Self::new(ErrorCode::PinEntryUnavailable).with_detail(
                "Une carte a refusé le code de ce fichier ; il n'est pas présenté de nouveau. Écrivez le bon code dans le fichier.",
                "A card refused the code of this file; it is not presented again. Write the right code to the file.",
            ),
            PinEntryError::NotPrivate => Self::new(ErrorCode::PinEntryUnavailable).with_detail(
                "Le fichier du code peut être lu par d'autres, ou appartient à un autre utilisateur.",
                "The PIN file can be read by others, or belongs to another user.",
            ),
            PinEntryError::Source { place, source } => {
                let place = place.display().to_string();
                Self::new(ErrorCode::PinEntryUnavailable).with_system_error(&place, &place, &source)
            }
            PinEntryError::Unavailable { detail } => {
                Self::new(ErrorCode::PinEntryUnavailable).with_technical_detail(detail)
            }
        }
    }
}

impl From<PinFormatError> for Failure {
    fn from(error: PinFormatError) -> Self {
        let (french, english) = match error {
            PinFormatError::Empty => (
                "Le code est vide.".to_owned(),
                "The code is empty.".to_owned(),
            ),
            PinFormatError::NotDigits => (
                "Le code contient autre chose que des chiffres.".to_owned(),
                "The code has characters other than digits.".to_owned(),
            ),
            PinFormatError::TooShort { minimum } => (
                format!("Le code a moins de {minimum} chiffres."),
                format!("The code has fewer than {minimum} digits."),
            ),
            PinFormatError::TooLong { maximum } => (
                format!("Le code a plus de {maximum} chiffres."),
                format!("The code has more than {maximum} digits."),
            ),
            PinFormatError::Unchanged => (
                "Le nouveau code est l'ancien.".to_owned(),
                "The new PIN is the old one.".to_owned(),
            ),
            error => (
                "La carte décrit son code d'une manière inutilisable.".to_owned(),
                error.to_string(),
            ),
        };
        Self::new(ErrorCode::PinFormat).with_detail(french, english)
    }
}
