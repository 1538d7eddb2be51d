//! Errors of Vitale components and their programs. A path of the configuration is told; the program's own words never are.

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::vitale_component::{ComponentAnswerError, ComponentRefusal};

use super::{Failure, told, trusted_file_sentence};
use crate::vitale_component::ProgramError;

impl From<ProgramError> for Failure {
    fn from(error: ProgramError) -> Self {
        match error {
            ProgramError::Unsafe(error) => {
                let said = trusted_file_sentence(&error);
                told(
                    ErrorCode::VitaleComponentUnusable,
                    said.french,
                    said.english,
                )
            }
            ProgramError::Start(source) => Self::new(ErrorCode::VitaleComponentUnusable)
                .with_system_error("Lancement impossible", "It cannot be started", &source),
            ProgramError::Busy => told(
                ErrorCode::TooBusy,
                "Le composant de lecture Vitale répond à une autre demande.",
                "The Vitale reading component is answering another request.",
            ),
            ProgramError::Timeout(seconds) => told(
                ErrorCode::VitaleComponentTimeout,
                format!("Délai : {seconds} s ; le programme a été arrêté."),
                format!("Time allowed: {seconds} s; the program was stopped."),
            ),
            ProgramError::TooLong => {
                Self::new(ErrorCode::VitaleComponentMalformed).with_technical_detail(error)
            }
            ProgramError::Output(source) => Self::new(ErrorCode::VitaleComponentFailed)
                .with_system_error("Réponse illisible", "Its answer cannot be read", &source),
            ProgramError::Ended(status) => told(
                ErrorCode::VitaleComponentFailed,
                format!("Le programme s'est mal terminé ({status})."),
                format!("The program ended badly ({status})."),
            ),
        }
    }
}

impl From<ComponentAnswerError> for Failure {
    fn from(error: ComponentAnswerError) -> Self {
        Self::new(ErrorCode::VitaleComponentMalformed).with_technical_detail(error)
    }
}

impl From<ComponentRefusal> for Failure {
    fn from(refusal: ComponentRefusal) -> Self {
        let failed = |french, english| told(ErrorCode::VitaleComponentFailed, french, english);
        let absent = |french, english| told(ErrorCode::CardAbsent, french, english);
        match refusal {
            ComponentRefusal::Cancelled => ErrorCode::OperationCancelled.into(),
            ComponentRefusal::NoCard => absent(
                "Le composant ne voit ni carte Vitale, ni téléphone.",
                "The component sees neither a Vitale card nor a phone.",
            ),
            ComponentRefusal::NoProfessionalCard => absent(
                "Le composant demande aussi la carte du professionnel.",
                "The component wants the professional's card too.",
            ),
            ComponentRefusal::Unavailable => failed(
                "Il se dit indisponible (licence, service ou réseau).",
                "It says that it is not available (licence, service or network).",
            ),
            ComponentRefusal::UnreadableCard => failed(
                "Il voit une carte et ne peut pas la lire.",
                "It sees a card and cannot read it.",
            ),
        }
    }
}
