//! The short name of a record server, by which sites and callers name it: plain, one spelling, compared as bytes.

use std::fmt;

/// A short name: 1 to 64 lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordServerName(String);

/// Why a text is not a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 64 lower-case letters, digits and hyphens")]
pub struct RecordServerNameError;

impl RecordServerName {
    /// Parse a name.
    ///
    /// # Errors
    /// Any other character, none, or more than 64.
    pub fn parse(text: &str) -> Result<Self, RecordServerNameError> {
        let known = text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if text.is_empty() || text.len() > 64 || !known {
            return Err(RecordServerNameError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecordServerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
