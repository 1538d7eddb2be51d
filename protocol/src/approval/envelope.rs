//! The envelope that carries an approval to the record server: a small JSON object.
//!
//! It holds only what the record server cannot know: certificate, algorithm, the agent's nonce, times, what the person was shown,
//! the signature. What was approved does not travel: the server knows what it asked for. Binary values are base64url without
//! padding. Refused: more than [`MAX_APPROVAL_BYTES`], unknown, missing or repeated members, another version.

use paraphe_certs::UnixTime;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Sha256Digest;
use crate::login::AgentNonce;
use crate::statement;

/// Most bytes of an envelope in JSON: certificate of 16 KiB and signature, in base64, and the rest.
pub const MAX_APPROVAL_BYTES: usize = 32 * 1024;

/// An approval on its way; nothing in it is true before [`super::verify`] says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Always 1.
    pub(super) version: Version,
    /// DER of the card's signature certificate.
    #[serde(with = "crate::base64url")]
    pub(super) certificate: Vec<u8>,
    /// Name of the algorithm; it must be the one that the key implies.
    pub(super) algorithm: String,
    /// The agent's nonce.
    pub(super) agent_nonce: AgentNonce,
    /// Seconds since 1970.
    pub(super) issued_at: u64,
    /// Seconds since 1970.
    pub(super) expires_at: u64,
    /// SHA-256 of what the person was shown, in hexadecimal.
    pub(super) shown: Sha256Digest,
    /// Signature value.
    #[serde(with = "crate::base64url")]
    pub(super) signature: Vec<u8>,
}

/// Why bytes are not an approval.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// More than [`MAX_APPROVAL_BYTES`].
    #[error("an approval has at most {MAX_APPROVAL_BYTES} bytes, this one has {length}")]
    TooLong {
        /// Bytes given.
        length: usize,
    },
    /// Not the JSON object that this version writes.
    #[error("the approval is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl Approval {
    /// Reads an envelope that arrives by itself. One inside a larger message goes through `serde`, and that message's own size
    /// limit.
    ///
    /// # Errors
    /// [`EnvelopeError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_APPROVAL_BYTES {
            return Err(EnvelopeError::TooLong {
                length: bytes.len(),
            });
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// Writes the envelope.
    ///
    /// # Errors
    /// None that can happen: every member is text or a number.
    pub fn to_json(&self) -> Result<Vec<u8>, EnvelopeError> {
        Ok(serde_json::to_vec(self)?)
    }

    pub(super) fn issued_at(&self) -> UnixTime {
        statement::time(self.issued_at)
    }

    pub(super) fn expires_at(&self) -> UnixTime {
        statement::time(self.expires_at)
    }
}

/// The number 1 and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(1)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            1 => Ok(Self),
            _ => Err(D::Error::custom("unknown version of the approval")),
        }
    }
}
