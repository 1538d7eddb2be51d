//! A reader's own keypad through PC/SC (part 10): asked inside the transaction what it can do, and sent the structure by which
//! it takes a PIN. Whether there is one is the reader's to say, never its name's. Whatever it says that cannot be read counts
//! as no keypad: the PIN is then entered on the workstation.

use paraphe_protocol::card::TransportError;
use paraphe_protocol::card::pinpad::{
    GET_FEATURE_REQUEST, Pinpad, PinpadFeatures, PinpadProperties, PinpadRequest,
};
use pcsc::{Card, Error, ctl_code};

/// Largest answer to a control code: a list of features or properties, or a status word.
const ANSWER_BUFFER: usize = 300;

/// A keypad, with the control codes that reach it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PcscKeypad {
    verify: u32,
    modify: Option<u32>,
    properties: PinpadProperties,
}

/// Why nothing came of an entry.
#[derive(Debug)]
pub(super) enum KeypadError {
    /// The card or the service is in the way.
    Service(Error),
    /// The reader does not do this.
    Transport(TransportError),
}

impl PcscKeypad {
    /// Asks the reader; at most three control codes, and one for a reader without keypad.
    pub(super) fn of(card: &Card) -> Option<Self> {
        let features = ask(card, ctl_code(GET_FEATURE_REQUEST.into()))?;
        let features = PinpadFeatures::parse(&features).ok()?;
        let verify = features.verify?;
        let structure = features
            .pin_properties
            .and_then(|code| ask(card, code.into()))
            .and_then(|bytes| PinpadProperties::parse_structure(&bytes).ok())
            .unwrap_or_default();
        let list = features
            .tlv_properties
            .and_then(|code| ask(card, code.into()))
            .and_then(|bytes| PinpadProperties::parse_list(&bytes).ok())
            .unwrap_or_default();
        Some(Self {
            verify,
            modify: features.modify,
            properties: structure.or(list),
        })
    }

    /// What it can do, as an operation sees it.
    pub(super) fn pinpad(&self) -> Pinpad {
        Pinpad {
            can_modify: self.modify.is_some(),
            properties: self.properties,
        }
    }

    /// Has it take a PIN. Returns when the person has typed, cancelled or let the time pass.
    pub(super) fn enter(
        &self,
        card: &Card,
        request: &PinpadRequest,
    ) -> Result<Vec<u8>, KeypadError> {
        let code = match request {
            PinpadRequest::Verify(_) => self.verify,
            PinpadRequest::Modify(_) => self.modify.ok_or_else(|| {
                KeypadError::Transport(TransportError::Other {
                    detail: "the reader's keypad changes no PIN".to_owned(),
                })
            })?,
        };
        let mut answer = [0; ANSWER_BUFFER];
        card.control(code.into(), request.as_bytes(), &mut answer)
            .map(<[u8]>::to_vec)
            .map_err(KeypadError::Service)
    }
}

fn ask(card: &Card, code: pcsc::ffi::DWORD) -> Option<Vec<u8>> {
    let mut answer = [0; ANSWER_BUFFER];
    match card.control(code, &[], &mut answer) {
        Ok(answer) => Some(answer.to_vec()),
        Err(error) => {
            tracing::debug!(%error, "the reader tells nothing of a keypad");
            None
        }
    }
}
