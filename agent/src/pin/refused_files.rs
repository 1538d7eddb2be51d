//! Files and descriptors of unattended work whose code a card refused. A script that runs again would present the same wrong
//! code again, until one try is left; so such a file is not used again, by whatever process, until something was written to
//! it. What is remembered is which file it was and when it was last written (stat(2)), never what is in it.

use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file that remembers, one line a refused file.
const REGISTER: &str = "refused-pin-files";
/// Lines beyond which it is begun anew: those of files long gone.
const MAXIMUM_LINES: usize = 512;

/// What is remembered in one state directory.
#[derive(Debug, Clone)]
pub struct RefusedFiles {
    register: PathBuf,
}

impl RefusedFiles {
    /// Remembered in this directory, which need not exist yet.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        Self {
            register: directory.join(REGISTER),
        }
    }

    pub(super) fn has(&self, identity: &str) -> bool {
        self.lines().iter().any(|line| line == identity)
    }

    /// Remembers; what cannot be remembered is told in the log.
    pub(super) fn add(&self, identity: &str) {
        if let Err(error) = self.write(identity) {
            tracing::warn!(%error, "a PIN file that a card refused cannot be remembered");
        }
    }

    fn write(&self, identity: &str) -> io::Result<()> {
        if let Some(directory) = self.register.parent() {
            fs::create_dir_all(directory)?;
        }
        let is_full = self.lines().len() >= MAXIMUM_LINES;
        let mut file = OpenOptions::new()
            .create(true)
            .append(!is_full)
            .write(true)
            .truncate(is_full)
            .mode(0o600)
            .open(&self.register)?;
        writeln!(file, "{identity}")
    }

    fn lines(&self) -> Vec<String> {
        // No register, no refusal.
        let text = fs::read_to_string(&self.register).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// Which file, and when it was last written; `None` for a pipe, which cannot be read twice.
pub(super) fn identity(metadata: &Metadata) -> Option<String> {
    metadata.is_file().then(|| {
        format!(
            "{}:{} {}.{:09}",
            metadata.dev(),
            metadata.ino(),
            metadata.mtime(),
            metadata.mtime_nsec()
        )
    })
}
