//! A refused configuration told to a person, in French or English, as the problem document of every other error.

use paraphe_protocol::api::{ErrorCode, Language, Problem};

use super::error::Fault;
use super::{ConfigError, SiteOriginError};

impl ConfigError {
    /// The same as a problem that a person can act on.
    #[must_use]
    pub fn problem(&self, language: Language) -> Problem {
        Problem::new(ErrorCode::ConfigurationInvalid, language).with_detail(self.sentence(language))
    }

    fn sentence(&self, language: Language) -> String {
        let Language::French = language else {
            if let Self::Unreadable { path, source } = self {
                let said = crate::problem::system_error(source).english;
                return format!("{}: cannot be read: {said}.", path.display());
            }
            return format!("{self}. docs/configuration.md describes every key.");
        };
        let what = match self {
            Self::Unreadable { path, source } => {
                let said = crate::problem::system_error(source).french;
                format!("{} : lecture impossible ({said})", path.display())
            }
            Self::TooLong { path, limit } => {
                format!("{} : plus de {limit} octets", path.display())
            }
            Self::Syntax {
                path,
                line,
                message,
            } => {
                format!("{}, ligne {line} : {message}", path.display())
            }
            Self::Value {
                path,
                line,
                key,
                fault,
            } => {
                format!(
                    "{}, ligne {line}, {key} : {}",
                    path.display(),
                    fault.french()
                )
            }
        };
        format!("{what}. docs/configuration.md décrit chaque clé.")
    }
}

impl Fault {
    fn french(&self) -> String {
        match self {
            Self::Origin(SiteOriginError::NotAnOrigin(_)) => {
                "écrivez https://hôte[:port], en minuscules, sans chemin, ni barre finale, ni joker"
                    .to_owned()
            }
            Self::Origin(SiteOriginError::Loopback) => {
                "un site de ce poste même (localhost, 127.0.0.0/8, ::1) n'est pas admis".to_owned()
            }
            Self::Name(_) => {
                "un nom se compose de 1 à 64 minuscules, chiffres et tirets".to_owned()
            }
            Self::Audience(_) => {
                "une audience se compose de 1 à 255 caractères ASCII visibles, sans espace"
                    .to_owned()
            }
            Self::Sector(_) => "un secteur d'activité s'écrit SA et deux chiffres".to_owned(),
            Self::Resource(_) => {
                "une ressource s'écrit urn: puis lettres, chiffres, deux-points, tirets".to_owned()
            }
            Self::Reserved => "ce nom a déjà un autre sens".to_owned(),
            Self::Twice => "figure deux fois".to_owned(),
            Self::UnknownRecordServer(name) => {
                format!("aucun [[record_server]] ne porte le nom {name:?}")
            }
            Self::Right => {
                "un droit est log-in, read-patient, read-professional ou sign".to_owned()
            }
            Self::Range { least, most } => format!("doit aller de {least} à {most}"),
            Self::NotAbsolute => "doit être un chemin absolu".to_owned(),
            Self::OneOf(one, other) => format!("demande soit {one}, soit {other}"),
            Self::WebAddress => {
                "doit être une adresse http:// ou https://, sans nom d'utilisateur".to_owned()
            }
            Self::Host => {
                "doit être un nom d'hôte ou une adresse IP, sans schéma, port ni chemin".to_owned()
            }
            Self::ObjectIdentifier => "doit être un identifiant d'objet tel que 1.2.3.4".to_owned(),
            Self::Text(most) => format!("doit compter de 1 à {most} caractères imprimables"),
        }
    }
}
