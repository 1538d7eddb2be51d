//! The table of formats, where a signature stands in relation to what it signs, and the levels.
//! Names are those of design and API; in words of ETSI: XAdES EN 319 132-1, CAdES EN 319 122-1, PAdES EN 319 142-1, JAdES
//! TS 119 182-1, ASiC EN 319 162-1, all at baseline levels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A signature format for documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SignatureFormat {
    /// XML signature with XAdES properties.
    Xades,
    /// CMS signature with CAdES attributes.
    Cades,
    /// CMS signature inside a PDF.
    Pades,
    /// JSON web signature with JAdES headers.
    Jades,
    /// Several files and their signature in one ZIP container.
    AsicE,
}

/// Where a signature stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Packaging {
    /// Inside the document that it signs.
    Enveloped,
    /// Around it: the document stands inside the signature. CAdES calls this attached.
    Enveloping,
    /// Beside it, in a file of its own.
    Detached,
}

/// A baseline level; each holds what the one before it holds.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Level {
    /// The signature, its signer and the time that the signer states.
    B,
    /// A time stamp proves when it existed at the latest.
    T,
    /// Certificates and revocation data stand in the file.
    LT,
    /// A further time stamp protects those.
    LTA,
}

impl SignatureFormat {
    /// Every format.
    pub const ALL: [Self; 5] = [
        Self::Xades,
        Self::Cades,
        Self::Pades,
        Self::Jades,
        Self::AsicE,
    ];

    /// The packagings that the format has, the usual one first.
    #[must_use]
    pub const fn packagings(self) -> &'static [Packaging] {
        use Packaging::{Detached, Enveloped, Enveloping};
        match self {
            Self::Xades => &[Detached, Enveloped, Enveloping],
            Self::Cades | Self::Jades => &[Detached, Enveloping],
            Self::Pades => &[Enveloped],
            Self::AsicE => &[Enveloping],
        }
    }

    /// Name on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xades => "xades",
            Self::Cades => "cades",
            Self::Pades => "pades",
            Self::Jades => "jades",
            Self::AsicE => "asic-e",
        }
    }
}

impl Packaging {
    /// Name on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enveloped => "enveloped",
            Self::Enveloping => "enveloping",
            Self::Detached => "detached",
        }
    }
}

impl Level {
    /// Every level, ascending.
    pub const ALL: [Self; 4] = [Self::B, Self::T, Self::LT, Self::LTA];

    /// Name on the command line and in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::B => "B",
            Self::T => "T",
            Self::LT => "LT",
            Self::LTA => "LTA",
        }
    }
}
