//! Why the browsers of this machine cannot be told of the agent, with what to do. Nothing of another's policies is overwritten.

use std::path::{Path, PathBuf};

use paraphe_protocol::api::{ErrorCode, Language, Problem};

use crate::problem::system_error;
use crate::trust::TrustError;

/// Why the browsers of this machine cannot be told of the agent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// Only root writes policies of the machine.
    #[error("policies of the machine's browsers are written by root")]
    NotRoot,
    /// Whose agents are to read the certificate's key is not known.
    #[error("who works with the agent is not named")]
    NobodyNamed,
    /// No such user or group.
    #[error("{name}: no such user or group on this machine")]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// A policy file stands in the way.
    #[error("{}: {fault}", path.display())]
    Policy {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        fault: PolicyFault,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] TrustError),
}

/// What is wrong with a policy file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFault {
    /// Another file sets this policy; browsers take one file's only.
    #[error("sets the policy {0} already, and browsers take one file's only")]
    SetElsewhere(&'static str),
    /// There is a file of our name that was not written by us.
    #[error("was not written by this installation")]
    Foreign,
    /// A file in /etc would hide this one from Firefox.
    #[error("would be hidden from Firefox by a file in /etc/firefox/policies")]
    Hidden,
    /// Not JSON.
    #[error("is not JSON")]
    NotJson,
    /// No object `policies`.
    #[error("has no object \"policies\"")]
    NoPolicies,
    /// The policy or its list has another form.
    #[error("{0}, {1}: not the list that Firefox reads")]
    Unexpected(&'static str, &'static str),
    /// Longer than any policy file.
    #[error("is too long")]
    TooLong,
}

impl InstallError {
    pub(super) fn file(path: &Path, source: std::io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn policy(path: &Path, fault: PolicyFault) -> Self {
        Self::Policy {
            path: path.to_owned(),
            fault,
        }
    }

    /// The same as a problem that a person can act on.
    #[must_use]
    pub fn problem(&self, language: Language) -> Problem {
        if let Self::Certificate(error) = self {
            return error.problem(language);
        }
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
        let (french, english) = self.remedy();
        let (title, remedy) = match language {
            Language::French => ("Les navigateurs du poste n'ont pas été réglés.", french),
            Language::English => ("The workstation's browsers were not set up.", english),
        };
        title.clone_into(&mut problem.title);
        remedy.clone_into(&mut problem.remedy.text);
        problem
    }

    fn remedy(&self) -> (&'static str, &'static str) {
        match self {
            Self::NotRoot => (
                "Relancez la commande avec sudo. `--root DIR` écrit dans une arborescence à vous.",
                "Run the command again with sudo. `--root DIR` writes to a tree of your own.",
            ),
            Self::NobodyNamed | Self::Unknown { .. } => (
                "Nommez qui travaille avec l'agent : `--user NOM`, ou `--group NOM` pour un groupe.",
                "Name who works with the agent: `--user NAME`, or `--group NAME` for a group.",
            ),
            Self::Policy { fault, .. } => match fault {
                PolicyFault::SetElsewhere(_) => (
                    "Les règles du fichier nommé restent les vôtres : retirez-en cette règle, ou ajoutez-y les valeurs que \
                     `paraphe trust install --root DIR` écrit dans DIR.",
                    "The rules of the file named stay yours: take that policy out of it, or add to it the values that \
                     `paraphe trust install --root DIR` writes in DIR.",
                ),
                PolicyFault::Hidden => (
                    "Déplacez ce fichier vers /etc/firefox/policies/policies.json, puis recommencez : les règles y seront ajoutées.",
                    "Move this file to /etc/firefox/policies/policies.json, then try again: the rules will be added there.",
                ),
                PolicyFault::Foreign => (
                    "Renommez le fichier nommé, ou supprimez-le s'il vient d'une installation plus ancienne.",
                    "Rename the file named, or delete it if it is left from an older installation.",
                ),
                _ => (
                    "Corrigez le fichier nommé ; Firefox ne le lit pas non plus tel quel.",
                    "Mend the file named; Firefox does not read it as it is either.",
                ),
            },
            Self::File { .. } | Self::Certificate(_) => (
                "Vérifiez le propriétaire et les droits du fichier nommé.",
                "Check the owner and mode of the file named.",
            ),
        }
    }

    fn french(&self) -> String {
        let (path, sentence) = match self {
            Self::NotRoot => {
                return "Les règles des navigateurs du poste s'écrivent en tant que root."
                    .to_owned();
            }
            Self::NobodyNamed => return "Qui travaille avec l'agent n'est pas nommé.".to_owned(),
            Self::Unknown { name } => {
                return format!("{name} : aucun utilisateur ni groupe de ce nom sur ce poste");
            }
            Self::File { path, source } => {
                return format!("{} : {}", path.display(), system_error(source).french);
            }
            Self::Certificate(error) => return error.to_string(),
            Self::Policy { path, fault } => (path, fault.french()),
        };
        format!("{} : {sentence}", path.display())
    }
}

impl PolicyFault {
    fn french(self) -> String {
        match self {
            Self::SetElsewhere(policy) => format!(
                "fixe déjà la règle {policy}, et les navigateurs n'en retiennent que d'un fichier"
            ),
            Self::Foreign => "n'a pas été écrit par cette installation".to_owned(),
            Self::Hidden => {
                "serait caché à Firefox par un fichier dans /etc/firefox/policies".to_owned()
            }
            Self::NotJson => "n'est pas du JSON".to_owned(),
            Self::NoPolicies => "n'a pas d'objet « policies »".to_owned(),
            Self::Unexpected(policy, list) => {
                format!("{policy}, {list} : pas la liste que Firefox lit")
            }
            Self::TooLong => "est trop long".to_owned(),
        }
    }
}
