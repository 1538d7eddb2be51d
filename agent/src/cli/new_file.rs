//! Files that a command makes: whole or not at all, never over an existing one, for this user only.

use std::io::Write;
use std::path::Path;

use tempfile::NamedTempFile;

use super::failure::Failure;

/// Write a whole file.
pub(super) fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let written = NamedTempFile::new_in(directory).and_then(|mut file| {
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist_noclobber(path)
            .map(drop)
            .map_err(|error| error.error)
    });
    written.map_err(|source| failed(path, source))
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
