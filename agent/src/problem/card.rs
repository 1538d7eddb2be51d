//! Errors of cards and their drivers. The card's own status word goes to the person unchanged.

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::card::pinpad::PinpadOutcome;
use paraphe_protocol::card::{CardError, CardModel, Instruction, TransportError};

use super::Failure;

/// A code was on its way to the card when the answer was lost. `new_code`: the command was to give the card a new one.
pub(super) fn pin_outcome_unknown(new_code: bool) -> Failure {
    let failure = Failure::new(ErrorCode::PinOutcomeUnknown);
    if new_code {
        failure.with_detail(
            "Le nouveau code est peut-être déjà en place ; rien n'est présenté de nouveau.",
            "The new PIN may be in place already; nothing is presented again.",
        )
    } else {
        failure.with_detail(
            "Le code n'est pas présenté de nouveau.",
            "The code is not presented again.",
        )
    }
}

impl From<CardError> for Failure {
    fn from(error: CardError) -> Self {
        match error {
            CardError::Transport(error) => error.into(),
            CardError::LostCard { .. } => ErrorCode::CardRemoved.into(),
            CardError::AnswerLost { command, .. } => pin_outcome_unknown(matches!(
                command,
                Instruction::ChangeReferenceData | Instruction::ResetRetryCounter
            )),
            CardError::Status {
                command, status, ..
            } => Self::new(ErrorCode::CardRefused)
                .with_card_status(status.0)
                .with_detail(
                    format!("Commande {command}."),
                    format!("Command {command}."),
                ),
            CardError::ReadOnlyRevision { .. } => Self::new(ErrorCode::CardNotAProfessionalCard)
                .with_detail(
                    "Cette révision de carte n'a pas été éprouvée : elle est lue, son code ne lui est jamais présenté.",
                    "This revision of the card was never tried: it is read, and never given a PIN.",
                ),
            CardError::NotThisCard { model } => {
                let code = match model {
                    CardModel::Unknown => ErrorCode::CardUnknown,
                    CardModel::Vitale1 => ErrorCode::CardVitale1,
                    model if model.is_vitale() => ErrorCode::CardNotVitale,
                    _ => ErrorCode::CardNotAProfessionalCard,
                };
                Self::new(code).with_technical_detail(model)
            }
            CardError::UpdateInterrupted => Self::new(ErrorCode::CardDataMalformed).with_detail(
                "Une mise à jour de la carte a été interrompue ; l'outil de l'émetteur peut la reprendre.",
                "An update of the card was interrupted; the issuer's tool can resume it.",
            ),
            CardError::PinFormat(error) => error.into(),
            CardError::NoPin => Self::new(ErrorCode::CardProvesNoHolder).with_detail(
                "Cette carte n'a pas de code porteur.",
                "This card has no PIN.",
            ),
            CardError::PinBlocked => Self::new(ErrorCode::PinBlocked).with_tries_left(0),
            CardError::LastTryNotConfirmed => Self::new(ErrorCode::PinLastTry).with_tries_left(1),
            CardError::WrongPin { tries_left: 0 } => Self::new(ErrorCode::PinBlocked)
                .with_card_status(0x63C0)
                .with_tries_left(0),
            CardError::WrongPin { tries_left } => Self::new(ErrorCode::PinWrong)
                .with_card_status(0x63C0 | u16::from(tries_left & 0x0F))
                .with_tries_left(tries_left),
            CardError::NoUnblockingCode => ErrorCode::UnblockingCodeMissing.into(),
            CardError::UnblockingCodeBlocked { .. }
            | CardError::WrongUnblockingCode { tries_left: 0, .. } => {
                Self::new(ErrorCode::UnblockingCodeBlocked).with_tries_left(0)
            }
            CardError::LastUnblockingNotConfirmed { tries_left, .. } => {
                Self::new(ErrorCode::UnblockingCodeLastTry).with_tries_left(tries_left)
            }
            CardError::WrongUnblockingCode { tries_left, .. } => {
                Self::new(ErrorCode::UnblockingCodeWrong)
                    .with_card_status(0x63C0 | u16::from(tries_left & 0x0F))
                    .with_tries_left(tries_left)
            }
            CardError::PinpadEntry { outcome } => entry_on_keypad(outcome),
            CardError::Pinpad(error) => {
                Self::new(ErrorCode::ReaderKeypadRefused).with_technical_detail(error)
            }
            CardError::PinOfAnotherCard => ErrorCode::CardChanged.into(),
            CardError::PinNotVerified => Self::new(ErrorCode::CardRefused)
                .with_card_status(0x6982)
                .with_detail(
                    "La carte ne tient plus le code porteur pour vérifié.",
                    "The card no longer holds the PIN as verified.",
                ),
            CardError::CertificateNotFound { .. }
            | CardError::KeyNotFound { .. }
            | CardError::NoTechnicalKey => {
                Self::new(ErrorCode::CertificateMissing).with_technical_detail(error)
            }
            CardError::SignatureInvalid { .. } | CardError::TechnicalSignatureInvalid => {
                ErrorCode::SignatureNotAccepted.into()
            }
            CardError::AlgorithmNotOffered { .. } => {
                Self::new(ErrorCode::SignatureAlgorithmNotOffered).with_technical_detail(error)
            }
            // Malformed, missing, too large, too long: the words name files and rules, never content.
            error => Self::new(ErrorCode::CardDataMalformed).with_technical_detail(error),
        }
    }
}

/// What the person did at the keypad, or the keypad by itself. No try was spent.
fn entry_on_keypad(outcome: PinpadOutcome) -> Failure {
    match outcome {
        PinpadOutcome::Cancelled => ErrorCode::OperationCancelled.into(),
        PinpadOutcome::TimedOut => Failure::new(ErrorCode::OperationCancelled).with_detail(
            "Personne n'a tapé le code à temps sur le lecteur.",
            "Nobody typed the PIN on the reader in time.",
        ),
        PinpadOutcome::NewPinsDiffer => Failure::new(ErrorCode::PinFormat).with_detail(
            "Les deux saisies du nouveau code diffèrent.",
            "The two entries of the new PIN differ.",
        ),
        PinpadOutcome::WrongLength => Failure::new(ErrorCode::PinFormat).with_detail(
            "Le code tapé sur le lecteur n'a pas le nombre de chiffres de la carte.",
            "The PIN typed on the reader has another number of digits than the card's.",
        ),
        outcome => Failure::new(ErrorCode::ReaderKeypadRefused).with_technical_detail(outcome),
    }
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::CardRemoved => ErrorCode::CardRemoved.into(),
            TransportError::CardReset => Self::new(ErrorCode::ReaderBusy).with_detail(
                "Un autre programme a réinitialisé la carte pendant l'opération.",
                "Another program reset the card during the operation.",
            ),
            TransportError::ReaderUnavailable => Self::new(ErrorCode::ReaderFailed).with_detail(
                "Le lecteur a été débranché pendant l'opération.",
                "The reader was unplugged during the operation.",
            ),
            TransportError::ServiceUnavailable => ErrorCode::ReaderServiceUnavailable.into(),
            TransportError::Slept => Self::new(ErrorCode::CardChanged).with_detail(
                "Le poste s'est mis en veille pendant l'opération.",
                "The workstation slept during the operation.",
            ),
            TransportError::TimeOver => Self::new(ErrorCode::ReaderFailed).with_detail(
                "La carte est trop lente : le temps imparti à l'opération est écoulé, rien de plus ne lui a été envoyé.",
                "The card is too slow: the time allowed for the operation is over, nothing more was sent to it.",
            ),
            TransportError::Timeout => ErrorCode::CardMute.into(),
            TransportError::Other { detail } => {
                Self::new(ErrorCode::ReaderFailed).with_technical_detail(detail)
            }
            other => Self::new(ErrorCode::ReaderFailed).with_technical_detail(other),
        }
    }
}
