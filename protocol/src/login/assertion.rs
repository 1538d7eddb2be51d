//! The envelope that carries a login to the record server: a small JSON object.
//!
//! It holds only what the record server cannot know: certificate, algorithm, the agent's nonce,
//! times, the kind of channel binding, what the user was shown, the signature. Binary values are
//! base64url without padding. Refused: more than [`MAX_ASSERTION_BYTES`], unknown, missing or
//! repeated members, another version, values of a wrong length.

use paraphe_certs::UnixTime;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AgentNonce, ChannelBindingKind};
use crate::digest::Sha256Digest;
use crate::statement;

/// Most bytes of an envelope in JSON: certificate of 16 KiB and signature, in base64, and the rest.
pub const MAX_ASSERTION_BYTES: usize = 32 * 1024;

/// A login on its way; nothing in it is true before [`super::verify`] says so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginAssertion {
    /// Always 1.
    pub(super) version: Version,
    /// DER of the card's authentication certificate.
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
    /// Kind of the channel binding; its value does not travel.
    pub(super) channel_binding: ChannelBindingKind,
    /// SHA-256 of what the user was shown, in hexadecimal.
    pub(super) shown: Sha256Digest,
    /// Signature value.
    #[serde(with = "crate::base64url")]
    pub(super) signature: Vec<u8>,
}

/// Why bytes are not a login assertion.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssertionError {
    /// More than [`MAX_ASSERTION_BYTES`].
    #[error("a login assertion has at most {MAX_ASSERTION_BYTES} bytes, this one has {length}")]
    TooLong {
        /// Bytes given.
        length: usize,
    },
    /// Not the JSON object that this version writes.
    #[error("the login assertion is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
}

impl LoginAssertion {
    /// Reads an envelope that arrives by itself. One inside a larger message goes through `serde`,
    /// and that message's own size limit.
    ///
    /// # Errors
    /// [`AssertionError`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, AssertionError> {
        if bytes.len() > MAX_ASSERTION_BYTES {
            return Err(AssertionError::TooLong {
                length: bytes.len(),
            });
        }
        Ok(serde_json::from_slice(bytes)?)
    }

    /// Writes the envelope.
    ///
    /// # Errors
    /// None that can happen: every member is text or a number.
    pub fn to_json(&self) -> Result<Vec<u8>, AssertionError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// DER of the certificate that it claims; not verified.
    #[must_use]
    pub fn claimed_certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Kind of the channel binding that it claims; the value is each side's own.
    #[must_use]
    pub fn channel_binding(&self) -> ChannelBindingKind {
        self.channel_binding
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
            _ => Err(D::Error::custom("unknown version of the login assertion")),
        }
    }
}
