//! Readers with a keypad of their own, PC/SC part 10 version 2.02.09: what a reader says it can do,
//! and the structures by which it is asked to take a PIN and present it to the card, so that the PIN
//! never enters this computer. Bytes only: the control codes are sent by the caller. Whether a
//! reader has a keypad is the reader's to say, never a table's: the same model exists with and
//! without.
//!
//! Refused: a form whose length depends on the digits typed (readers are known to fail at it) or
//! that is longer than the 15 bytes a structure can express, lists of features that are cut short.

mod entry;
mod features;
mod properties;

pub use entry::{PinpadOutcome, PinpadPrompt, PinpadRequest, PromptLanguage};
pub use features::{GET_FEATURE_REQUEST, PinpadFeatures};
pub use properties::PinpadProperties;

/// A reader's keypad that takes PINs by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pinpad {
    /// It can also change a PIN.
    pub can_modify: bool,
    /// What else is known of it.
    pub properties: PinpadProperties,
}

/// Why a keypad cannot be used, or what it said cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinpadError {
    /// A list of features or properties that ends inside an entry, or is longer than any reader's.
    #[error("the reader's list of features cannot be read")]
    Malformed,
    /// A form of PIN that a structure of part 10 cannot express, or readers cannot be trusted with.
    #[error("the card's form of PIN does not suit a keypad")]
    UnsuitableForm,
    /// The keypad takes PINs of other lengths than the card's.
    #[error("the keypad takes PINs of other lengths")]
    UnsuitableLengths,
    /// The answer to an entry is not a status word.
    #[error("the keypad answered {length} bytes instead of a status word")]
    Answer {
        /// Bytes received.
        length: usize,
    },
}
