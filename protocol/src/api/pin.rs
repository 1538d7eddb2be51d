//! `pin/status`, `pin/change`, `pin/unblock`: the life of the PIN ("code porteur"). No request holds a code: old, new and
//! unblocking codes are asked for by the agent itself. For the person's own programs; a site is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CardSummary, PinSummary};

/// Which card's PIN: of `pin/status`, `pin/change` and `pin/unblock`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PinRequest {
    /// Exact PC/SC reader name; absent: the only professional's card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Serial of the card that must be meant; refused if another card is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// The codes of a card, as they are now. No try was spent to read them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PinStatusResponse {
    /// Reader's PC/SC name.
    pub reader: String,
    /// The card itself.
    pub card: CardSummary,
    /// Tries of the PIN.
    pub pin: PinSummary,
    /// Fewest digits of a PIN.
    pub digits_min: u8,
    /// Most digits of a PIN.
    pub digits_max: u8,
    /// The code that unblocks the PIN; absent where the card has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unblocking_code: Option<UnblockingCodeSummary>,
}

/// State of the code that unblocks the PIN ("code de déblocage").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnblockingCodeSummary {
    /// Wrong entries allowed in a row.
    pub tries_max: u8,
    /// Entries left before the code is blocked, for good.
    pub tries_left: u8,
    /// How often it can still be used; absent where the card does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uses_left: Option<u16>,
    /// No try or no use left: only the issuer helps.
    pub blocked: bool,
}

/// The PIN has a new value, by `pin/change` or `pin/unblock`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PinSetResponse {
    /// Reader's PC/SC name.
    pub reader: String,
    /// The card itself.
    pub card: CardSummary,
    /// Tries of the new PIN.
    pub pin: PinSummary,
}
