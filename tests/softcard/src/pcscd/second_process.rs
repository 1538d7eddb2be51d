//! The second process of a test. The client library reads the name of `pcscd`'s socket from the environment once a process: so
//! a test runs itself again in a process that has a name of its own, and that second process holds everything: `pcscd` or what
//! stands before it, the cards and the clients.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::symlink;
use std::panic::Location;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PrivatePcscd;

const FOLDER: &str = "PARAPHE_TEST_FOLDER";
const SOCKET: &str = "PCSCLITE_CSOCK_NAME";
const SOCKET_FILE: &str = "comm";

/// Which of its two processes a test is in.
#[derive(Debug)]
pub enum TestProcess {
    /// The first: the test passed in the second one, and this is what it printed.
    First(String),
    /// The second, where the test is done.
    Second(SecondProcess),
}

/// The second process of a test.
#[derive(Debug)]
pub struct SecondProcess {
    folder: PathBuf,
}

/// The test did not pass in its second process.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecondProcessError {
    /// It could not be started.
    #[error("the second process could not be started: {0}")]
    Start(#[from] io::Error),
    /// It failed, or no test has this name.
    #[error("{0}")]
    Failed(String),
}

impl TestProcess {
    /// In the first process: runs the test of this name again. In the second one: says so at once.
    #[track_caller]
    pub fn of_test(test: &str) -> Result<Self, SecondProcessError> {
        if let Some(folder) = env::var_os(FOLDER) {
            let folder = folder.into();
            return Ok(Self::Second(SecondProcess { folder }));
        }
        // The harness names a test by its module too, which is the file that asks.
        let module = Path::new(Location::caller().file()).file_stem();
        let test = match module.and_then(OsStr::to_str) {
            Some(module) if module != "main" => format!("{module}::{test}"),
            _ => test.to_owned(),
        };
        let folder = tempfile::tempdir()?;
        let outcome = Command::new(env::current_exe()?)
            .args(["--exact", &test, "--nocapture", "--include-ignored"])
            .env(SOCKET, folder.path().join(SOCKET_FILE))
            .env(FOLDER, folder.path())
            .output()?;
        let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
        if outcome.status.success() && said.contains("1 passed") {
            return Ok(Self::First(said));
        }
        let errors = String::from_utf8_lossy(&outcome.stderr);
        Err(SecondProcessError::Failed(format!("{said}{errors}")))
    }
}

impl SecondProcess {
    /// Where the client library of this process looks for its server.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join(SOCKET_FILE)
    }

    /// A folder that is there for as long as the test runs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lets the client library of this process find that `pcscd`.
    pub fn lead_to(&self, pcscd: &PrivatePcscd) -> io::Result<()> {
        symlink(pcscd.socket(), self.socket())
    }
}
