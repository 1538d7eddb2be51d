//! Why a token behind a PKCS#11 module did not do what was asked, and which module it was.

use super::message::Refusal;
use crate::trusted_file::FileFault;

/// A module, and what is the matter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{module}: {fault}")]
pub(crate) struct Pkcs11Error {
    /// The module's name in the configuration.
    pub(crate) module: String,
    pub(crate) fault: Pkcs11Fault,
    /// Whether a code was given to the module in the call that failed.
    pub(crate) had_code: bool,
}

impl Pkcs11Error {
    /// The same of a call that a code was given to.
    pub(super) fn with_code(self) -> Self {
        Self {
            had_code: true,
            ..self
        }
    }
}

/// What is the matter with a module or its token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Pkcs11Fault {
    /// The module's file may not be loaded.
    #[error("{0}")]
    File(FileFault),
    /// The helper process cannot be started.
    #[error("its helper process cannot be started: {0:?}")]
    NotStarted(std::io::ErrorKind),
    /// The helper process ended in the middle of a call: the module crashed.
    #[error("the module ended its process")]
    Ended,
    /// The module did not come back from a call.
    #[error("the module did not answer within {seconds} s")]
    Deadline { seconds: u64 },
    /// What came back is no answer.
    #[error("the module's process answered nonsense")]
    Nonsense,
    /// The helper did not do what was asked.
    #[error(transparent)]
    Refused(Refusal),
}
