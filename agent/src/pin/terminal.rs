//! The PIN at the terminal, `/dev/tty`, without echo. An empty line is a no. Before the last try the person must type
//! `oui` or `yes` in full.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Write};

use paraphe_protocol::card::{LastTry, Pin, UnblockingCode};
use rpassword::ConfigBuilder;
use zeroize::Zeroizing;

use super::{EnteredPin, PinEntry, PinEntryError, PinRequest};

const TERMINAL: &str = "/dev/tty";

/// Asks at the controlling terminal.
#[derive(Debug, Clone, Copy)]
pub struct TerminalPinEntry;

impl TerminalPinEntry {
    /// The controlling terminal of this process.
    ///
    /// # Errors
    /// [`PinEntryError::Unavailable`] where there is none.
    pub fn new() -> Result<Self, PinEntryError> {
        open().map(|_| Self)
    }
}

impl PinEntry for TerminalPinEntry {
    fn ask(&self, request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        let pin = Pin::from_digits(enter(request)?.as_bytes())?;
        Ok(if request.is_last_try() {
            EnteredPin::LastTryConfirmed(pin)
        } else {
            EnteredPin::Pin(pin)
        })
    }

    fn ask_unblocking_code(
        &self,
        request: &PinRequest,
    ) -> Result<(UnblockingCode, LastTry), PinEntryError> {
        let code = UnblockingCode::from_digits(enter(request)?.as_bytes())?;
        Ok((code, request.last_try_once_confirmed()))
    }

    fn is_interactive(&self) -> bool {
        true
    }
}

fn enter(request: &PinRequest) -> Result<Zeroizing<String>, PinEntryError> {
    let mut terminal = open()?;
    let mut preface = request.description();
    if let Some(error) = request.error() {
        preface = format!("{error}\n{preface}");
    }
    writeln!(terminal, "{preface}").map_err(unavailable)?;
    if request.is_last_try() {
        confirm_last_try(&mut terminal, request.last_try_question())?;
    }
    read_hidden(&format!("{} ", request.prompt()))
}

fn confirm_last_try(terminal: &mut File, question: &str) -> Result<(), PinEntryError> {
    writeln!(
        terminal,
        "{question}\nTapez « oui » pour continuer / type \"yes\" to go on:"
    )
    .map_err(unavailable)?;
    let mut answer = String::new();
    BufReader::new(terminal)
        .read_line(&mut answer)
        .map_err(unavailable)?;
    if is_yes(&answer) {
        Ok(())
    } else {
        Err(PinEntryError::Cancelled)
    }
}

/// One line without echo; an empty one is a no.
fn read_hidden(prompt: &str) -> Result<Zeroizing<String>, PinEntryError> {
    let dialogue = ConfigBuilder::new()
        .input_file_path(TERMINAL)
        .output_file_path(TERMINAL)
        .password_feedback_hide()
        .build();
    let entered = rpassword::prompt_password_with_config(prompt, dialogue)
        .map(Zeroizing::new)
        .map_err(|error| match error.kind() {
            ErrorKind::Interrupted | ErrorKind::UnexpectedEof => PinEntryError::Cancelled,
            _ => unavailable(error),
        })?;
    if entered.is_empty() {
        return Err(PinEntryError::Cancelled);
    }
    Ok(entered)
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "oui" | "yes")
}

fn open() -> Result<File, PinEntryError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(TERMINAL)
        .map_err(unavailable)
}

fn unavailable(source: std::io::Error) -> PinEntryError {
    PinEntryError::Source {
        place: TERMINAL.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_a_whole_yes_is_one() {
        assert!(is_yes("oui\n") && is_yes(" YES \n"));
        for no in ["", "\n", "o\n", "y\n", "non\n", "ouioui\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
