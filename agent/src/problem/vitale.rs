//! Errors of Vitale components and their programs. A path of the configuration is told; the program's own words never are.

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::vitale_component::{ComponentAnswerError, ComponentRefusal};

use super::{Failure, Sentence, system_error};
use crate::vitale_component::{ProgramError, TrustedFileError};

impl From<ProgramError> for Failure {
    fn from(error: ProgramError) -> Self {
        match error {
            ProgramError::Unsafe(error) => {
                let said = sentence(&error);
                Self::new(ErrorCode::VitaleComponentUnusable).with_detail(said.french, said.english)
            }
            ProgramError::Start(source) => Self::new(ErrorCode::VitaleComponentUnusable)
                .with_system_error("Lancement impossible", "It cannot be started", &source),
            ProgramError::Busy => Self::new(ErrorCode::TooBusy).with_detail(
                "Le composant de lecture Vitale répond à une autre demande.",
                "The Vitale reading component is answering another request.",
            ),
            ProgramError::Timeout(seconds) => Self::new(ErrorCode::VitaleComponentTimeout)
                .with_detail(
                    format!("Délai : {seconds} s ; le programme a été arrêté."),
                    format!("Time allowed: {seconds} s; the program was stopped."),
                ),
            ProgramError::TooLong => {
                Self::new(ErrorCode::VitaleComponentMalformed).with_technical_detail(error)
            }
            ProgramError::Output(source) => Self::new(ErrorCode::VitaleComponentFailed)
                .with_system_error("Réponse illisible", "Its answer cannot be read", &source),
            ProgramError::Ended(status) => Self::new(ErrorCode::VitaleComponentFailed).with_detail(
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
        let failed = |french, english| {
            Self::new(ErrorCode::VitaleComponentFailed).with_detail(french, english)
        };
        match refusal {
            ComponentRefusal::Cancelled => ErrorCode::OperationCancelled.into(),
            ComponentRefusal::NoCard => Self::new(ErrorCode::CardAbsent).with_detail(
                "Le composant ne voit ni carte Vitale, ni téléphone.",
                "The component sees neither a Vitale card nor a phone.",
            ),
            ComponentRefusal::NoProfessionalCard => Self::new(ErrorCode::CardAbsent).with_detail(
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

/// What is wrong with a program's file, in the person's language.
pub(crate) fn sentence(error: &TrustedFileError) -> Sentence {
    match error {
        TrustedFileError::Unreachable { path, source } => {
            let said = system_error(source);
            Sentence::new(
                format!("{} : {}.", path.display(), said.french),
                format!("{}: {}.", path.display(), said.english),
            )
        }
        TrustedFileError::NotExecutable { path } => Sentence::new(
            format!("{} : ce n'est pas un programme.", path.display()),
            format!("{}: not a program.", path.display()),
        ),
        TrustedFileError::WritableByOthers { path } => Sentence::new(
            format!("{} : d'autres peuvent y écrire.", path.display()),
            format!("{}: others can write there.", path.display()),
        ),
    }
}
