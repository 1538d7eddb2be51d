//! Whether a program named in the configuration may be run: a regular, executable file that nobody but root and this user can
//! change, in directories of which the same holds (a sticky directory of root's, such as /tmp, lets others make files of
//! their own and not touch this one). A link is followed first; what it leads to is what is judged and run.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const WRITABLE_BY_GROUP: u32 = 0o020;
const WRITABLE_BY_OTHERS: u32 = 0o002;
const STICKY: u32 = 0o1000;
const EXECUTABLE: u32 = 0o111;
const ROOT: u32 = 0;

/// Why a program is not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustedFileError {
    /// It is not there, or cannot be looked at.
    #[error("{}: {source}", path.display())]
    Unreachable {
        /// The program.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is a directory, or may not be executed.
    #[error("{}: not an executable file", path.display())]
    NotExecutable {
        /// The program.
        path: PathBuf,
    },
    /// Others can change it, or put something else in its place.
    #[error("{}: others can write here", path.display())]
    WritableByOthers {
        /// The file or directory that others can write.
        path: PathBuf,
    },
}

/// The program to run: `path` with every link followed.
///
/// # Errors
/// [`TrustedFileError`].
pub fn trusted_program(path: &Path) -> Result<PathBuf, TrustedFileError> {
    let unreachable = |source| TrustedFileError::Unreachable {
        path: path.to_owned(),
        source,
    };
    let program = fs::canonicalize(path).map_err(unreachable)?;
    let metadata = fs::symlink_metadata(&program).map_err(unreachable)?;
    if !metadata.is_file() || metadata.mode() & EXECUTABLE == 0 {
        return Err(TrustedFileError::NotExecutable { path: program });
    }
    if !is_ours(&metadata) || metadata.mode() & (WRITABLE_BY_GROUP | WRITABLE_BY_OTHERS) != 0 {
        return Err(TrustedFileError::WritableByOthers { path: program });
    }
    for directory in program.ancestors().skip(1) {
        let metadata = fs::symlink_metadata(directory).map_err(unreachable)?;
        if !is_ours(&metadata) || is_open_to_others(&metadata) {
            return Err(TrustedFileError::WritableByOthers {
                path: directory.to_owned(),
            });
        }
    }
    Ok(program)
}

fn is_ours(metadata: &Metadata) -> bool {
    [ROOT, rustix::process::geteuid().as_raw()].contains(&metadata.uid())
}

/// Root's own group may write a directory; any other group is others.
fn is_open_to_others(directory: &Metadata) -> bool {
    let mode = directory.mode();
    let by_a_group = mode & WRITABLE_BY_GROUP != 0 && directory.gid() != ROOT;
    let is_open = by_a_group || mode & WRITABLE_BY_OTHERS != 0;
    is_open && mode & STICKY == 0
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    use super::{TrustedFileError, trusted_program};

    fn program(directory: &Path, mode: u32) -> PathBuf {
        let path = directory.join("adapter");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_private_program_is_run_and_a_link_leads_to_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = program(directory.path(), 0o755);
        let real = fs::canonicalize(&path).unwrap();
        assert_eq!(trusted_program(&path).unwrap(), real);
        let link = directory.path().join("link");
        symlink(&path, &link).unwrap();
        assert_eq!(trusted_program(&link).unwrap(), real);
    }

    #[test]
    fn what_others_can_change_is_not() {
        let directory = tempfile::tempdir().unwrap();
        for mode in [0o777, 0o775, 0o757] {
            let path = program(directory.path(), mode);
            assert!(
                matches!(
                    trusted_program(&path),
                    Err(TrustedFileError::WritableByOthers { .. })
                ),
                "{mode:o}"
            );
        }
        let path = program(directory.path(), 0o755);
        fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).unwrap();
        let refused = trusted_program(&path).unwrap_err();
        let TrustedFileError::WritableByOthers { path: place } = refused else {
            panic!("{refused}")
        };
        assert_eq!(place, fs::canonicalize(directory.path()).unwrap());
    }

    #[test]
    fn what_is_no_program_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = program(directory.path(), 0o644);
        assert!(matches!(
            trusted_program(&path),
            Err(TrustedFileError::NotExecutable { .. })
        ));
        assert!(matches!(
            trusted_program(directory.path()),
            Err(TrustedFileError::NotExecutable { .. })
        ));
        assert!(matches!(
            trusted_program(&directory.path().join("missing")),
            Err(TrustedFileError::Unreachable { .. })
        ));
    }
}
