//! What is said to and heard from a program of the operator's that reads Vitale data: the adapter around the licensed
//! reading component, or around the phone app's reader. One JSON object each way; docs/vitale-component.md is the contract.
//!
//! What the program answers is hostile until checked: bounded length and counts, no unknown and no double key, text without
//! characters that steer a display, digits where digits belong, numbers whose key matches. Refused as a whole where one rule
//! is broken. No error quotes a value: it may be a name or a number.

mod answer;
mod completion;
mod written;

use serde::Serialize;

pub use answer::{
    ComponentAnswer, ComponentAnswerError, ComponentReading, ComponentRefusal,
    MAXIMUM_ANSWER_BYTES, parse,
};
pub use completion::complete_from_chip;

/// The version of the contract that both sides speak.
pub const CONTRACT: u8 = 1;

/// What the program is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComponentRequest<'a> {
    contract: u8,
    operation: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reader: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<&'a str>,
}

impl<'a> ComponentRequest<'a> {
    /// Read the card of this kind (`vitale2`, `vitale1`...) in this PC/SC reader, where one is seen there; else whatever the
    /// component reaches by its own means.
    #[must_use]
    pub fn read(card: Option<(&'a str, &'a str)>) -> Self {
        Self {
            contract: CONTRACT,
            operation: "read",
            reader: card.map(|(reader, _)| reader),
            card: card.map(|(_, kind)| kind),
        }
    }
}

#[cfg(test)]
mod tests;
