//! The three modes of authentication: who vouches for the user.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Mode of authentication, by its official name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum VihfMode {
    /// The professional's own card signs.
    #[serde(rename = "DIRECTE")]
    Direct,
    /// The structure's seal signs for a user that it knows.
    #[serde(rename = "INDIRECTE")]
    Indirect,
    /// The same, for a user who proved who they are by strong means.
    #[serde(rename = "INDIRECTE_RENFORCEE")]
    IndirectReinforced,
}

impl VihfMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Indirect, Self::IndirectReinforced];

    /// The official name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "DIRECTE",
            Self::Indirect => "INDIRECTE",
            Self::IndirectReinforced => "INDIRECTE_RENFORCEE",
        }
    }

    /// The mode of this exact name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }
}

impl fmt::Display for VihfMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
