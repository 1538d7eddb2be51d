//! What an installation wrote, kept so that it can be taken back exactly: files with the digest of what was written and with what
//! was there before, directories that were made, entries that were added to Firefox's lists. Written before the first
//! policy file and after the last change, whole each time; read strictly.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::login::Origin;
use serde::{Deserialize, Serialize};

use super::error::InstallError;
use super::firefox::Entries;
use super::machine::MachineRoot;
use crate::whole_file;

/// Where the record is, from the machine's root.
const FILE: &str = "var/lib/paraphe/trust-install.json";
const VERSION: u32 = 1;

/// What an installation wrote. Paths are those of the running machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    version: u32,
    /// Where the certificate is that the browsers were given.
    pub(super) tls_directory: PathBuf,
    /// Sites that were asked for beside those of the configuration.
    pub(super) sites: Vec<Origin>,
    /// Whether names of policies of older browsers are written too.
    pub(super) older_browsers: bool,
    /// Directories that were made, each after the one above it.
    pub(super) directories: Vec<PathBuf>,
    /// Files of our own.
    pub(super) files: Vec<PathBuf>,
    /// What was done to Firefox's file; `None`: nothing.
    pub(super) firefox: Option<FirefoxRecord>,
}

/// What was done to Firefox's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FirefoxRecord {
    /// The whole file before; `None`: there was none.
    pub(super) before: Option<String>,
    /// SHA-256 of what was written, hexadecimal.
    pub(super) written_sha256: String,
    /// The entries that were added.
    pub(super) added: Entries,
}

impl Record {
    pub(super) fn new(tls_directory: PathBuf) -> Self {
        Self {
            version: VERSION,
            tls_directory,
            sites: Vec::new(),
            older_browsers: false,
            directories: Vec::new(),
            files: Vec::new(),
            firefox: None,
        }
    }

    /// The record of this machine; `None`: nothing is installed.
    pub(super) fn read(machine: &MachineRoot) -> Result<Option<Self>, InstallError> {
        let path = machine.at(FILE);
        let failed = |source| InstallError::file(&path, source);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed(source)),
        };
        let record: Self = serde_json::from_str(&text).map_err(|error| failed(error.into()))?;
        if record.version == VERSION {
            Ok(Some(record))
        } else {
            Err(failed(std::io::ErrorKind::InvalidData.into()))
        }
    }

    pub(super) fn write(&mut self, machine: &MachineRoot) -> Result<(), InstallError> {
        let path = machine.at(FILE);
        self.make_directories(machine, &path)?;
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| InstallError::file(&path, error.into()))?;
        write(&path, &text, 0o600)
    }

    pub(super) fn delete(machine: &MachineRoot) -> Result<(), InstallError> {
        delete(&machine.at(FILE))
    }

    /// Make the directories above a file, and remember those that were not there.
    pub(super) fn make_directories(
        &mut self,
        machine: &MachineRoot,
        file: &Path,
    ) -> Result<(), InstallError> {
        let root = machine.at("/");
        let mut missing: Vec<&Path> = file
            .ancestors()
            .skip(1)
            .take_while(|directory| *directory != root && !directory.exists())
            .collect();
        missing.reverse();
        for directory in missing {
            let failed = |source| InstallError::file(directory, source);
            fs::create_dir(directory).map_err(failed)?;
            // Browsers of every user read there, whatever the mask is.
            fs::set_permissions(directory, Permissions::from_mode(0o755)).map_err(failed)?;
            let below = directory.strip_prefix(&root).unwrap_or(directory);
            self.directories.push(Path::new("/").join(below));
        }
        Ok(())
    }
}

/// The digest by which a file is recognised as what was written.
pub(super) fn digest(text: &str) -> String {
    Sha256Digest::of(text.as_bytes()).to_string()
}

/// Write a file whole, in the place of what is there.
pub(super) fn write(path: &Path, text: &str, mode: u32) -> Result<(), InstallError> {
    whole_file::write(path, text.as_bytes(), mode)
        .map_err(|source| InstallError::file(path, source))
}

/// Delete a file; one that is not there is deleted.
pub(super) fn delete(path: &Path) -> Result<(), InstallError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(InstallError::file(path, error))
        }
        _ => Ok(()),
    }
}
