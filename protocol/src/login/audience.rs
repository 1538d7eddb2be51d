//! The name of a record server as both sides' configuration writes it.
//!
//! It comes from the agent's own table, never from a page. 1 to 255 visible ASCII characters, no
//! space; compared byte by byte. Refused: everything else.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A record server's name, for example `dossier.example`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Audience(String);

/// Why a text is not an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an audience is 1 to 255 visible ASCII characters without spaces")]
pub struct AudienceError;

impl Audience {
    /// Most characters.
    pub const MAX_LENGTH: usize = 255;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Audience {
    type Err = AudienceError;

    fn from_str(text: &str) -> Result<Self, AudienceError> {
        let length = (1..=Self::MAX_LENGTH).contains(&text.len());
        if length && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AudienceError)
        }
    }
}

impl TryFrom<String> for Audience {
    type Error = AudienceError;

    fn try_from(text: String) -> Result<Self, AudienceError> {
        text.parse()
    }
}

impl From<Audience> for String {
    fn from(audience: Audience) -> Self {
        audience.0
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_ascii() {
        assert!("dossier.example".parse::<Audience>().is_ok());
        assert!("a".repeat(255).parse::<Audience>().is_ok());
        for text in ["", "a b", "a\n", "dossier.éxample", "a\0b", "\u{202e}a"] {
            assert_eq!(text.parse::<Audience>(), Err(AudienceError), "{text:?}");
        }
        assert_eq!("a".repeat(256).parse::<Audience>(), Err(AudienceError));
    }
}
