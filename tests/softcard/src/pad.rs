//! What is typed on the PIN pad of a reader that has one: a queue of entries, taken one by one as the reader asks.
//!
//! Entries can be typed before the reader asks. Digits are never shown.

use std::collections::VecDeque;
use std::fmt;

/// One entry on the pad.
pub(crate) enum Entry {
    Digits(Vec<u8>),
    Cancel,
}

/// Not digits, or too many.
#[derive(Debug, thiserror::Error)]
#[error("a PIN pad has digits only, and takes at most 16")]
pub struct NotDigits;

/// The keys of the pad.
#[derive(Default)]
pub(crate) struct Pad {
    entries: VecDeque<Entry>,
    /// The reader waits for an entry now.
    pub(crate) is_asked: bool,
}

impl fmt::Debug for Pad {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Pad")
            .field("entries", &self.entries.len())
            .field("is_asked", &self.is_asked)
            .finish()
    }
}

impl Pad {
    pub(crate) fn type_digits(&mut self, digits: &str) -> Result<(), NotDigits> {
        if digits.len() > 16 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotDigits);
        }
        let digits = digits.as_bytes().to_vec();
        self.entries.push_back(Entry::Digits(digits));
        Ok(())
    }

    pub(crate) fn cancel(&mut self) {
        self.entries.push_back(Entry::Cancel);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The answer to the reader: the next entry, or that there was none in time.
    pub(crate) fn answer(&mut self) -> Vec<u8> {
        match self.entries.pop_front() {
            Some(Entry::Digits(digits)) => [&[0x00], &digits[..]].concat(),
            Some(Entry::Cancel) => vec![0x01],
            None => vec![0x02],
        }
    }
}
