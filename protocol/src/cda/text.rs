//! Texts of a CDA header: names, labels, titles.
//!
//! A title has 128 characters at most (CI-SIS structuration minimale section 3.5.1). Refused: empty
//! or blank texts, control characters, characters that XML forbids, directional overrides that show
//! a name otherwise than it is written.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A name or label, 1 to 256 characters. `Debug` hides it: it may name a person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CdaText(String);

/// A document's title, 1 to 128 characters. `Debug` hides it: it may say what a patient has.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Title(String);

/// Why a text cannot stand in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CdaTextError {
    /// Nothing, or only spaces.
    #[error("the text is empty")]
    Empty,
    /// Too many characters.
    #[error("the text has {length} characters, at most {limit} are allowed")]
    TooLong {
        /// Characters given.
        length: usize,
        /// Characters allowed.
        limit: usize,
    },
    /// A character that cannot be written or would mislead.
    #[error("character {position} of the text cannot stand there")]
    Character {
        /// Position from 1.
        position: usize,
    },
}

impl CdaText {
    /// Most characters.
    pub const MAX_CHARACTERS: usize = 256;

    /// Checks a text; spaces around it are taken off.
    ///
    /// # Errors
    /// [`CdaTextError`].
    pub fn new(text: &str) -> Result<Self, CdaTextError> {
        checked(text, Self::MAX_CHARACTERS).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Title {
    /// Most characters.
    pub const MAX_CHARACTERS: usize = 128;

    /// Checks a title; spaces around it are taken off.
    ///
    /// # Errors
    /// [`CdaTextError`].
    pub fn new(text: &str) -> Result<Self, CdaTextError> {
        checked(text, Self::MAX_CHARACTERS).map(Self)
    }

    /// The title.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn checked(text: &str, limit: usize) -> Result<String, CdaTextError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(CdaTextError::Empty);
    }
    let length = text.chars().count();
    if length > limit {
        return Err(CdaTextError::TooLong { length, limit });
    }
    let refused = |character: char| {
        character.is_control()
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            || matches!(character, '\u{fffe}' | '\u{ffff}')
    };
    match text.chars().position(refused) {
        Some(index) => Err(CdaTextError::Character {
            position: index + 1,
        }),
        None => Ok(text.to_owned()),
    }
}

impl TryFrom<String> for CdaText {
    type Error = CdaTextError;

    fn try_from(text: String) -> Result<Self, CdaTextError> {
        Self::new(&text)
    }
}

impl From<CdaText> for String {
    fn from(text: CdaText) -> Self {
        text.0
    }
}

impl TryFrom<String> for Title {
    type Error = CdaTextError;

    fn try_from(text: String) -> Result<Self, CdaTextError> {
        Self::new(&text)
    }
}

impl From<Title> for String {
    fn from(title: Title) -> Self {
        title.0
    }
}

impl fmt::Debug for CdaText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CdaText(***)")
    }
}

impl fmt::Debug for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Title(***)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn texts_that_are_refused() {
        assert_eq!(Title::new("  "), Err(CdaTextError::Empty));
        assert_eq!(Title::new(&"é".repeat(128)).unwrap().as_str().len(), 256);
        assert_eq!(
            Title::new(&"é".repeat(129)),
            Err(CdaTextError::TooLong {
                length: 129,
                limit: 128
            })
        );
        for text in [
            "a\nb",
            "a\0b",
            "a\u{202e}b",
            "a\u{2067}b",
            "a\u{ffff}b",
            "a\u{85}b",
        ] {
            let error = Err(CdaTextError::Character { position: 2 });
            assert_eq!(CdaText::new(text), error, "{text:?}");
        }
        assert_eq!(CdaText::new(" <&> ").unwrap().as_str(), "<&>");
    }
}
