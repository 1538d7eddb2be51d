//! The PIN of unattended work: the first line of an inherited descriptor or of a private file (a systemd credential, for
//! instance). It is presented once: after a wrong PIN, or for a second operation, it is never given again. The last
//! try is refused unless it was allowed when the entry was made.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use paraphe_protocol::card::{LastTry, Pin};
use zeroize::Zeroizing;

use super::{EnteredPin, PinEntry, PinEntryError, PinRequest};

/// Longest first line, bytes; a PIN has at most 8.
const MAXIMUM_LINE: usize = 64;

/// Gives a PIN that was handed over beforehand, once.
pub struct DescriptorPinEntry {
    pin: Mutex<Option<Pin>>,
    last_try: LastTry,
}

impl DescriptorPinEntry {
    /// Reads the PIN from an inherited descriptor, and closes it. `last_try` says beforehand whether the last one may be spent.
    ///
    /// # Errors
    /// It cannot be read, or its first line is not a PIN.
    pub fn from_descriptor(descriptor: OwnedFd, last_try: LastTry) -> Result<Self, PinEntryError> {
        Self::from_reader(File::from(descriptor), last_try)
    }

    /// Reads the PIN from a file that only its owner, this user or root, can read.
    ///
    /// # Errors
    /// [`PinEntryError::NotPrivate`], or it cannot be read, or its first line is not a PIN.
    pub fn from_file(path: &Path, last_try: LastTry) -> Result<Self, PinEntryError> {
        let file = File::open(path).map_err(unavailable)?;
        let metadata = file.metadata().map_err(unavailable)?;
        let user = rustix::process::geteuid().as_raw();
        if metadata.mode() & 0o077 != 0 || ![0, user].contains(&metadata.uid()) {
            return Err(PinEntryError::NotPrivate);
        }
        if !metadata.is_file() {
            return Err(PinEntryError::Unavailable {
                detail: "the PIN file is not a regular file".to_owned(),
            });
        }
        Self::from_reader(file, last_try)
    }

    fn from_reader(mut source: impl Read, last_try: LastTry) -> Result<Self, PinEntryError> {
        let mut line = Zeroizing::new([0_u8; MAXIMUM_LINE]);
        let mut length = 0;
        while let Some(rest) = line.get_mut(length..).filter(|rest| !rest.is_empty()) {
            let read = match source.read(rest) {
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unavailable(error)),
            };
            length += read;
            if read == 0 || line[..length].contains(&b'\n') {
                break;
            }
        }
        let first = line[..length]
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let first = first.strip_suffix(b"\r").unwrap_or(first);
        Ok(Self {
            pin: Mutex::new(Some(Pin::from_digits(first)?)),
            last_try,
        })
    }
}

impl PinEntry for DescriptorPinEntry {
    fn ask(&self, request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        // Taken out whatever follows: a PIN that failed, or whose last try is not to be spent, is never given again.
        let pin = self
            .pin
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .ok_or(PinEntryError::AlreadyUsed)?;
        match (request.is_last_try(), self.last_try) {
            (false, _) => Ok(EnteredPin::Pin(pin)),
            (true, LastTry::Confirmed) => Ok(EnteredPin::LastTryConfirmed(pin)),
            (true, LastTry::Refused) => Err(PinEntryError::LastTryNotConfirmed),
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

#[expect(clippy::needless_pass_by_value, reason = "used by map_err")]
fn unavailable(error: std::io::Error) -> PinEntryError {
    PinEntryError::Unavailable {
        detail: format!("the PIN source: {}", error.kind()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::fs::Permissions;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    use paraphe_protocol::card::LastTry;

    use super::DescriptorPinEntry;
    use crate::pin::{EnteredPin, PinEntry, PinEntryError, PinPurpose, PinRequest, Requester};

    fn request(tries_left: u8) -> PinRequest {
        PinRequest {
            purpose: PinPurpose::ReadPracticeSituations,
            requester: Requester::CommandLine,
            holder: String::new(),
            card_serial: String::new(),
            reader: String::new(),
            tries_left,
            wrong_before: false,
        }
    }

    fn entry(text: &str, last_try: LastTry) -> Result<DescriptorPinEntry, PinEntryError> {
        DescriptorPinEntry::from_reader(text.as_bytes(), last_try)
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
    fn what_is_not_a_pin_is_refused() {
        for text in ["", "\n1234\n", "12a4\n", " 1234\n", &"1".repeat(500)] {
            assert!(
                matches!(entry(text, LastTry::Refused), Err(PinEntryError::Format(_))),
                "{text:?}"
            );
        }
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
