//! Options that all commands share. None takes a PIN: it is asked for, or comes from a descriptor or a private file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use paraphe_protocol::api::Language;

#[derive(Debug, Args)]
#[command(next_help_heading = "Options communes / common options")]
pub(super) struct CommonOptions {
    /// Affiche exactement la réponse de l'API / prints exactly the API's answer
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Nom exact du lecteur / exact reader name
    #[arg(long, global = true, value_name = "NOM/NAME")]
    pub(super) reader: Option<String>,
    /// Numéro de série de la carte attendue / serial of the card that is meant
    #[arg(long, global = true, value_name = "SERIAL")]
    pub(super) card: Option<String>,
    /// Descripteur d'où lire le code, sans surveillance / descriptor to read the PIN from, unattended
    #[arg(long, global = true, value_name = "N", conflicts_with = "pin_file")]
    pub(super) pin_fd: Option<u32>,
    /// Fichier privé d'où lire le code / private file to read the PIN from
    #[arg(long, global = true, value_name = "PATH")]
    pub(super) pin_file: Option<PathBuf>,
    /// Fichier de configuration / configuration file
    #[arg(long, global = true, value_name = "PATH")]
    pub(super) config: Option<PathBuf>,
    /// Langue / language; défaut / default: LANG
    #[arg(long, global = true, value_name = "fr|en")]
    language: Option<LanguageOption>,
    /// Carte simulée : nom ou fichier de profil ; répétable / simulated card: profile name or file; repeatable
    #[cfg(feature = "softcard")]
    #[arg(long, global = true, value_name = "PROFILE")]
    pub(super) soft_card: Vec<String>,
    /// Répertoire de l'IGC d'essai des cartes simulées / directory of the simulated cards' test PKI
    #[cfg(feature = "softcard")]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) soft_pki: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LanguageOption {
    Fr,
    En,
}

impl CommonOptions {
    /// The language asked for, else that of the locale.
    pub(super) fn language(&self) -> Language {
        match self.language {
            Some(LanguageOption::Fr) => Language::French,
            Some(LanguageOption::En) => Language::English,
            None => language_of_locale(|name| std::env::var(name).ok()),
        }
    }

    /// Whether the work must be done in this very process: what was given here is not the running agent's.
    pub(super) fn in_this_process(&self) -> bool {
        #[cfg(feature = "softcard")]
        if !self.soft_card.is_empty() {
            return true;
        }
        self.pin_fd.is_some() || self.pin_file.is_some() || self.config.is_some()
    }
}

/// The language of messages (POSIX, Locale, 8.2): the first of the three that is set and not empty decides. French unless it
/// says English.
pub(super) fn language_of_locale(variable: impl Fn(&str) -> Option<String>) -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(variable)
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    if locale.starts_with("en") {
        Language::English
    } else {
        Language::French
    }
}
