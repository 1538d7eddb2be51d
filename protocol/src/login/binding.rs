//! What ties a login to a connection or to a key, so that a stolen assertion is of no use.
//!
//! `tls-exporter` (RFC 9266, 32 bytes) where our own code holds the TLS connection to the record
//! server; `jkt` (the SHA-256 JWK thumbprint of RFC 7638) where a page holds a key; `none` where the
//! record server asks for neither. Only the kind travels; each side knows the value by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Label of the TLS exporter that a connection is bound by (RFC 9266 section 2); no context, 32 bytes.
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// The binding of a login, with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelBinding {
    /// No binding: type `none`, empty value.
    None,
    /// TLS exporter, label `EXPORTER-Channel-Binding`, 32 bytes.
    TlsExporter([u8; 32]),
    /// SHA-256 thumbprint of the page's public key.
    JwkThumbprint([u8; 32]),
}

/// The kind of a binding, as the envelope names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[non_exhaustive]
pub enum ChannelBindingKind {
    /// `none`.
    #[serde(rename = "none")]
    None,
    /// `tls-exporter`.
    #[serde(rename = "tls-exporter")]
    TlsExporter,
    /// `jkt`.
    #[serde(rename = "jkt")]
    JwkThumbprint,
}

impl ChannelBinding {
    /// The kind, without the value.
    #[must_use]
    pub fn kind(&self) -> ChannelBindingKind {
        match self {
            Self::None => ChannelBindingKind::None,
            Self::TlsExporter(_) => ChannelBindingKind::TlsExporter,
            Self::JwkThumbprint(_) => ChannelBindingKind::JwkThumbprint,
        }
    }

    /// The bytes that are signed after the kind's name: none, or 32.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        match self {
            Self::None => &[],
            Self::TlsExporter(value) | Self::JwkThumbprint(value) => value,
        }
    }
}

impl ChannelBindingKind {
    /// Name in the envelope and in the signed bytes.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::TlsExporter => "tls-exporter",
            Self::JwkThumbprint => "jkt",
        }
    }
}
