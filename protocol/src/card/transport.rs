//! The seam between a card driver and whatever carries its bytes: a PC/SC reader, a card inside the
//! process, a recording. One call is one physical exchange of ISO/IEC 7816-3 (a short APDU in, data
//! and status word out); `61xx` and `6Cxx` are not the transport's business but
//! [`Exchange`](super::Exchange)'s. A transport gives up by an error and never retries by itself.

use super::apdu::TransmissionProtocol;
use super::pinpad::{Pinpad, PinpadRequest};

/// Carries one command to the card and brings back its answer.
pub trait Transport {
    /// Sends `command`, the bytes of one short APDU, and returns the answer: 0 to 256 bytes of data
    /// and 2 of status word.
    ///
    /// # Errors
    /// Whatever stopped the exchange below the card; see [`TransportError`].
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError>;

    /// The protocol agreed with the card, where the transport knows it. Without it a driver takes
    /// the one that the card's model usually speaks, which is a guess for a card that offers two.
    fn agreed_protocol(&self) -> Option<TransmissionProtocol> {
        None
    }

    /// The reader's own keypad, as the reader tells it; `None` where there is none.
    fn pinpad(&mut self) -> Option<Pinpad> {
        None
    }

    /// Has the reader's own keypad take a PIN and present it, and returns the reader's or the card's
    /// status word. A transport without keypad refuses; this one does.
    ///
    /// # Errors
    /// Whatever stopped it below the card.
    fn enter_on_pinpad(&mut self, _request: &PinpadRequest) -> Result<Vec<u8>, TransportError> {
        Err(TransportError::Other {
            detail: "the reader has no keypad".to_owned(),
        })
    }
}

impl<T: Transport + ?Sized> Transport for &mut T {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        (**self).transmit(command)
    }

    fn agreed_protocol(&self) -> Option<TransmissionProtocol> {
        (**self).agreed_protocol()
    }

    fn pinpad(&mut self) -> Option<Pinpad> {
        (**self).pinpad()
    }

    fn enter_on_pinpad(&mut self, request: &PinpadRequest) -> Result<Vec<u8>, TransportError> {
        (**self).enter_on_pinpad(request)
    }
}

impl<T: Transport + ?Sized> Transport for Box<T> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        (**self).transmit(command)
    }

    fn agreed_protocol(&self) -> Option<TransmissionProtocol> {
        (**self).agreed_protocol()
    }

    fn pinpad(&mut self) -> Option<Pinpad> {
        (**self).pinpad()
    }

    fn enter_on_pinpad(&mut self, request: &PinpadRequest) -> Result<Vec<u8>, TransportError> {
        (**self).enter_on_pinpad(request)
    }
}

/// Why an exchange did not take place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The card left the reader, or another card took its place.
    #[error("the card was removed")]
    CardRemoved,
    /// Another program reset the card: the PIN state and the selected file are gone.
    #[error("another program reset the card")]
    CardReset,
    /// The reader is gone.
    #[error("the card reader is no longer available")]
    ReaderUnavailable,
    /// The service that drives the readers is gone.
    #[error("the card service is no longer available")]
    ServiceUnavailable,
    /// The workstation slept meanwhile, so that the card may be another one. The command was not sent.
    #[error("the workstation slept during the operation")]
    Slept,
    /// The operation's own time is over. The command was not sent.
    #[error("the time allowed for the operation is over")]
    TimeOver,
    /// The card did not answer within the transport's own deadline.
    #[error("the card did not answer in time")]
    Timeout,
    /// Anything else, with the transport's own words; for the log, never for a decision.
    #[error("the reader failed: {detail}")]
    Other {
        /// What the transport says of it.
        detail: String,
    },
}
