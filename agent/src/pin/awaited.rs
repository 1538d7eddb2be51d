//! An entry whose questions are waits for a person, and no time of the agent's own.

use std::sync::Arc;

use paraphe_protocol::card::{LastTry, UnblockingCode};

use super::{EnteredPin, KeypadNotice, Passphrase, PinEntry, PinEntryError, PinRequest, Question};
use crate::elsewhere;

/// The entry inside, with the clock of the agent's own time stopped while it asks.
pub(crate) struct AwaitedEntry(pub(crate) Arc<dyn PinEntry>);

impl PinEntry for AwaitedEntry {
    fn ask(&self, request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        elsewhere::wait(|| self.0.ask(request))
    }

    fn ask_unblocking_code(
        &self,
        request: &PinRequest,
    ) -> Result<(UnblockingCode, LastTry), PinEntryError> {
        elsewhere::wait(|| self.0.ask_unblocking_code(request))
    }

    fn ask_passphrase(&self, request: &PinRequest) -> Result<(Passphrase, LastTry), PinEntryError> {
        elsewhere::wait(|| self.0.ask_passphrase(request))
    }

    fn confirm_last_try(&self, request: &PinRequest) -> Result<(), PinEntryError> {
        elsewhere::wait(|| self.0.confirm_last_try(request))
    }

    fn announce_keypad(&self, request: &PinRequest) -> Result<KeypadNotice, PinEntryError> {
        elsewhere::wait(|| self.0.announce_keypad(request))
    }

    fn confirm(
        &self,
        question: &Question,
        withdrawn: &dyn Fn() -> bool,
    ) -> Result<(), PinEntryError> {
        elsewhere::wait(|| self.0.confirm(question, withdrawn))
    }

    fn withdraw(&self) {
        self.0.withdraw();
    }

    fn note_refused(&self) {
        self.0.note_refused();
    }

    fn is_interactive(&self) -> bool {
        self.0.is_interactive()
    }
}
