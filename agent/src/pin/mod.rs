//! How the agent asks for a PIN ("code porteur"): a pinentry program on a desktop, the terminal, or a descriptor or file
//! for unattended work. A PIN is never an argument, an environment value or a field of a request; it lives in the one locked
//! page of a [`Pin`] from the entry to the card. What the person sees says who asks, for what, and how many tries are left.
//! A PIN that is typed on the reader's own keypad is only announced: it never comes here.
//!
//! When one try is left an entry gives a PIN only together with the person's explicit confirmation that it may be spent.

mod assuan;
mod awaited;
mod descriptor;
mod keypad_notice;
mod passphrase;
mod pinentry_program;
mod question;
mod refused_files;
mod request;
mod terminal;

use std::path::PathBuf;

use paraphe_protocol::card::{LastTry, Pin, PinFormatError, UnblockingCode};

pub(crate) use awaited::AwaitedEntry;
pub use descriptor::DescriptorPinEntry;
pub use keypad_notice::KeypadNotice;
pub use passphrase::Passphrase;
pub use pinentry_program::PinentryProgram;
pub use question::Question;
pub use refused_files::RefusedFiles;
pub(crate) use request::SHOWN_TITLES;
pub use request::{PinPurpose, PinRequest, RequestedCode, Requester, TriesLeft};
pub use terminal::TerminalPinEntry;

/// A way to ask for a PIN.
pub trait PinEntry: Send + Sync {
    /// Asks once. Blocks until the person answered.
    ///
    /// # Errors
    /// Why there is no PIN. No try was spent.
    fn ask(&self, request: &PinRequest) -> Result<EnteredPin, PinEntryError>;

    /// Asks once for the code that unblocks the PIN; with it comes whether its last try may be spent. Blocks until the person
    /// answered.
    ///
    /// # Errors
    /// Why there is no code. No try was spent.
    fn ask_unblocking_code(
        &self,
        _request: &PinRequest,
    ) -> Result<(UnblockingCode, LastTry), PinEntryError> {
        Err(PinEntryError::Unavailable {
            detail: "this entry asks for PINs only".to_owned(),
        })
    }

    /// Asks once for a passphrase; with it comes whether its last try may be spent. Blocks until the person answered.
    ///
    /// # Errors
    /// Why there is no passphrase. No try was spent.
    fn ask_passphrase(
        &self,
        _request: &PinRequest,
    ) -> Result<(Passphrase, LastTry), PinEntryError> {
        Err(PinEntryError::Unavailable {
            detail: "this entry asks for PINs only".to_owned(),
        })
    }

    /// Asks whether the last try may be spent on a PIN that is typed elsewhere. Blocks until the person answered.
    ///
    /// # Errors
    /// [`PinEntryError::Cancelled`] for a no, or why nobody can be asked.
    fn confirm_last_try(&self, _request: &PinRequest) -> Result<(), PinEntryError> {
        Err(PinEntryError::LastTryNotConfirmed)
    }

    /// Tells the person to type on the reader's own keypad; it is shown until the notice is dropped.
    ///
    /// # Errors
    /// Why nobody can be told.
    fn announce_keypad(&self, _request: &PinRequest) -> Result<KeypadNotice, PinEntryError> {
        Err(PinEntryError::Unavailable {
            detail: "this entry shows nothing to a person".to_owned(),
        })
    }

    /// Asks a question of yes or no. Comes back with [`PinEntryError::Withdrawn`] soon after `withdrawn` says that the question is not
    /// open any more. Blocks until then, or until the person answered.
    ///
    /// # Errors
    /// [`PinEntryError::Cancelled`] for a no, or why nobody answered.
    fn confirm(
        &self,
        _question: &Question,
        _withdrawn: &dyn Fn() -> bool,
    ) -> Result<(), PinEntryError> {
        Err(PinEntryError::Unavailable {
            detail: "this entry asks nobody".to_owned(),
        })
    }

    /// Closes the question that is open, as if the person had said no to it; where it is not this program that asks, nothing.
    fn withdraw(&self) {}

    /// The code that was given last was refused, or it is not known whether it was: an entry that could give it once more,
    /// even in another process, must not.
    fn note_refused(&self) {}

    /// Whether a person sits at the other end who can be asked again after a wrong PIN.
    fn is_interactive(&self) -> bool;
}

/// What came from an entry.
pub enum EnteredPin {
    /// A PIN, while several tries are left.
    Pin(Pin),
    /// A PIN, and the person's confirmation that the last try may be spent.
    LastTryConfirmed(Pin),
}

impl EnteredPin {
    /// The PIN, and whether the last try may be spent on it.
    #[must_use]
    pub fn into_parts(self) -> (Pin, LastTry) {
        match self {
            Self::Pin(pin) => (pin, LastTry::Refused),
            Self::LastTryConfirmed(pin) => (pin, LastTry::Confirmed),
        }
    }
}

impl std::fmt::Debug for EnteredPin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Pin(_) => "Pin",
            Self::LastTryConfirmed(_) => "LastTryConfirmed",
        })
    }
}

/// Why an entry gave no PIN.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PinEntryError {
    /// The person said no.
    #[error("the person cancelled")]
    Cancelled,
    /// The person did not answer in time.
    #[error("the person did not answer in time")]
    Timeout,
    /// The question was withdrawn before the person answered.
    #[error("the question was withdrawn")]
    Withdrawn,
    /// One try is left and nobody confirmed that it may be spent.
    #[error("one try is left and was not confirmed")]
    LastTryNotConfirmed,
    /// What was entered is not a PIN.
    #[error(transparent)]
    Format(#[from] PinFormatError),
    /// What was entered is not a passphrase.
    #[error("a passphrase is 1 to {} bytes of printable text", Passphrase::MAXIMUM)]
    PassphraseForm,
    /// The PIN of a descriptor or file was already presented, or refused.
    #[error("the PIN given for unattended work was already used")]
    AlreadyUsed,
    /// A card refused the code of this very file before, and nothing was written to it since.
    #[error("the code of this file was refused by a card before")]
    AlreadyRefused,
    /// A PIN file that others can read or that is not the user's own.
    #[error("the PIN file can be read by others or belongs to another user")]
    NotPrivate,
    /// Where the code comes from cannot be opened or read.
    #[error("{}: {source}", place.display())]
    Source {
        /// The terminal, file or descriptor.
        place: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is no way to ask.
    #[error("no way to ask for the PIN: {detail}")]
    Unavailable {
        /// What is missing.
        detail: String,
    },
}
