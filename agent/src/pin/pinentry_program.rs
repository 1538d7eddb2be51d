//! The PIN through a `pinentry` program (GnuPG's Assuan dialogue), the usual way on a desktop. Cancelling is an answer.
//! The description is bounded because an Assuan line holds 1,000 bytes.

use std::path::{Path, PathBuf};

use paraphe_protocol::card::Pin;
use pinentry::{ConfirmationDialog, PassphraseInput};
use secrecy::ExposeSecret;

use super::{EnteredPin, PinEntry, PinEntryError, PinRequest};

/// How long the person has, seconds.
const TIMEOUT: u16 = 120;
/// Longest text sent in one Assuan line, in bytes after line breaks were escaped; the line holds 1,000 with its keyword.
const MAXIMUM_TEXT: usize = 940;

/// Asks through a pinentry program.
#[derive(Debug, Clone)]
pub struct PinentryProgram {
    program: PathBuf,
}

impl PinentryProgram {
    /// The program at this path, or `pinentry` found in `PATH`.
    ///
    /// # Errors
    /// [`PinEntryError::Unavailable`] where there is no such program.
    pub fn new(program: Option<&Path>) -> Result<Self, PinEntryError> {
        let program = program.unwrap_or(Path::new("pinentry"));
        if PassphraseInput::with_binary(program).is_none() {
            return Err(unavailable(format!(
                "{} is not a program",
                program.display()
            )));
        }
        Ok(Self {
            program: program.to_owned(),
        })
    }

    fn confirm_last_try(&self, request: &PinRequest) -> Result<(), PinEntryError> {
        let question = format!("{}\n{}", request.last_try_question(), request.description());
        let confirmed = ConfirmationDialog::with_binary(&self.program)
            .ok_or_else(|| unavailable("the pinentry program is gone"))?
            .with_ok("Continuer / go on")
            .with_cancel("Annuler / cancel")
            .with_timeout(TIMEOUT)
            .confirm(bounded(&question))
            .map_err(error)?;
        if confirmed {
            Ok(())
        } else {
            Err(PinEntryError::Cancelled)
        }
    }
}

impl PinEntry for PinentryProgram {
    fn ask(&self, request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        if request.is_last_try() {
            self.confirm_last_try(request)?;
        }
        let description = request.description();
        let mut input = PassphraseInput::with_binary(&self.program)
            .ok_or_else(|| unavailable("the pinentry program is gone"))?;
        input
            .with_title(request.title())
            .with_description(bounded(&description))
            .with_prompt("Code porteur / PIN :")
            .with_ok("OK")
            .with_cancel("Annuler / cancel")
            .with_timeout(TIMEOUT);
        if let Some(error) = request.error() {
            input.with_error(error);
        }
        let entered = input.interact().map_err(error)?;
        let pin = Pin::from_digits(entered.expose_secret().as_bytes())?;
        Ok(if request.is_last_try() {
            EnteredPin::LastTryConfirmed(pin)
        } else {
            EnteredPin::Pin(pin)
        })
    }

    fn is_interactive(&self) -> bool {
        true
    }
}

/// The longest beginning that fits one Assuan line once `%`, CR and LF are escaped as three bytes.
fn bounded(text: &str) -> &str {
    let mut used = 0;
    for (position, character) in text.char_indices() {
        used += match character {
            '\n' | '\r' | '%' => 3,
            other => other.len_utf8(),
        };
        if used > MAXIMUM_TEXT {
            return &text[..position];
        }
    }
    text
}

fn unavailable(detail: impl Into<String>) -> PinEntryError {
    PinEntryError::Unavailable {
        detail: detail.into(),
    }
}

fn error(error: pinentry::Error) -> PinEntryError {
    match error {
        pinentry::Error::Cancelled => PinEntryError::Cancelled,
        pinentry::Error::Timeout => PinEntryError::Timeout,
        // GPG_ERR_FULLY_CANCELED and GPG_ERR_NOT_CONFIRMED are the person's no as well.
        pinentry::Error::Gpg(gpg) if matches!(gpg.code(), 198 | 114) => PinEntryError::Cancelled,
        // An undecodable answer is what was typed: nothing of it is repeated.
        pinentry::Error::Encoding(_) => unavailable("the pinentry program answered no text"),
        other => unavailable(other.to_string()),
    }
}
