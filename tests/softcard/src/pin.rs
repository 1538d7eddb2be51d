//! The holder's PIN (reference 01) and the unblock code (reference 02) of a CPS: comparison, counters, change and
//! unblocking (ISO/IEC 7816-4, 11.5.6 to 11.5.10; counters and limits as the official module reads them).
//!
//! A PIN is compared as it is stored: padded with FF to eight bytes, or unpadded, as the profile's storage says and as the
//! card's own AODF announces. Data of another length is refused with `6700` and costs no try (our choice: no public trace
//! shows the real card's answer).

use std::fmt;

use crate::access_rules::{Authentications, SecurityCondition};
use crate::apdu::Command;
use crate::status_word::StatusWord;

/// Reference of the holder's PIN.
pub(crate) const PIN_REFERENCE: u8 = 0x01;
/// Reference of the unblock code.
pub(crate) const UNBLOCK_REFERENCE: u8 = 0x02;
/// Tries of the holder's PIN after each success.
pub(crate) const PIN_MAXIMUM_TRIES: u8 = 3;
/// Tries of the unblock code after each success.
pub(crate) const UNBLOCK_MAXIMUM_TRIES: u8 = 10;
/// Times that the unblock code can be used in the card's life.
pub(crate) const UNBLOCK_MAXIMUM_USES: u8 = 100;
/// Stored length of padded codes and of the unblock code.
const PADDED_LENGTH: usize = 8;
const PADDING: u8 = 0xFF;

/// How the PIN is stored, and what the AODF says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PinStorage {
    /// Four digits, padded with FF to eight bytes (AODF of a real CPS3).
    Padded,
    /// Four to eight digits as they are typed.
    Unpadded,
}

impl PinStorage {
    /// The bytes that are compared, for these digits.
    pub(crate) fn stored(self, digits: &[u8]) -> Vec<u8> {
        let mut stored = digits.to_vec();
        if self == Self::Padded {
            stored.resize(PADDED_LENGTH, PADDING);
        }
        stored
    }

    /// True when `bytes` can be a PIN in this storage.
    fn accepts(self, bytes: &[u8]) -> bool {
        match self {
            Self::Padded => {
                let (digits, padding) = bytes.split_at(bytes.len().min(4));
                bytes.len() == PADDED_LENGTH
                    && digits.iter().all(u8::is_ascii_digit)
                    && padding.iter().all(|byte| *byte == PADDING)
            }
            Self::Unpadded => {
                (4..=PADDED_LENGTH).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit)
            }
        }
    }

    fn accepts_length(self, length: usize) -> bool {
        match self {
            Self::Padded => length == PADDED_LENGTH,
            Self::Unpadded => (4..=PADDED_LENGTH).contains(&length),
        }
    }
}

/// A code with its try counter. Its value is never shown.
struct Code {
    stored: Vec<u8>,
    tries_left: u8,
    maximum_tries: u8,
    verified: bool,
}

impl Code {
    /// Compares and counts (ISO/IEC 7816-4, 11.5.6).
    fn compare(&mut self, presented: &[u8]) -> Result<(), StatusWord> {
        if self.tries_left == 0 {
            return Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED);
        }
        if presented == self.stored {
            self.tries_left = self.maximum_tries;
            self.verified = true;
            return Ok(());
        }
        self.tries_left -= 1;
        self.verified = false;
        Err(StatusWord::tries_left(self.tries_left))
    }

    /// The answer to VERIFY without data: it never costs a try.
    fn status(&self) -> Result<(), StatusWord> {
        match (self.tries_left, self.verified) {
            (0, _) => Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED),
            (_, true) => Ok(()),
            (tries_left, false) => Err(StatusWord::tries_left(tries_left)),
        }
    }
}

/// Both codes of the card and whether they were verified since the last reset.
pub(crate) struct Pins {
    storage: PinStorage,
    pin: Code,
    unblock: Code,
    unblock_uses_left: u8,
    /// CPS4: an unblocking was done, and the new PIN may follow.
    change_granted: bool,
    presentations: u64,
}

impl fmt::Debug for Pins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pins")
            .field("pin_tries_left", &self.pin.tries_left)
            .field("unblock_tries_left", &self.unblock.tries_left)
            .finish_non_exhaustive()
    }
}

impl Pins {
    /// Codes with counters at the given values, cut to their maxima.
    pub(crate) fn new(
        storage: PinStorage,
        pin_digits: &[u8],
        pin_tries_left: u8,
        unblock_digits: &[u8],
        (unblock_tries_left, unblock_maximum_tries): (u8, u8),
        unblock_uses_left: u8,
    ) -> Self {
        let code = |stored, tries_left: u8, maximum_tries| Code {
            stored,
            tries_left: tries_left.min(maximum_tries),
            maximum_tries,
            verified: false,
        };
        Self {
            storage,
            pin: code(
                storage.stored(pin_digits),
                pin_tries_left,
                PIN_MAXIMUM_TRIES,
            ),
            unblock: code(
                unblock_digits.to_vec(),
                unblock_tries_left,
                unblock_maximum_tries,
            ),
            unblock_uses_left: unblock_uses_left.min(UNBLOCK_MAXIMUM_USES),
            change_granted: false,
            presentations: 0,
        }
    }

    /// A reset ends both authentications; counters stay.
    pub(crate) fn reset(&mut self) {
        self.pin.verified = false;
        self.unblock.verified = false;
        self.change_granted = false;
    }

    pub(crate) fn pin_verified(&self) -> bool {
        self.pin.verified
    }

    pub(crate) fn pin_tries_left(&self) -> u8 {
        self.pin.tries_left
    }

    pub(crate) fn unblock_tries_left(&self) -> u8 {
        self.unblock.tries_left
    }

    pub(crate) fn unblock_uses_left(&self) -> u8 {
        self.unblock_uses_left
    }

    /// Least and greatest length of the data of VERIFY for the PIN, as its data object tells.
    pub(crate) fn pin_lengths(&self) -> (u8, u8) {
        match self.storage {
            PinStorage::Padded => (4, 4),
            PinStorage::Unpadded => (4, 8),
        }
    }

    /// How often a code was presented (right or wrong, by whatever command) since the card was made.
    pub(crate) fn presentations(&self) -> u64 {
        self.presentations
    }

    /// VERIFY, P1 = 00; without data it asks for the state.
    pub(crate) fn verify(&mut self, command: &Command) -> Result<(), StatusWord> {
        if command.p1 != 0 {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let data = command.data()?;
        match command.p2 {
            PIN_REFERENCE if data.is_empty() => self.pin.status(),
            PIN_REFERENCE => self.present_pin(data),
            UNBLOCK_REFERENCE if data.is_empty() => self.unblock.status(),
            UNBLOCK_REFERENCE => self.present_unblock_code(data),
            _ => Err(StatusWord::REFERENCED_DATA_NOT_FOUND),
        }
    }

    /// CHANGE REFERENCE DATA, P1 = 00: the old PIN, then the new one, in one command.
    pub(crate) fn change(&mut self, command: &Command) -> Result<(), StatusWord> {
        if command.p1 != 0 {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        match command.p2 {
            PIN_REFERENCE => {}
            // Its access rule says never.
            UNBLOCK_REFERENCE => return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED),
            _ => return Err(StatusWord::REFERENCED_DATA_NOT_FOUND),
        }
        let (old, new) = command
            .data()?
            .split_at_checked(self.pin.stored.len())
            .ok_or(StatusWord::WRONG_LENGTH)?;
        if !self.storage.accepts_length(new.len()) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        self.present_pin(old)?;
        self.store(new)
    }

    /// RESET RETRY COUNTER: P1 = 00 with the unblock code and a new PIN, 02 with a new PIN and 03 without data after the
    /// unblock code was verified.
    pub(crate) fn reset_retry_counter(&mut self, command: &Command) -> Result<(), StatusWord> {
        if command.p2 != PIN_REFERENCE {
            return Err(StatusWord::REFERENCED_DATA_NOT_FOUND);
        }
        let data = command.data()?;
        let new = match command.p1 {
            0x00 => {
                let (unblock_code, new) = data
                    .split_at_checked(PADDED_LENGTH)
                    .ok_or(StatusWord::WRONG_LENGTH)?;
                if !self.storage.accepts_length(new.len()) {
                    return Err(StatusWord::WRONG_LENGTH);
                }
                self.present_unblock_code(unblock_code)?;
                Some(new)
            }
            0x02 => Some(data),
            0x03 if data.is_empty() => None,
            0x03 => return Err(StatusWord::WRONG_LENGTH),
            _ => return Err(StatusWord::INCORRECT_P1_P2),
        };
        if !self.satisfies(SecurityCondition::UNBLOCK_CODE) {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        if let Some(new) = new {
            self.store(new)?;
        }
        self.pin.tries_left = self.pin.maximum_tries;
        self.pin.verified = false;
        Ok(())
    }

    /// CHANGE REFERENCE DATA as a CPS4 knows it, P1 = 01: a new PIN alone, after VERIFY of the old one or after an unblocking.
    pub(crate) fn change_after_verification(
        &mut self,
        command: &Command,
    ) -> Result<(), StatusWord> {
        if command.p1 != 0x01 {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        match command.p2 {
            PIN_REFERENCE => {}
            UNBLOCK_REFERENCE => return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED),
            _ => return Err(StatusWord::REFERENCED_DATA_NOT_FOUND),
        }
        let new = command.data()?;
        if !self.storage.accepts_length(new.len()) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        if !self.pin.verified && !self.change_granted {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        self.store(new)?;
        self.change_granted = false;
        Ok(())
    }

    /// RESET RETRY COUNTER as a CPS4 knows it: P1 = 03, no data, bit 8 of the reference set, after the unblock code.
    pub(crate) fn unblock_after_verification(
        &mut self,
        command: &Command,
    ) -> Result<(), StatusWord> {
        if command.p1 != 0x03 {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        if command.p2 != 0x80 | PIN_REFERENCE {
            return Err(StatusWord::REFERENCED_DATA_NOT_FOUND);
        }
        if !command.data()?.is_empty() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        if !self.satisfies(SecurityCondition::UNBLOCK_CODE) {
            return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
        }
        self.pin.tries_left = self.pin.maximum_tries;
        self.pin.verified = false;
        self.change_granted = true;
        Ok(())
    }

    fn present_pin(&mut self, data: &[u8]) -> Result<(), StatusWord> {
        if !self.storage.accepts_length(data.len()) {
            return Err(StatusWord::WRONG_LENGTH);
        }
        self.presentations += 1;
        self.pin.compare(data)
    }

    fn present_unblock_code(&mut self, data: &[u8]) -> Result<(), StatusWord> {
        if data.len() != PADDED_LENGTH {
            return Err(StatusWord::WRONG_LENGTH);
        }
        if self.unblock_uses_left == 0 {
            return Err(StatusWord::AUTHENTICATION_METHOD_BLOCKED);
        }
        self.presentations += 1;
        self.unblock.compare(data)?;
        self.unblock_uses_left -= 1;
        Ok(())
    }

    fn store(&mut self, new: &[u8]) -> Result<(), StatusWord> {
        if !self.storage.accepts(new) {
            return Err(StatusWord::INCORRECT_DATA);
        }
        self.pin.stored = new.to_vec();
        Ok(())
    }
}

impl Authentications for Pins {
    fn satisfies(&self, condition: SecurityCondition) -> bool {
        match condition {
            SecurityCondition::ALWAYS => true,
            SecurityCondition::PIN => self.pin.verified,
            SecurityCondition::UNBLOCK_CODE => self.unblock.verified,
            // Secure messaging and external authentication need keys that only the issuer has.
            _ => false,
        }
    }
}
