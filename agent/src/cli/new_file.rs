//! Files that a command makes: whole or not at all, never over an existing one, for this user only.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::failure::Failure;

/// A file on its way to its name.
#[derive(Debug)]
pub(super) struct NewFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl NewFile {
    /// Begins; refused where `path` exists.
    pub(super) fn begin(path: &Path) -> Result<Self, Failure> {
        if path.symlink_metadata().is_ok() {
            return Err(failed(path, std::io::ErrorKind::AlreadyExists.into()));
        }
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let file = NamedTempFile::new_in(directory).map_err(|source| failed(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Adds bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.file.write_all(bytes);
        written.map_err(|source| failed(&self.path, source))
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let synced = self.file.as_file().sync_all();
        synced
            .and_then(|()| {
                let named = self.file.persist_noclobber(&self.path);
                named.map(drop).map_err(|error| error.error)
            })
            .map_err(|source| failed(&self.path, source))
    }
}

/// Write a whole file.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let mut file = NewFile::begin(path)?;
    file.write(content)?;
    file.finish()
}

pub(super) fn failed(path: &Path, source: std::io::Error) -> Failure {
    Failure::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::os::unix::fs::PermissionsExt;

    use super::write;

    #[test]
    fn a_file_that_exists_is_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("signature.xml");
        write(&path, b"first").unwrap();
        assert!(write(&path, b"second").is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let left = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(left, 1, "a temporary file was left");
    }
}
