//! `doctor`: everything that must be right on a workstation for the agent to work, what is wrong, and who can mend it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Warning;

/// `doctor` takes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DoctorRequest {}

/// What was looked at, in the order in which a card's work depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoctorResponse {
    /// Nothing that was looked at is wrong.
    pub healthy: bool,
    /// One entry for each thing.
    pub checks: Vec<DoctorCheck>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DoctorCheck {
    /// What.
    pub subject: DoctorSubject,
    /// How it is.
    pub result: DoctorResult,
    /// What was seen, in the caller's language.
    pub seen: String,
    /// What is wrong with it, with what to do and who can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Warning>,
}

/// What can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DoctorSubject {
    /// The agent's configuration.
    Configuration,
    /// The card service (pcscd).
    CardService,
    /// The readers.
    Readers,
    /// The cards in them.
    Cards,
    /// Tokens behind PKCS#11 modules, and keys in files.
    Tokens,
    /// Official components that read Vitale cards.
    VitaleComponents,
    /// Whom the workstation trusts as authorities of cards.
    TrustedAuthorities,
    /// How the PIN is asked for.
    PinEntry,
    /// Whether the memory in which PINs are held is kept from the swap space.
    MemoryLock,
    /// Whether somebody tells that the session is locked.
    SessionManager,
    /// The workstation's clock.
    Clock,
    /// The HTTPS door's certificate.
    DoorCertificate,
    /// The HTTPS door's port on both loopback addresses.
    Port,
    /// The browsers' policies.
    Browsers,
}

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DoctorResult {
    /// As it must be.
    Good,
    /// Something must be mended.
    Wrong,
    /// It could not be found out, or does not matter here.
    Unknown,
}
