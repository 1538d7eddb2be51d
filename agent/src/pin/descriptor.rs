//! The codes of unattended work, from an inherited descriptor or a private file (a systemd credential, for instance). The
//! first line is the PIN, or the unblocking code where that is asked for; the second, read only when it is asked for, is the
//! new PIN. Each is given once: after a wrong PIN, or for a second operation, it is never given again, nor by a later process
//! that is given the same file unchanged. The last try is refused unless it was allowed when the entry was made.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use paraphe_protocol::SecretPage;
use paraphe_protocol::card::{LastTry, Pin, PinFormatError, UnblockingCode};

use super::refused_files::{RefusedFiles, identity};
use super::{EnteredPin, Passphrase, PinEntry, PinEntryError, PinRequest};

/// Longest line, bytes, with a carriage return: one more than a passphrase has, so that a longer one is seen to be too long.
const MAXIMUM_LINE: usize = Passphrase::MAXIMUM + 2;

/// Gives codes that were handed over beforehand, each once.
pub struct DescriptorPinEntry {
    codes: Mutex<Codes>,
    last_try: LastTry,
    /// Which file, where it is one.
    identity: Option<String>,
    refused: Option<RefusedFiles>,
}

struct Codes {
    /// The PIN or the unblocking code, until it is given.
    present: Option<SecretPage>,
    /// Where the new PIN comes from, until it is given.
    rest: Option<Box<dyn Read + Send>>,
}

impl DescriptorPinEntry {
    /// Reads the PIN from an inherited descriptor; a new PIN is read from it when it is asked for. `last_try` says beforehand whether the last one may be spent.
    ///
    /// # Errors
    /// It cannot be read, or its first line is neither a PIN nor a passphrase.
    pub fn from_descriptor(descriptor: OwnedFd, last_try: LastTry) -> Result<Self, PinEntryError> {
        let file = File::from(descriptor);
        let identity = file.metadata().ok().as_ref().and_then(identity);
        Ok(Self {
            identity,
            ..Self::from_reader(file, last_try)?
        })
    }

    /// The same, unless `refused` remembers that a card refused the code of this very file; it will remember if one does.
    ///
    /// # Errors
    /// [`PinEntryError::AlreadyRefused`].
    pub fn unless_refused(self, refused: RefusedFiles) -> Result<Self, PinEntryError> {
        let is_refused = self
            .identity
            .as_ref()
            .is_some_and(|identity| refused.has(identity));
        if is_refused {
            return Err(PinEntryError::AlreadyRefused);
        }
        Ok(Self {
            refused: Some(refused),
            ..self
        })
    }

    /// Reads the PIN from a file that only its owner, this user or root, can read.
    ///
    /// # Errors
    /// [`PinEntryError::NotPrivate`], or it cannot be read, or its first line is neither a PIN nor a passphrase.
    pub fn from_file(path: &Path, last_try: LastTry) -> Result<Self, PinEntryError> {
        let unreadable = |source| PinEntryError::Source {
            place: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let user = rustix::process::geteuid().as_raw();
        if metadata.mode() & 0o077 != 0 || ![0, user].contains(&metadata.uid()) {
            return Err(PinEntryError::NotPrivate);
        }
        if !metadata.is_file() {
            return Err(PinEntryError::Unavailable {
                detail: "the PIN file is not a regular file".to_owned(),
            });
        }
        Ok(Self {
            identity: identity(&metadata),
            ..Self::from_reader(file, last_try)?
        })
    }

    fn from_reader(
        mut source: impl Read + Send + 'static,
        last_try: LastTry,
    ) -> Result<Self, PinEntryError> {
        let present = read_line(&mut source)?;
        // What can be no code at all is told at the start, not in the middle of the work.
        if present.expose().is_empty() {
            return Err(PinFormatError::Empty.into());
        }
        let can_be_a_pin = Pin::from_digits(present.expose()).is_ok();
        let copied = SecretPage::copy_of(present.expose()).unwrap_or_default();
        if !can_be_a_pin && Passphrase::from_page(copied).is_err() {
            return Err(PinEntryError::PassphraseForm);
        }
        Ok(Self {
            codes: Mutex::new(Codes {
                present: Some(present),
                rest: Some(Box::new(source)),
            }),
            last_try,
            identity: None,
            refused: None,
        })
    }

    fn codes(&self) -> MutexGuard<'_, Codes> {
        self.codes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Taken out whatever follows: a code that failed, or whose last try is not to be spent, is never given again.
    fn take(&self, request: &PinRequest) -> Result<SecretPage, PinEntryError> {
        let line = self.codes().present.take();
        if request.is_last_try() && self.last_try == LastTry::Refused {
            return Err(PinEntryError::LastTryNotConfirmed);
        }
        line.ok_or(PinEntryError::AlreadyUsed)
    }
}

/// Reads to the end of a line, byte by byte: what follows belongs to whoever reads next.
fn read_line(source: &mut impl Read) -> Result<SecretPage, PinEntryError> {
    let mut line = SecretPage::new();
    while line.expose().len() < MAXIMUM_LINE
        && let Some(place) = line.spare().get_mut(..1)
    {
        match source.read(place) {
            Ok(0) => break,
            Ok(_) if place == b"\n" => break,
            Ok(_) => line.grow(1),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(source) => {
                return Err(PinEntryError::Source {
                    place: "--pin-fd, --pin-file".into(),
                    source,
                });
            }
        }
    }
    if line.expose().ends_with(b"\r") {
        line.truncate(line.expose().len().saturating_sub(1));
    }
    Ok(line)
}

impl PinEntry for DescriptorPinEntry {
    fn ask(&self, request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        if !request.code.is_presented() {
            let mut rest = self.codes().rest.take().ok_or(PinEntryError::AlreadyUsed)?;
            return Ok(EnteredPin::Pin(Pin::from_page(read_line(&mut rest)?)?));
        }
        let pin = Pin::from_page(self.take(request)?)?;
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
        let code = UnblockingCode::from_page(self.take(request)?)?;
        Ok((code, request.last_try_once_confirmed()))
    }

    fn ask_passphrase(&self, request: &PinRequest) -> Result<(Passphrase, LastTry), PinEntryError> {
        if !request.code.is_presented() {
            let mut rest = self.codes().rest.take().ok_or(PinEntryError::AlreadyUsed)?;
            let new = Passphrase::from_page(read_line(&mut rest)?)?;
            return Ok((new, LastTry::Refused));
        }
        let passphrase = Passphrase::from_page(self.take(request)?)?;
        Ok((passphrase, request.last_try_once_confirmed()))
    }

    fn note_refused(&self) {
        if let (Some(refused), Some(identity)) = (&self.refused, &self.identity) {
            refused.add(identity);
        }
    }

    fn is_interactive(&self) -> bool {
        false
    }
}

impl std::fmt::Debug for DescriptorPinEntry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DescriptorPinEntry")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::fs::Permissions;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use paraphe_protocol::card::{LastTry, Pin};

    use super::{DescriptorPinEntry, RefusedFiles};
    use crate::pin::{
        EnteredPin, PinEntry, PinEntryError, PinPurpose, PinRequest, RequestedCode, Requester,
        TriesLeft,
    };

    fn request(tries_left: u8) -> PinRequest {
        PinRequest {
            purpose: PinPurpose::ReadPracticeSituations,
            code: RequestedCode::Pin,
            requester: Requester::CommandLine,
            holder: String::new(),
            card_serial: String::new(),
            reader: String::new(),
            tries_left: TriesLeft::Exactly(tries_left),
            wrong_before: false,
        }
    }

    fn entry(text: &str, last_try: LastTry) -> Result<DescriptorPinEntry, PinEntryError> {
        DescriptorPinEntry::from_reader(std::io::Cursor::new(text.to_owned()), last_try)
    }

    #[test]
    fn a_pin_is_given_once() {
        let entry = entry("1234\n5678\n", LastTry::Refused).unwrap();
        assert!(matches!(entry.ask(&request(3)), Ok(EnteredPin::Pin(_))));
        assert!(matches!(
            entry.ask(&request(2)),
            Err(PinEntryError::AlreadyUsed)
        ));
    }

    #[test]
    fn the_second_line_is_the_new_pin_and_never_the_present_one() {
        let new = PinRequest {
            code: RequestedCode::NewPin {
                minimum: 4,
                maximum: 4,
            },
            ..request(1)
        };
        let given = entry("1234\r\n5678\r\n", LastTry::Refused).unwrap();
        given.ask(&request(3)).unwrap();
        let (pin, _) = given.ask(&new).unwrap().into_parts();
        assert!(pin.is_same_as(&Pin::from_digits(b"5678").unwrap()));
        for request in [&new, &request(3)] {
            assert!(matches!(
                given.ask(request),
                Err(PinEntryError::AlreadyUsed)
            ));
        }
        // Without a second line there is no new PIN.
        let given = entry("12345678\n", LastTry::Refused).unwrap();
        let code = PinRequest {
            code: RequestedCode::UnblockingCode,
            ..request(3)
        };
        given.ask_unblocking_code(&code).unwrap();
        assert!(matches!(given.ask(&new), Err(PinEntryError::Format(_))));
    }

    #[test]
    fn the_last_try_must_have_been_allowed() {
        let refusing = entry("1234", LastTry::Refused).unwrap();
        assert!(matches!(
            refusing.ask(&request(1)),
            Err(PinEntryError::LastTryNotConfirmed)
        ));
        let allowing = entry("1234\r\n", LastTry::Confirmed).unwrap();
        assert!(matches!(
            allowing.ask(&request(1)),
            Ok(EnteredPin::LastTryConfirmed(_))
        ));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", "\n1234\n", "12\t34\n", &"1".repeat(500)] {
            assert!(entry(text, LastTry::Refused).is_err(), "{text:?}");
        }
        for text in ["12a4\n", " 1234\n"] {
            let pin = entry(text, LastTry::Refused).unwrap().ask(&request(3));
            assert!(matches!(pin, Err(PinEntryError::Format(_))), "{text:?}");
            let passphrase = entry(text, LastTry::Refused).unwrap();
            let (passphrase, _) = passphrase.ask_passphrase(&request(3)).unwrap();
            assert_eq!(passphrase.expose(), text.trim_end().as_bytes());
        }
    }

    #[test]
    fn a_file_whose_code_was_refused_is_not_used_again_until_it_is_written() {
        let state = tempfile::tempdir().unwrap();
        let refused = RefusedFiles::in_directory(&state.path().join("state"));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"1234\n").unwrap();
        let open = || {
            DescriptorPinEntry::from_file(file.path(), LastTry::Refused)
                .and_then(|entry| entry.unless_refused(refused.clone()))
        };
        let descriptor = || {
            let file = std::fs::File::open(file.path()).unwrap();
            DescriptorPinEntry::from_descriptor(file.into(), LastTry::Refused)
                .and_then(|entry| entry.unless_refused(refused.clone()))
        };
        open().unwrap();
        open().unwrap().note_refused();
        assert!(matches!(open(), Err(PinEntryError::AlreadyRefused)));
        assert!(matches!(descriptor(), Err(PinEntryError::AlreadyRefused)));
        let remembered = std::fs::read_to_string(state.path().join("state/refused-pin-files"));
        assert!(!remembered.unwrap().contains("1234 "));
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(1);
        file.as_file().set_modified(later).unwrap();
        open().unwrap();
        descriptor().unwrap();
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"1234\n").unwrap();
        DescriptorPinEntry::from_file(file.path(), LastTry::Refused).unwrap();
        for mode in [0o640, 0o604, 0o620] {
            file.as_file()
                .set_permissions(Permissions::from_mode(mode))
                .unwrap();
            assert!(matches!(
                DescriptorPinEntry::from_file(file.path(), LastTry::Refused),
                Err(PinEntryError::NotPrivate)
            ));
        }
    }
}
