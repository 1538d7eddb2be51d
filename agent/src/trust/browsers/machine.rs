//! The machine whose files are written: the running one, or a tree of files that a package or an image is made of, as packagers
//! know it (`--root DIR`). Paths inside the files that are written are those of the machine when it runs.

use std::path::{Path, PathBuf};

/// Where the machine's own certificate is, where the configuration does not say it.
pub const MACHINE_TLS_DIRECTORY: &str = "/var/lib/paraphe/tls";

/// The root of the machine's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineRoot(PathBuf);

impl MachineRoot {
    /// The running machine.
    #[must_use]
    pub fn running() -> Self {
        Self(PathBuf::from("/"))
    }

    /// A tree of files.
    #[must_use]
    pub fn tree(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    /// Whether it is the running machine.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0 == Path::new("/")
    }

    /// Where a path of the machine is now; a leading `/` is its root.
    #[must_use]
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }
}
