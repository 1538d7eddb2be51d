//! `status`: versions of each layer, readers, cards, and what will need attention soon.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CardSummary, DoorSummary, ErrorCode, Remedy};

/// `status` takes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusRequest {}

/// What the agent sees now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusResponse {
    /// Versions of each layer.
    pub versions: Versions,
    /// Readers in the order in which PC/SC lists them.
    pub readers: Vec<ReaderSummary>,
    /// What else can read a Vitale card: plugged in by the operator, or recognised on this workstation.
    #[serde(default)]
    pub vitale_components: Vec<VitaleComponentSummary>,
    /// Tokens that are no card in one of these readers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tokens: Vec<TokenSummary>,
    /// The PKCS#11 modules of the configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules: Vec<ModuleSummary>,
    /// PKCS#11 modules of the field that are installed and not configured, by name: nothing is loaded of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modules_not_configured: Vec<String>,
    /// Whether mandates end when the session is locked: not where no session manager tells.
    #[serde(default)]
    pub ends_on_lock: bool,
    /// What happened at the agent's doors since it started. Not told to sites.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doors: Vec<DoorSummary>,
    /// Things that will need someone's attention.
    pub warnings: Vec<Warning>,
}

/// Versions of each layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Versions {
    /// The agent's program.
    pub agent: String,
    /// The API (`v1`).
    pub api: String,
    /// The card layer: `pcsc`, or `in-process` for simulated cards.
    pub cards: String,
}

/// A reader and what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReaderInterface {
    /// The card is put in.
    Contact,
    /// The card is laid on.
    Contactless,
}

/// A token that is no card in a reader of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenSummary {
    /// What `reader` of a request may name.
    pub name: String,
    /// Kind (`pkcs11`, `software`), serial number, label.
    pub card: CardSummary,
}

/// A PKCS#11 module of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModuleSummary {
    /// Its name in the configuration.
    pub name: String,
    /// What it says of itself; absent where it was never loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether it can be used now; a warning says why not.
    pub works: bool,
}

/// State of a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// An official way of reading a Vitale card, beside the chip's open files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VitaleComponentSummary {
    /// The operator's name for what is plugged in; `api-lecture`, `ssv-fsv`, `galss`, `mica` or `apcv` for what was recognised.
    pub name: String,
    /// What a person calls it.
    pub title: String,
    /// Whether it can be used.
    pub state: VitaleComponentState,
    /// Its program, or the file or directory by which it was recognised. Not told to sites.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// Whether an official component can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum VitaleComponentState {
    /// Plugged in: `vitale/read` reads through it.
    PluggedIn,
    /// Plugged in, and its program is missing or not safe to run.
    Unusable,
    /// Present on this workstation, not plugged in.
    Present,
}

/// Something that will need attention, with the same codes and remedies as errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Warning {
    /// Stable code.
    pub code: ErrorCode,
    /// What is the matter, in the caller's language.
    pub detail: String,
    /// What to do.
    pub remedy: Remedy,
}
