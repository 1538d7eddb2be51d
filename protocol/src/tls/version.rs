//! The versions of TLS that are spoken: 1.2 (RFC 5246) and 1.3 (RFC 8446), and no earlier one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum TlsVersion {
    /// RFC 5246: signs PKCS#1 v1.5 as well as PSS.
    #[serde(rename = "1.2")]
    Tls12,
    /// RFC 8446: signs RSA keys by PSS only.
    #[serde(rename = "1.3")]
    Tls13,
}

impl TlsVersion {
    /// `1.2` or `1.3`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "1.2",
            Self::Tls13 => "1.3",
        }
    }
}

impl std::fmt::Display for TlsVersion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}
