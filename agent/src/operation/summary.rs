//! What is said of a card without asking it anything: its kind, from the exact answer to reset.

use std::fmt::Write;

use paraphe_protocol::api::CardSummary;
use paraphe_protocol::card::{Atr, CardModel};

/// The card that answers `atr`; an answer that is none is an unknown card.
pub(crate) fn summary_of_atr(atr: &[u8]) -> CardSummary {
    CardSummary {
        kind: model_of_atr(atr).name().to_owned(),
        atr: Some(hexadecimal_capitals(atr)),
        serial: None,
        label: None,
    }
}

/// The model of the card that answers `atr`.
pub(crate) fn model_of_atr(atr: &[u8]) -> CardModel {
    Atr::from_bytes(atr).map_or(CardModel::Unknown, |atr| CardModel::identify(&atr))
}

/// Hexadecimal capitals without separators.
pub(crate) fn hexadecimal_capitals(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}
