//! Where the configuration and the agent's files are: the XDG base directory specification (version 0.8), with its
//! fallbacks under the home directory. A relative value of an XDG variable is ignored, as the specification says.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{Config, ConfigError, file};

/// The administrator's file.
const SYSTEM_FILE: &str = "/etc/paraphe/config.toml";

/// The directories that the environment names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directories {
    /// `$XDG_CONFIG_HOME/paraphe`.
    pub config: Option<PathBuf>,
    /// `$XDG_STATE_HOME/paraphe`.
    pub state: Option<PathBuf>,
    /// `$XDG_RUNTIME_DIR/paraphe`; there is no fallback.
    pub runtime: Option<PathBuf>,
}

impl Directories {
    /// From this process's environment.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_lookup(|name| std::env::var_os(name))
    }

    /// From any lookup of variables.
    #[must_use]
    pub fn from_lookup(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let absolute = |name: &str| {
            variable(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let home = absolute("HOME");
        let of = |name: &str, fallback: &str| {
            absolute(name)
                .or_else(|| home.as_ref().map(|home| home.join(fallback)))
                .map(|path| path.join("paraphe"))
        };
        Self {
            config: of("XDG_CONFIG_HOME", ".config"),
            state: of("XDG_STATE_HOME", ".local/state"),
            runtime: absolute("XDG_RUNTIME_DIR").map(|path| path.join("paraphe")),
        }
    }

    /// The Unix socket of the agent.
    #[must_use]
    pub fn socket(&self) -> Option<PathBuf> {
        self.runtime.as_ref().map(|path| path.join("agent.sock"))
    }

    /// Where the HTTPS door's certificate and key are.
    #[must_use]
    pub fn tls(&self, config: &Config) -> Option<PathBuf> {
        config
            .tls_directory
            .clone()
            .or_else(|| self.state.as_ref().map(|path| path.join("tls")))
    }
}

impl Config {
    /// Read the configuration: the file given, else the first that exists in the search order, else defaults.
    ///
    /// # Errors
    /// A file that is given and cannot be read, or that breaks a rule.
    pub fn load(given: Option<&Path>, directories: &Directories) -> Result<Self, ConfigError> {
        if let Some(path) = given {
            return file::read(path)?.ok_or_else(|| ConfigError::Unreadable {
                path: path.to_owned(),
                source: std::io::ErrorKind::NotFound.into(),
            });
        }
        let personal = directories
            .config
            .as_ref()
            .map(|path| path.join("config.toml"));
        for path in personal.into_iter().chain([PathBuf::from(SYSTEM_FILE)]) {
            if let Some(config) = file::read(&path)? {
                return Ok(config);
            }
        }
        Ok(Self::default())
    }

    /// Read a configuration from a text; `path` is what errors name.
    ///
    /// # Errors
    /// The text breaks a rule.
    pub fn from_toml(text: &str, path: &Path) -> Result<Self, ConfigError> {
        file::parse(text, path)
    }
}
