//! Whether a file that the configuration names may become part of the agent's work: a program that is run, a module that is
//! loaded. A regular file that nobody but root and this user can change, in directories of which the same holds, up to the
//! root (a sticky directory of root's, such as /tmp, lets others make files of their own and not touch this one). The path
//! comes from the configuration and from nowhere else (CVE-2023-38408 shows why). A link is followed first; what it leads to
//! is what is judged and used.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::root_owner::is_root;

const WRITABLE_BY_GROUP: u32 = 0o020;
const WRITABLE_BY_OTHERS: u32 = 0o002;
const STICKY: u32 = 0o1000;
const EXECUTABLE: u32 = 0o111;
/// Root's own group; in a namespace that hides root any group is another.
const ROOT_GROUP: u32 = 0;

/// What a file is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileUse {
    /// To be loaded; it need not be executable.
    Load,
    /// To be run.
    Run,
}

/// A file that is not used, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct TrustedFileError {
    /// The file or directory that breaks the rule.
    pub path: PathBuf,
    /// The rule.
    pub fault: FileFault,
}

/// The rule that a file or a directory above it breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FileFault {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// It cannot be looked at.
    #[error("it cannot be looked at")]
    Unreadable,
    /// It is no regular file.
    #[error("not a regular file")]
    NotAFile,
    /// It is wanted as a program and may not be executed.
    #[error("not an executable file")]
    NotExecutable,
    /// It belongs to another user than root and this one.
    #[error("it belongs to another user")]
    AnotherOwner,
    /// Others can write it.
    #[error("others can write it")]
    Writable,
    /// A directory above it belongs to another user, or others can write it.
    #[error("others can write this directory")]
    DirectoryWritable,
}

/// The file to use: `path` with every link followed.
///
/// # Errors
/// [`TrustedFileError`].
pub fn trusted_file(path: &Path, wanted: FileUse) -> Result<PathBuf, TrustedFileError> {
    let unreachable = |error: io::Error| {
        let fault = match error.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => FileFault::Missing,
            _ => FileFault::Unreadable,
        };
        error_of(path, fault)
    };
    let file = fs::canonicalize(path).map_err(unreachable)?;
    let metadata = fs::symlink_metadata(&file).map_err(unreachable)?;
    let fault = if !metadata.is_file() {
        Some(FileFault::NotAFile)
    } else if wanted == FileUse::Run && metadata.mode() & EXECUTABLE == 0 {
        Some(FileFault::NotExecutable)
    } else if !is_ours(&metadata) {
        Some(FileFault::AnotherOwner)
    } else if metadata.mode() & (WRITABLE_BY_GROUP | WRITABLE_BY_OTHERS) != 0 {
        Some(FileFault::Writable)
    } else {
        None
    };
    if let Some(fault) = fault {
        return Err(error_of(&file, fault));
    }
    for directory in file.ancestors().skip(1) {
        let metadata = fs::symlink_metadata(directory).map_err(unreachable)?;
        if !is_ours(&metadata) || is_open_to_others(&metadata) {
            return Err(error_of(directory, FileFault::DirectoryWritable));
        }
    }
    Ok(file)
}

fn error_of(path: &Path, fault: FileFault) -> TrustedFileError {
    TrustedFileError {
        path: path.to_owned(),
        fault,
    }
}

fn is_ours(metadata: &Metadata) -> bool {
    let owner = metadata.uid();
    owner == rustix::process::geteuid().as_raw() || is_root(owner)
}

/// Root's own group may write a directory; any other group is others.
fn is_open_to_others(directory: &Metadata) -> bool {
    let mode = directory.mode();
    let by_a_group = mode & WRITABLE_BY_GROUP != 0 && directory.gid() != ROOT_GROUP;
    let is_open = by_a_group || mode & WRITABLE_BY_OTHERS != 0;
    is_open && mode & STICKY == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::{FileFault, FileUse, TrustedFileError, trusted_file};

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_private_file_is_used_and_a_link_leads_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let link = directory.path().join("link");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        symlink(&path, &link).unwrap();
        let real = fs::canonicalize(&path).unwrap();
        mode(&path, 0o755);
        for wanted in [FileUse::Run, FileUse::Load] {
            assert_eq!(trusted_file(&path, wanted).as_ref(), Ok(&real));
            assert_eq!(trusted_file(&link, wanted).as_ref(), Ok(&real));
        }
        mode(&path, 0o644);
        assert_eq!(trusted_file(&link, FileUse::Load), Ok(real.clone()));
        let refused = trusted_file(&link, FileUse::Run);
        let fault = FileFault::NotExecutable;
        assert_eq!(refused, Err(TrustedFileError { path: real, fault }));
    }

    #[test]
    fn what_others_can_change_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path().canonicalize().unwrap();
        let below = directory.join("below");
        fs::create_dir(&below).unwrap();
        mode(&below, 0o755);
        let path = below.join("file");
        fs::write(&path, "").unwrap();
        for wanted in [FileUse::Run, FileUse::Load] {
            for others in [0o777, 0o775, 0o757] {
                mode(&path, others);
                let (path, fault) = (path.clone(), FileFault::Writable);
                assert_eq!(
                    trusted_file(&path, wanted),
                    Err(TrustedFileError { path, fault })
                );
            }
            mode(&path, 0o755);
            // Its directory, and the one above that.
            for open in [&below, &directory] {
                mode(open, 0o757);
                let (path_of, fault) = (open.clone(), FileFault::DirectoryWritable);
                let refused = Err(TrustedFileError {
                    path: path_of,
                    fault,
                });
                assert_eq!(trusted_file(&path, wanted), refused);
                mode(open, 0o755);
            }
            assert!(trusted_file(&path, wanted).is_ok());
        }
    }

    #[test]
    fn what_is_no_file_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "").unwrap();
        for wanted in [FileUse::Run, FileUse::Load] {
            for (path, fault) in [
                (directory.path().to_owned(), FileFault::NotAFile),
                (directory.path().join("missing"), FileFault::Missing),
                (path.join("below"), FileFault::Missing),
            ] {
                assert_eq!(trusted_file(&path, wanted).unwrap_err().fault, fault);
            }
        }
    }
}
