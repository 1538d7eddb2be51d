//! The PIN at the terminal, `/dev/tty`, without echo. What is typed goes key by key into a [`SecretPage`]; no line of it is
//! kept by anything of ours. An empty line, Ctrl-C and Ctrl-D are a no. Before the last try the person must type `oui` or
//! `yes` in full. An entry on the reader's own keypad is announced by lines.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};

use paraphe_protocol::SecretPage;
use paraphe_protocol::card::{LastTry, Pin, PinFormatError, UnblockingCode};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};

use super::{EnteredPin, KeypadNotice, Passphrase, PinEntry, PinEntryError, PinRequest};

const TERMINAL: &str = "/dev/tty";

/// Keys that type nothing.
const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const DELETE: u8 = 0x7F;

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
        let pin = Pin::from_page(enter(request)?)?;
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
        let code = UnblockingCode::from_page(enter(request)?)?;
        Ok((code, request.last_try_once_confirmed()))
    }

    fn ask_passphrase(&self, request: &PinRequest) -> Result<(Passphrase, LastTry), PinEntryError> {
        let passphrase = Passphrase::from_page(enter(request)?)?;
        Ok((passphrase, request.last_try_once_confirmed()))
    }

    fn confirm_last_try(&self, request: &PinRequest) -> Result<(), PinEntryError> {
        let mut terminal = open()?;
        writeln!(terminal, "{}", request.description()).map_err(unavailable)?;
        confirm_last_try(&mut terminal, request.last_try_question())
    }

    fn announce_keypad(&self, request: &PinRequest) -> Result<KeypadNotice, PinEntryError> {
        writeln!(open()?, "{}", request.keypad_notice()).map_err(unavailable)?;
        Ok(KeypadNotice::lines())
    }

    fn is_interactive(&self) -> bool {
        true
    }
}

fn enter(request: &PinRequest) -> Result<SecretPage, PinEntryError> {
    let mut terminal = open()?;
    let mut preface = request.description();
    if let Some(error) = request.error() {
        preface = format!("{error}\n{preface}");
    }
    writeln!(terminal, "{preface}").map_err(unavailable)?;
    if request.is_last_try() {
        confirm_last_try(&mut terminal, request.last_try_question())?;
    }
    read_hidden(terminal, &format!("{} ", request.prompt()))
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
fn read_hidden(mut terminal: File, prompt: &str) -> Result<SecretPage, PinEntryError> {
    // Hidden before anything asks for it: what is typed at once must not be shown either.
    let hidden = Hidden::begin(&terminal)?;
    write!(&terminal, "{prompt}").map_err(unavailable)?;
    let entered = read_keys(&mut &terminal);
    drop(hidden);
    writeln!(terminal).map_err(unavailable)?;
    entered
}

/// The keys of one line, until the key that ends it.
fn read_keys(keys: &mut impl Read) -> Result<SecretPage, PinEntryError> {
    let mut entered = SecretPage::new();
    loop {
        let Some(key) = entered.spare().get_mut(..1) else {
            return Err(PinEntryError::Format(PinFormatError::TooLong {
                maximum: Pin::MAX_DIGITS,
            }));
        };
        match keys.read(key) {
            Ok(0) => return Err(PinEntryError::Cancelled),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(unavailable(error)),
        }
        let length = entered.expose().len();
        match entered.spare().first() {
            Some(b'\n' | b'\r') if length == 0 => return Err(PinEntryError::Cancelled),
            Some(b'\n' | b'\r') => return Ok(entered),
            Some(&(CTRL_C | CTRL_D)) => return Err(PinEntryError::Cancelled),
            Some(&(BACKSPACE | DELETE)) => entered.truncate(length.saturating_sub(1)),
            Some(&CTRL_U) => entered.truncate(0),
            _ => entered.grow(1),
        }
    }
}

/// The terminal shows nothing and gives each key at once, until this is dropped.
struct Hidden<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Hidden<'a> {
    fn begin(terminal: &'a File) -> Result<Self, PinEntryError> {
        let before = tcgetattr(terminal).map_err(|error| unavailable(error.into()))?;
        let mut hidden = before.clone();
        hidden
            .local_modes
            .remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
        hidden.special_codes[SpecialCodeIndex::VMIN] = 1;
        hidden.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal, OptionalActions::Now, &hidden)
            .map_err(|error| unavailable(error.into()))?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        // A terminal that is gone has nothing left to show.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
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
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{PinEntryError, is_yes, read_keys};

    #[test]
    fn keys_make_a_line_and_those_that_type_nothing_do_not() {
        for (keys, line) in [
            ("1234\n", "1234"),
            ("1234\r5", "1234"),
            ("12\u{7f}\u{8}9\n", "9"),
            ("\u{7f}\u{7f}9\n", "9"),
            ("99\u{15}12\n", "12"),
        ] {
            let entered = read_keys(&mut keys.as_bytes());
            assert_eq!(entered.unwrap().expose(), line.as_bytes(), "{keys:?}");
        }
        for no in ["", "12", "\n", "1\u{7f}\n", "12\u{3}", "12\u{4}34\n"] {
            let entered = read_keys(&mut no.as_bytes()).err();
            assert!(matches!(entered, Some(PinEntryError::Cancelled)), "{no:?}");
        }
        let long = "1".repeat(5000);
        let refused = read_keys(&mut long.as_bytes()).err();
        assert!(matches!(refused, Some(PinEntryError::Format(_))));
    }

    #[test]
    fn only_a_whole_yes_is_one() {
        assert!(is_yes("oui\n") && is_yes(" YES \n"));
        for no in ["", "\n", "o\n", "y\n", "non\n", "ouioui\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
