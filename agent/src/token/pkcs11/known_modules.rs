//! Modules of the field by name, and where their packages put them. A name in the configuration stands for the first of these
//! files that is there; what is there and not configured is only told, never loaded.

use std::path::PathBuf;

use serde::Deserialize;

/// A module of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KnownModule {
    /// The issuer's own for CPS cards (ANS, Cryptolib CPS).
    CryptolibCps,
    /// OpenSC.
    Opensc,
    /// SoftHSM 2, keys in files.
    Softhsm,
}

impl KnownModule {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CryptolibCps, Self::Opensc, Self::Softhsm];

    /// The name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CryptolibCps => "cryptolib-cps",
            Self::Opensc => "opensc",
            Self::Softhsm => "softhsm",
        }
    }

    /// Where it may be, the likeliest first: the issuer's package, then Debian and its kin, Fedora and its kin, others.
    #[must_use]
    pub fn files(self) -> Vec<PathBuf> {
        let files: &[&str] = match self {
            Self::CryptolibCps => &[
                "/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so",
                "/usr/lib64/libcps3_pkcs11_lux.so",
                "/usr/local/galss/libcps3_pkcs11_lux.so",
            ],
            Self::Opensc => &[
                "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
                "/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so",
                "/usr/lib64/opensc-pkcs11.so",
                "/usr/lib64/pkcs11/opensc-pkcs11.so",
                "/usr/lib/opensc-pkcs11.so",
                "/usr/lib/pkcs11/opensc-pkcs11.so",
            ],
            Self::Softhsm => &[
                "/usr/lib/softhsm/libsofthsm2.so",
                "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
                "/usr/lib64/softhsm/libsofthsm2.so",
                "/usr/lib64/pkcs11/libsofthsm2.so",
            ],
        };
        files.iter().map(PathBuf::from).collect()
    }
}
