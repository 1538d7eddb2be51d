//! `login`: a proof, made by the card's authentication key, that the holder is at this workstation and means this
//! record server. The audience comes from the agent's own table, never from the caller. In format `web-eid:1` the proof is an
//! authentication token for a site that the configuration marks as one of Web eID.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Assurance;
use crate::login::{ChannelBinding, ChannelBindingKind, OfferedAlgorithms, StatedTerms};

/// What the caller knows: the server's nonce, what it offers, what the login is bound to, and from the socket or command line which
/// server of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("anyOf" = [
    { "properties": { "format": { "const": "assertion" } } },
    { "properties": { "server": { "type": "null" }, "offered": { "type": "null" }, "channel_binding": { "type": "null" } } },
]))]
pub struct LoginRequest {
    /// The record server's nonce, base64url without padding, 32 to 128 bytes; of a Web eID site its challenge, as it is.
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
    /// The algorithms that the record server offers, as it gave them, in order. Absent: `RS256`, `PS256`, `ES256`, `ES384`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered: Option<OfferedAlgorithms>,
    /// What the login is bound to; absent: to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel_binding: Option<RequestedBinding>,
    /// What is made.
    #[serde(default, skip_serializing_if = "LoginFormat::is_default")]
    pub format: LoginFormat,
    /// In format `web-eid:1`, from the socket or command line: the origin of the site. A page's own decides, and this may only confirm
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
}

/// What a login makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub enum LoginFormat {
    /// The login assertion of docs/login-assertion.md.
    #[default]
    #[serde(rename = "assertion")]
    Assertion,
    /// An authentication token that Web eID server libraries verify.
    #[serde(rename = "web-eid:1")]
    WebEid,
}

impl LoginFormat {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What a login is to be bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestedBinding {
    /// `jkt`, or from a program that holds the connection to the record server itself `tls-exporter`; never from a page, which
    /// cannot know the value.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["jkt", "tls-exporter"]))]
    pub kind: ChannelBindingKind,
    /// 32 bytes, base64url without padding.
    #[schemars(extend("pattern" = "^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"))]
    pub value: String,
}

/// Why a binding cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a channel binding is of type jkt or tls-exporter, with a value of 32 bytes in base64url without padding"
)]
pub struct RequestedBindingError;

impl RequestedBinding {
    /// The binding of a client's own key, by its thumbprint.
    #[must_use]
    pub fn of_key(thumbprint: &[u8; 32]) -> Self {
        Self::of(&ChannelBinding::JwkThumbprint(*thumbprint))
    }

    /// The binding of a connection, by its exporter value.
    #[must_use]
    pub fn of_connection(exporter: &[u8; 32]) -> Self {
        Self::of(&ChannelBinding::TlsExporter(*exporter))
    }

    fn of(binding: &ChannelBinding) -> Self {
        Self {
            kind: binding.kind(),
            value: URL_SAFE_NO_PAD.encode(binding.value()),
        }
    }

    /// The binding with its value.
    ///
    /// # Errors
    /// [`RequestedBindingError`].
    pub fn read(&self) -> Result<ChannelBinding, RequestedBindingError> {
        let value = URL_SAFE_NO_PAD.decode(&self.value);
        let value: Option<[u8; 32]> = value.ok().and_then(|value| value.try_into().ok());
        match (self.kind, value) {
            (ChannelBindingKind::JwkThumbprint, Some(value)) => {
                Ok(ChannelBinding::JwkThumbprint(value))
            }
            (ChannelBindingKind::TlsExporter, Some(value)) => {
                Ok(ChannelBinding::TlsExporter(value))
            }
            _ => Err(RequestedBindingError),
        }
    }
}

/// The assertion, to be handed to the record server as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoginResponse {
    /// Serial of the card that signed.
    pub card: String,
    /// What that card, or other token, can prove.
    pub assurance: Assurance,
    /// The assertion (docs/login-assertion.md), or the Web eID token.
    pub assertion: Value,
    /// What the assertion was made for: the record server tells by it why it refuses, where it does. Absent with a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_for: Option<StatedTerms>,
}
