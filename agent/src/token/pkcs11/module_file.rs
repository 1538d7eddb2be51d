//! The rules for the file of a module, which becomes part of a process of ours: a regular file of root or of this user, that
//! nobody else can write, in a directory for which the same holds. The path comes from the configuration and from nowhere
//! else (CVE-2023-38408 shows why). Links are followed first, so that the rules are about what is loaded.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Write permission of group and others.
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Why a file is not loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FileFault {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// It cannot be looked at.
    #[error("it cannot be read")]
    Unreadable,
    /// It is no regular file.
    #[error("it is not a regular file")]
    NotAFile,
    /// It belongs to another user than root and this one.
    #[error("it belongs to another user")]
    AnotherOwner,
    /// Others can write it.
    #[error("others can write it")]
    Writable,
    /// Its directory belongs to another user, or others can write it.
    #[error("others can write its directory")]
    DirectoryWritable,
}

/// The file behind `path`, if it may be loaded.
pub(super) fn check(path: &Path) -> Result<PathBuf, FileFault> {
    let said = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => FileFault::Missing,
        _ => FileFault::Unreadable,
    };
    let file = path.canonicalize().map_err(said)?;
    let metadata = file.metadata().map_err(said)?;
    if !metadata.is_file() {
        return Err(FileFault::NotAFile);
    }
    if !is_ours(&metadata) {
        return Err(FileFault::AnotherOwner);
    }
    if metadata.mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(FileFault::Writable);
    }
    let directory = file.parent().ok_or(FileFault::NotAFile)?;
    let metadata = directory.metadata().map_err(said)?;
    if !is_ours(&metadata) || metadata.mode() & WRITABLE_BY_OTHERS != 0 {
        return Err(FileFault::DirectoryWritable);
    }
    Ok(file)
}

fn is_ours(metadata: &std::fs::Metadata) -> bool {
    [0, rustix::process::geteuid().as_raw()].contains(&metadata.uid())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::{FileFault, check};

    #[test]
    fn what_others_can_write_is_not_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().canonicalize().unwrap().join("modules");
        create_dir(&directory).unwrap();
        let file = directory.join("module.so");
        let link = folder.path().join("link.so");
        symlink(&file, &link).unwrap();
        assert_eq!(check(&file), Err(FileFault::Missing));
        write(&file, b"").unwrap();
        let mode = |path, mode| set_permissions(path, Permissions::from_mode(mode)).unwrap();
        mode(&directory, 0o755);
        mode(&file, 0o755);
        assert_eq!(check(&file), Ok(file.clone()));
        assert_eq!(check(&link), Ok(file.clone()));
        for others in [0o775, 0o757] {
            mode(&file, others);
            assert_eq!(check(&link), Err(FileFault::Writable));
            mode(&file, 0o644);
            mode(&directory, others);
            assert_eq!(check(&link), Err(FileFault::DirectoryWritable));
            mode(&directory, 0o755);
        }
        assert_eq!(check(&directory), Err(FileFault::NotAFile));
        assert_eq!(check(&file.join("below")), Err(FileFault::Missing));
    }
}
