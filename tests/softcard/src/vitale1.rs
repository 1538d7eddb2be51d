//! The Vitale 1 or 1 bis of a patient: recognised by its answer to reset, and `6E00` to every command.
//!
//! Real ones are memory cards with a class of their own (BC); what is on them is not public, so nothing is simulated.

use crate::apdu::Command;
use crate::profile::Vitale1Profile;
use crate::soft_card::Chip;
use crate::status_word::StatusWord;
use crate::transport_t0::Application;

/// The card, which has no state.
#[derive(Debug)]
pub(crate) struct Vitale1 {
    atr: Vec<u8>,
}

impl Vitale1 {
    pub(crate) fn new(profile: &Vitale1Profile) -> Self {
        Self {
            // A profile with another one was refused when it was read.
            atr: profile.known_atr().unwrap_or_default(),
        }
    }
}

impl Chip for Vitale1 {
    fn atr(&self) -> &[u8] {
        &self.atr
    }

    fn reset(&mut self) {}
}

impl Application for Vitale1 {
    fn execute(&mut self, _command: &Command) -> Result<Vec<u8>, StatusWord> {
        Err(StatusWord::CLASS_NOT_SUPPORTED)
    }

    fn accepts_chaining(&self, _instruction: u8) -> bool {
        true
    }
}
