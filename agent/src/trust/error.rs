//! Why the HTTPS door's certificate cannot be made, read or used, with what to do.

use std::path::PathBuf;

use paraphe_certs::CertificateError;
use paraphe_certs::localhost::{LocalhostError, LocalhostProblem};
use paraphe_protocol::api::{ErrorCode, Language, Problem};

use crate::problem::system_error;

/// Why the HTTPS door's certificate cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// `paraphe trust init` has not been run.
    #[error("{}: there is no certificate for the HTTPS door", directory.display())]
    NotInitialised {
        /// Where it should be.
        directory: PathBuf,
    },
    /// No directory is configured and there is no home.
    #[error("neither HOME nor XDG_STATE_HOME is set")]
    NoDirectory,
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The directory or the key can be read by others, or is not the user's.
    #[error("{}: must belong to this user and be closed to others", path.display())]
    NotPrivate {
        /// Which file.
        path: PathBuf,
    },
    /// The directory holds something that is not ours to delete.
    #[error("{}: is not one of Paraphe's files", path.display())]
    ForeignFile {
        /// Which file.
        path: PathBuf,
    },
    /// A file does not hold what it should.
    #[error("{}: {source}", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: CertificateError,
    },
    /// The key is not the certificate's.
    #[error("{}: is not the key of the certificate", path.display())]
    WrongKey {
        /// Which file.
        path: PathBuf,
    },
    /// The certificates are not, or no longer, usable.
    #[error("{}", sentences(.0))]
    Unusable(Vec<LocalhostProblem>),
    /// They could not be made.
    #[error(transparent)]
    Making(#[from] LocalhostError),
}

impl TrustError {
    /// The same as a problem that a person can act on.
    #[must_use]
    pub fn problem(&self, language: Language) -> Problem {
        let detail = match language {
            Language::French => self.french(),
            Language::English => match self {
                Self::File { path, source } => {
                    format!("{}: {}", path.display(), system_error(source).english)
                }
                other => other.to_string(),
            },
        };
        let mut problem =
            Problem::new(ErrorCode::ConfigurationInvalid, language).with_detail(detail);
        let (title, remedy) = match (language, self) {
            (Language::French, Self::NotInitialised { .. }) => (
                "La porte HTTPS de l'agent n'a pas encore de certificat.",
                "Lancez une fois `sudo paraphe trust install`, ou sans droits `paraphe trust init`.",
            ),
            (Language::English, Self::NotInitialised { .. }) => (
                "The agent's HTTPS door has no certificate yet.",
                "Run `sudo paraphe trust install` once, or without privileges `paraphe trust init`.",
            ),
            (
                Language::French,
                Self::Unusable(_) | Self::WrongKey { .. } | Self::Certificate { .. },
            ) => (
                "Le certificat de la porte HTTPS n'est pas utilisable.",
                "Lancez `paraphe trust renew`, avec sudo pour le certificat du poste.",
            ),
            (
                Language::English,
                Self::Unusable(_) | Self::WrongKey { .. } | Self::Certificate { .. },
            ) => (
                "The certificate of the HTTPS door cannot be used.",
                "Run `paraphe trust renew`, with sudo for the machine's certificate.",
            ),
            (Language::French, _) => (
                "Le certificat de la porte HTTPS n'a pas pu être lu ou écrit.",
                "Vérifiez le propriétaire et les droits du répertoire nommé.",
            ),
            (Language::English, _) => (
                "The certificate of the HTTPS door could not be read or written.",
                "Check the owner and mode of the directory named.",
            ),
        };
        title.clone_into(&mut problem.title);
        remedy.clone_into(&mut problem.remedy.text);
        problem
    }

    fn french(&self) -> String {
        let (path, sentence) = match self {
            Self::NotInitialised { directory } => (directory, "aucun certificat"),
            Self::NotPrivate { path } => {
                (path, "doit appartenir à ce compte et être fermé aux autres")
            }
            Self::ForeignFile { path } => (path, "ce fichier n'est pas de Paraphe"),
            Self::WrongKey { path } => (path, "ce n'est pas la clé du certificat"),
            Self::NoDirectory => return "ni HOME ni XDG_STATE_HOME n'est défini".to_owned(),
            Self::File { path, source } => {
                return format!("{} : {}", path.display(), system_error(source).french);
            }
            // What the crypto library said, as it said it.
            other => return other.to_string(),
        };
        format!("{} : {sentence}", path.display())
    }
}

fn sentences(problems: &[LocalhostProblem]) -> String {
    let sentences: Vec<String> = problems.iter().map(ToString::to_string).collect();
    sentences.join("; ")
}
