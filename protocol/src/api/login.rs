//! `login`: a proof, made by the card's authentication key, that the holder is at this workstation and means this
//! record server. The audience comes from the agent's own table, never from the caller.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Assurance;

/// What the caller knows: the server's nonce, and from the socket or command line which server of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The record server's nonce, base64url without padding, 32 to 64 bytes.
    pub nonce: String,
    /// Name of the record server in the agent's table. On the HTTPS door the page's origin decides, and this may
    /// only confirm it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// Exact PC/SC reader name; absent: the only professional's card present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reader: Option<String>,
    /// Serial of the card that must be meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card: Option<String>,
}

/// The assertion, to be handed to the record server as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginResponse {
    /// Serial of the card that signed.
    pub card: String,
    /// What that card, or other token, can prove.
    pub assurance: Assurance,
    /// The assertion (docs/login-assertion.md).
    pub assertion: Value,
}
