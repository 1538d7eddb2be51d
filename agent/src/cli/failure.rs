//! Why a command failed, from whatever layer, as the one problem document that a person or a program is shown.

use std::path::{Path, PathBuf};

use paraphe_protocol::api::{ErrorCode, Language, Problem};

use crate::config::ConfigError;
use crate::dispatch::DispatchError;
use crate::door::DoorError;
use crate::door::client::ClientError;
use crate::pin::PinEntryError;
use crate::problem::system_error;
use crate::service::StartError;
use crate::trust::browsers::InstallError;
use crate::trust::{AuthoritiesError, TrustError};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0:?}")]
    Problem(Box<Problem>),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Trust(#[from] TrustError),
    #[error(transparent)]
    Install(#[from] InstallError),
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
    #[error(transparent)]
    Door(#[from] DoorError),
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Client(ClientError),
    #[error(transparent)]
    PinEntry(#[from] PinEntryError),
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{0}")]
    System(#[from] std::io::Error),
    #[error("document {number} is no longer what was signed")]
    DocumentChanged { number: usize },
    #[error("the answer has an unexpected form")]
    Answer,
    #[cfg(feature = "softcard")]
    #[error("{0}")]
    SoftCard(String),
    #[cfg(feature = "softcard")]
    #[error(transparent)]
    Demo(#[from] crate::demo::DemoError),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Problem(problem) => Self::Problem(problem),
            other => Self::Client(other),
        }
    }
}

impl Failure {
    /// What a person is shown.
    pub(super) fn problem(self, language: Language) -> Problem {
        match self {
            Self::Problem(problem) => *problem,
            Self::Config(error) => error.problem(language),
            Self::Trust(error) => error.problem(language),
            Self::Install(error) => error.problem(language),
            Self::Authorities(error) => error.problem(language),
            Self::Door(error) => error.problem(language),
            Self::Dispatch(error) => error.problem(language),
            Self::PinEntry(error) => crate::problem::Failure::from(error).into_problem(language),
            Self::File { path, source } => file_problem(&path, &source, language),
            Self::Start(StartError::Documents { path, source }) => {
                file_problem(&path, &source, language)
            }
            Self::System(error) | Self::Start(StartError::Thread(error)) => {
                Problem::new(ErrorCode::Internal, language)
                    .with_detail(system_error(&error).in_language(language))
            }
            Self::DocumentChanged { number } => Problem::new(ErrorCode::DocumentChanged, language)
                .with_detail(format!("Document {number}.")),
            Self::Client(ClientError::Connection(error)) => {
                let said = system_error(&error);
                let detail = match language {
                    Language::French => format!("Liaison avec l'agent : {}.", said.french),
                    Language::English => format!("Connection to the agent: {}.", said.english),
                };
                Problem::new(ErrorCode::Internal, language).with_detail(detail)
            }
            #[cfg(feature = "softcard")]
            Self::SoftCard(why) => soft_card_problem(why, language),
            other => Problem::new(ErrorCode::Internal, language).with_detail(other.to_string()),
        }
    }
}

/// 3 where the person said no, 1 otherwise.
pub(super) fn exit_status(problem: &Problem) -> u8 {
    if problem.code == ErrorCode::OperationCancelled {
        3
    } else {
        1
    }
}

/// A path, and what the system says of it, in the person's language.
pub(super) fn about_file(path: &Path, error: &std::io::Error, language: Language) -> String {
    let said = system_error(error);
    let colon = match language {
        Language::French => " :",
        Language::English => ":",
    };
    format!("{}{colon} {}.", path.display(), said.in_language(language))
}

#[cfg(feature = "softcard")]
fn soft_card_problem(why: String, language: Language) -> Problem {
    let problem = Problem::new(ErrorCode::RequestInvalid, language).with_detail(why);
    let (title, remedy) = match language {
        Language::French => (
            "La carte simulée n'a pas pu être faite.",
            "Vérifiez ce qui est donné à --soft-card (un nom ou un fichier de profil) et à --soft-pki.",
        ),
        Language::English => (
            "The simulated card could not be made.",
            "Check what is given to --soft-card (a name or a profile file) and to --soft-pki.",
        ),
    };
    retold(problem, title, remedy)
}

/// The same problem in words of this place, for the person at the keyboard.
fn retold(mut problem: Problem, title: &str, remedy: &str) -> Problem {
    title.clone_into(&mut problem.title);
    problem.remedy.who = paraphe_protocol::api::WhoActs::User;
    remedy.clone_into(&mut problem.remedy.text);
    problem
}

fn file_problem(path: &Path, error: &std::io::Error, language: Language) -> Problem {
    let problem = Problem::new(ErrorCode::PathNotAllowed, language)
        .with_detail(about_file(path, error, language));
    let (title, remedy) = match language {
        Language::French => (
            "Un fichier n'a pas pu être lu ou écrit.",
            "Vérifiez le chemin et les droits ; un fichier qui existe n'est jamais écrasé.",
        ),
        Language::English => (
            "A file could not be read or written.",
            "Check the path and its mode; a file that exists is never overwritten.",
        ),
    };
    retold(problem, title, remedy)
}
