//! The demo's fingers: shows what the PIN window would show, and types the simulated card's PIN.

use paraphe_protocol::card::Pin;

use super::narration;
use crate::pin::{EnteredPin, PinEntry, PinEntryError, PinRequest};

/// The PIN of every shipped card.
const PIN_OF_SIMULATED_CARDS: &[u8] = b"1234";

#[derive(Debug)]
pub(super) struct ScriptedFingers;

impl PinEntry for ScriptedFingers {
    fn ask(&self, request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        if request.is_last_try() {
            return Err(PinEntryError::LastTryNotConfirmed);
        }
        narration::window(request.title(), &request.description());
        Ok(EnteredPin::Pin(Pin::from_digits(PIN_OF_SIMULATED_CARDS)?))
    }

    fn is_interactive(&self) -> bool {
        false
    }
}
