//! `status`: versions of each layer, readers, cards, and what will need attention soon.

use serde::{Deserialize, Serialize};

use super::{CardSummary, ErrorCode, Remedy};

/// `status` takes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusRequest {}

/// What the agent sees now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusResponse {
    /// Versions of each layer.
    pub versions: Versions,
    /// Readers in the order in which PC/SC lists them.
    pub readers: Vec<ReaderSummary>,
    /// Things that will need someone's attention.
    pub warnings: Vec<Warning>,
}

/// Versions of each layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The agent's program.
    pub agent: String,
    /// The API (`v1`).
    pub api: String,
    /// The card layer: `pcsc`, or `in-process` for simulated cards.
    pub cards: String,
}

/// A reader and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReaderSummary {
    /// The PC/SC name, exactly.
    pub name: String,
    /// The box that it is a slot of: the same for all slots of one box, different for any two boxes.
    pub device: String,
    /// Which slot of that box, from 0.
    pub slot: u8,
    /// Contact or contactless, where the reader's name says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<ReaderInterface>,
    /// Whether a card is in it.
    pub state: ReaderState,
    /// The card, once it answered to reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub card: Option<CardSummary>,
}

/// How a reader reaches its card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReaderInterface {
    /// The card is put in.
    Contact,
    /// The card is laid on.
    Contactless,
}

/// State of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReaderState {
    /// No card.
    Empty,
    /// A card that answers.
    Present,
    /// A card that does not answer (inserted the wrong way round, dirty or dead).
    Mute,
    /// Another program holds the card exclusively.
    InUse,
}

/// Something that will need attention, with the same codes and remedies as errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// Stable code.
    pub code: ErrorCode,
    /// What is the matter, in the caller's language.
    pub detail: String,
    /// What to do.
    pub remedy: Remedy,
}
