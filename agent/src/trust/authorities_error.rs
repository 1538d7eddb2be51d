//! Why authorities are not installed or taken away, with what to do.

use std::path::PathBuf;

use paraphe_certs::UnixTime;
use paraphe_protocol::api::{ErrorCode, Language, Problem};

use crate::problem::system_error;

/// Why authorities are not installed or taken away. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthoritiesError {
    /// A file or a directory cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file holds something else than certificates.
    #[error("{}: {detail}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What was met.
        detail: String,
    },
    /// More certificates than any chain has.
    #[error("more certificates than authorities have")]
    TooMany,
    /// A certificate of a person, a structure or a machine.
    #[error("{subject} is not an authority that may issue certificates")]
    NotAnAuthority {
        /// Its subject.
        subject: String,
    },
    /// Expired, or not valid yet.
    #[error("{subject} is valid from {not_before} to {not_after} only")]
    NotValid {
        /// Its subject.
        subject: String,
        /// From when.
        not_before: UnixTime,
        /// Until when.
        not_after: UnixTime,
    },
    /// A root whose own signature is wrong, or with an algorithm that is not accepted.
    #[error("the signature of {subject} on its own certificate does not hold")]
    BadSignature {
        /// Its subject.
        subject: String,
    },
    /// Neither given nor installed is who issued it.
    #[error("{issuer}, which issued the certificate of {subject}, is not among the authorities")]
    UnknownIssuer {
        /// Its subject.
        subject: String,
        /// Who is missing.
        issuer: String,
    },
    /// Test and production together.
    #[error("test and production are never mixed: {one} with {other}")]
    Mixed {
        /// One of them.
        one: String,
        /// Another.
        other: String,
    },
    /// A test authority where the configuration accepts production only.
    #[error("{subject} is a test authority, and the configuration accepts production only")]
    TestInProduction {
        /// Its subject.
        subject: String,
    },
    /// No authority has this fingerprint.
    #[error("no authority has the SHA-256 fingerprint {fingerprint}")]
    UnknownFingerprint {
        /// As it was written.
        fingerprint: String,
    },
    /// A root that nobody confirmed.
    #[error("the root with the fingerprint {fingerprint} was not confirmed")]
    NotConfirmed {
        /// Its fingerprint.
        fingerprint: String,
    },
}

impl AuthoritiesError {
    /// The same as a problem that a person can act on.
    #[must_use]
    pub fn problem(&self, language: Language) -> Problem {
        let code = match self {
            Self::NotAnAuthority { .. }
            | Self::NotValid { .. }
            | Self::BadSignature { .. }
            | Self::Unreadable { .. } => ErrorCode::CertificateInvalid,
            Self::UnknownIssuer { .. } => ErrorCode::CertificateNotTrusted,
            _ => ErrorCode::ConfigurationInvalid,
        };
        let detail = match language {
            Language::French => self.french(),
            Language::English => match self {
                Self::File { path, source } => {
                    format!("{}: {}", path.display(), system_error(source).english)
                }
                other => other.to_string(),
            },
        };
        let mut problem = Problem::new(code, language).with_detail(detail);
        let (title, remedy) = match language {
            Language::French => (
                "Les autorités n'ont pas été changées.",
                self.french_remedy(),
            ),
            Language::English => ("The authorities were not changed.", self.english_remedy()),
        };
        title.clone_into(&mut problem.title);
        remedy.clone_into(&mut problem.remedy.text);
        problem
    }

    fn french(&self) -> String {
        match self {
            Self::File { path, source } => {
                format!("{} : {}", path.display(), system_error(source).french)
            }
            Self::Unreadable { path, detail } => format!("{} : {detail}", path.display()),
            Self::TooMany => "plus de certificats que n'en ont les autorités".to_owned(),
            Self::NotAnAuthority { subject } => {
                format!("{subject} n'est pas une autorité qui peut émettre des certificats")
            }
            Self::NotValid {
                subject,
                not_before,
                not_after,
            } => format!("{subject} n'est valable que du {not_before} au {not_after}"),
            Self::BadSignature { subject } => {
                format!("la signature de {subject} sur son propre certificat est fausse")
            }
            Self::UnknownIssuer { subject, issuer } => format!(
                "{issuer}, qui a émis le certificat de {subject}, ne figure pas parmi les autorités"
            ),
            Self::Mixed { one, other } => {
                format!("test et production ne se mélangent jamais : {one} avec {other}")
            }
            Self::TestInProduction { subject } => format!(
                "{subject} est une autorité de test, et la configuration n'admet que la production"
            ),
            Self::UnknownFingerprint { fingerprint } => {
                format!("aucune autorité n'a l'empreinte SHA-256 {fingerprint}")
            }
            Self::NotConfirmed { fingerprint } => {
                format!("la racine d'empreinte {fingerprint} n'a pas été confirmée")
            }
        }
    }

    fn french_remedy(&self) -> &'static str {
        match self {
            Self::File { .. } => {
                "Vérifiez le chemin et les droits ; sous /etc, la commande se lance en administrateur."
            }
            Self::UnknownIssuer { .. } => "Donnez toute la chaîne, racine comprise.",
            Self::Mixed { .. } => {
                "Retirez d'abord les autorités de l'autre environnement (`paraphe trust anchors remove`)."
            }
            Self::TestInProduction { .. } => {
                "Sur un poste de test seulement : accept_test = true dans [trust]."
            }
            Self::UnknownFingerprint { .. } => {
                "Copiez l'empreinte entière de `paraphe trust anchors list`."
            }
            Self::NotConfirmed { .. } => {
                "Comparez l'empreinte à celle que l'autorité publie, puis confirmez, ou donnez-la avec --yes."
            }
            _ => "Reprenez le fichier à la source de l'autorité.",
        }
    }

    fn english_remedy(&self) -> &'static str {
        match self {
            Self::File { .. } => "Check the path and its mode; below /etc, run as administrator.",
            Self::UnknownIssuer { .. } => "Give the whole chain, the root included.",
            Self::Mixed { .. } => {
                "First take away the authorities of the other environment (`paraphe trust anchors remove`)."
            }
            Self::TestInProduction { .. } => {
                "On a test workstation only: accept_test = true in [trust]."
            }
            Self::UnknownFingerprint { .. } => {
                "Copy the whole fingerprint from `paraphe trust anchors list`."
            }
            Self::NotConfirmed { .. } => {
                "Compare the fingerprint with the one that the authority publishes, then confirm, or give it with --yes."
            }
            _ => "Take the file again from where the authority publishes it.",
        }
    }
}
