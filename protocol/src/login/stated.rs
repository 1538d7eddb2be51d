//! What a login was made for, as whoever hands it over states it: so that a login that does not hold can be told why.
//!
//! It takes no part in a decision. Where a signature does not verify with the server's own values, it is verified once more with the
//! stated ones; where it does then, the first value that differs is the reason, and it is a fact and not a claim. A statement that is
//! missing, wrong or a lie leaves the refusal as it was. At most 512 bytes a
//! value and 16 algorithms are looked at; more is as if nothing were stated.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Audience, ChannelBinding, OfferedAlgorithms, Origin, ServerNonce};

/// What the signature was made for; what is absent is as the server expects it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatedTerms {
    /// Record server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Origin, however it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The server's nonce, base64url without padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The algorithms that were offered, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered: Option<Vec<String>>,
    /// Value of the channel binding, base64url without padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding_value: Option<String>,
}

impl StatedTerms {
    /// Most characters of a value.
    const MAX_CHARACTERS: usize = 512;

    /// What a login with these terms was made for.
    #[must_use]
    pub fn of(
        audience: &Audience,
        origin: &Origin,
        nonce: &ServerNonce,
        offered: &OfferedAlgorithms,
        binding: &ChannelBinding,
    ) -> Self {
        Self {
            audience: Some(audience.to_string()),
            origin: Some(origin.to_string()),
            nonce: Some(nonce.to_string()),
            offered: Some(offered.names().map(str::to_owned).collect()),
            binding_value: Some(URL_SAFE_NO_PAD.encode(binding.value())),
        }
    }

    /// Every value as bytes, or nothing where one is too long or not in its encoding.
    pub(super) fn read(&self) -> Option<ReadTerms<'_>> {
        let text = |value: &Option<String>| {
            let short = |value: &String| value.len() <= Self::MAX_CHARACTERS;
            value.as_ref().is_none_or(short).then_some(())
        };
        let bytes = |value: &Option<String>| match value {
            Some(value) => URL_SAFE_NO_PAD.decode(value).ok().map(Some),
            None => Some(None),
        };
        for value in [
            &self.audience,
            &self.origin,
            &self.nonce,
            &self.binding_value,
        ] {
            text(value)?;
        }
        let offered = match &self.offered {
            Some(names) => Some(OfferedAlgorithms::new(names.clone()).ok()?),
            None => None,
        };
        Some(ReadTerms {
            audience: self.audience.as_deref(),
            origin: self.origin.as_deref(),
            nonce: bytes(&self.nonce)?,
            offered,
            binding_value: bytes(&self.binding_value)?,
        })
    }
}

/// Stated terms, read.
pub(super) struct ReadTerms<'a> {
    pub(super) audience: Option<&'a str>,
    pub(super) origin: Option<&'a str>,
    pub(super) nonce: Option<Vec<u8>>,
    pub(super) offered: Option<OfferedAlgorithms>,
    pub(super) binding_value: Option<Vec<u8>>,
}
