//! A log of the APDUs that a card exchanges, with every code masked.
//!
//! One line an event: seconds since the start, the reader's endpoint, then `reset`, `-> command` or `<- response` in
//! hexadecimal, and what a scenario does (`mute`, `removed`). The data of VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER is written as `**`.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::connection::Endpoint;
use crate::hex;
use crate::soft_card::Outcome;

/// A trace file, shared by all cards of a program.
#[derive(Debug, Clone)]
pub struct Trace {
    file: Arc<Mutex<File>>,
    start: Instant,
}

impl Trace {
    /// Creates the file, or empties it.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: Arc::new(Mutex::new(File::create(path)?)),
            start: Instant::now(),
        })
    }

    pub(crate) fn reset(&self, endpoint: &Endpoint) {
        self.line(endpoint, "reset");
    }

    pub(crate) fn exchange(&self, endpoint: &Endpoint, command: &[u8], outcome: &Outcome) {
        self.line(endpoint, &format!("-> {}", masked(command)));
        let event = match outcome {
            Outcome::Answer(response) => format!("<- {}", hex::encode(response)),
            Outcome::Mute => "mute".to_owned(),
            Outcome::Removed { .. } => "removed".to_owned(),
        };
        self.line(endpoint, &event);
    }

    fn line(&self, endpoint: &Endpoint, event: &str) {
        let seconds = self.start.elapsed().as_secs_f64();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not stop the card.
        let _ = writeln!(file, "{seconds:.6} {endpoint} {event}");
    }
}

/// A command in hexadecimal, without the codes that it may carry.
fn masked(command: &[u8]) -> String {
    match command {
        [_, 0x20 | 0x24 | 0x2C, _, _, _, data @ ..] => {
            let header = command.get(..5).unwrap_or_default();
            format!("{}{}", hex::encode(header), "**".repeat(data.len()))
        }
        _ => hex::encode(command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_masked_in_every_command_that_carries_them() {
        assert_eq!(masked(b"\x00\x20\x00\x01\x041234"), "0020000104********");
        for instruction in [0x20, 0x24, 0x2C] {
            for class in [0x00, 0x10, 0x80] {
                let command = [class, instruction, 0, 1, 4, 0x31, 0x32, 0x33, 0x34];
                assert!(!masked(&command).contains("31323334"));
            }
        }
        assert_eq!(masked(&[0, 0xA4, 0, 0x0C, 2, 0x3F, 0]), "00A4000C023F00");
    }
}
