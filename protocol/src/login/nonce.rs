//! The two nonces of a login: the record server's, single use, and the agent's.
//!
//! The server's is 32 to 128 bytes, unpredictable, consumed before verification; the agent's is 32
//! bytes, so that a server cannot choose alone what a card signs. JSON form: base64url without
//! padding (RFC 4648 section 5), canonical only. Refused: shorter, longer, padded.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// The record server's nonce, 32 to 128 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerNonce(Vec<u8>);

/// The agent's nonce, 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentNonce([u8; 32]);

/// Why bytes are not a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NonceError {
    /// Not base64url without padding.
    #[error("the nonce is not base64url without padding")]
    Encoding,
    /// Fewer than 32 bytes.
    #[error("a nonce has at least 32 bytes, this one has {length}")]
    TooShort {
        /// Bytes given.
        length: usize,
    },
    /// More bytes than allowed.
    #[error("the nonce has too many bytes: {length}")]
    TooLong {
        /// Bytes given.
        length: usize,
    },
}

impl ServerNonce {
    /// Fewest bytes.
    pub const MIN_BYTES: usize = 32;
    /// Most bytes.
    pub const MAX_BYTES: usize = 128;

    /// Takes the bytes of a nonce.
    ///
    /// # Errors
    /// [`NonceError::TooShort`] or [`NonceError::TooLong`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NonceError> {
        match bytes.len() {
            length if length < Self::MIN_BYTES => Err(NonceError::TooShort { length }),
            length if length > Self::MAX_BYTES => Err(NonceError::TooLong { length }),
            _ => Ok(Self(bytes.to_vec())),
        }
    }

    /// Takes 32 random bytes.
    #[must_use]
    pub fn of_32_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec())
    }

    /// Reads base64url without padding.
    ///
    /// # Errors
    /// [`NonceError`].
    pub fn from_base64url(text: &str) -> Result<Self, NonceError> {
        Self::from_bytes(&decode(text)?)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl AgentNonce {
    /// Takes 32 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn decode(text: &str) -> Result<Vec<u8>, NonceError> {
    // 4 characters for 3 bytes: refused by length before anything is allocated.
    if text.len() > ServerNonce::MAX_BYTES * 4 / 3 + 4 {
        return Err(NonceError::TooLong {
            length: text.len() / 4 * 3,
        });
    }
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| NonceError::Encoding)
}

impl TryFrom<String> for ServerNonce {
    type Error = NonceError;

    fn try_from(text: String) -> Result<Self, NonceError> {
        Self::from_base64url(&text)
    }
}

impl From<ServerNonce> for String {
    fn from(nonce: ServerNonce) -> Self {
        nonce.to_string()
    }
}

impl fmt::Display for ServerNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl TryFrom<String> for AgentNonce {
    type Error = NonceError;

    fn try_from(text: String) -> Result<Self, NonceError> {
        let bytes = decode(&text)?;
        let length = bytes.len();
        bytes.try_into().map(Self).map_err(|_| {
            if length < 32 {
                NonceError::TooShort { length }
            } else {
                NonceError::TooLong { length }
            }
        })
    }
}

impl From<AgentNonce> for String {
    fn from(nonce: AgentNonce) -> Self {
        URL_SAFE_NO_PAD.encode(nonce.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn lengths_of_a_server_nonce() {
        assert_eq!(
            ServerNonce::from_bytes(&[1; 31]),
            Err(NonceError::TooShort { length: 31 })
        );
        assert!(ServerNonce::from_bytes(&[1; 32]).is_ok());
        assert!(ServerNonce::from_bytes(&[1; 128]).is_ok());
        assert_eq!(
            ServerNonce::from_bytes(&[1; 129]),
            Err(NonceError::TooLong { length: 129 })
        );
    }

    #[test]
    fn text_form_is_canonical() {
        let nonce = ServerNonce::from_bytes(&[0xff; 32]).unwrap();
        let text = nonce.to_string();
        assert_eq!(ServerNonce::from_base64url(&text).unwrap(), nonce);
        for wrong in [
            format!("{text}="),
            text.replace('_', "/"),
            format!("{}9", &text[..42]),
        ] {
            assert_eq!(
                ServerNonce::from_base64url(&wrong),
                Err(NonceError::Encoding),
                "{wrong}"
            );
        }
        assert!(matches!(
            ServerNonce::from_base64url(&"A".repeat(100_000)),
            Err(NonceError::TooLong { .. })
        ));
    }

    #[test]
    fn agent_nonce_has_exactly_32_bytes() {
        let json = |length: usize| format!("\"{}\"", URL_SAFE_NO_PAD.encode(vec![7; length]));
        assert!(serde_json::from_str::<AgentNonce>(&json(32)).is_ok());
        assert!(serde_json::from_str::<AgentNonce>(&json(31)).is_err());
        assert!(serde_json::from_str::<AgentNonce>(&json(33)).is_err());
    }
}
