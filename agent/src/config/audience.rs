//! The name of a record server and the audience that a login is addressed to (docs/login-assertion.md): short, plain
//! ASCII, one spelling, because both are compared as bytes. Refuses blanks, control characters and empty texts.

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

/// What a login assertion is addressed to: 1 to 255 visible ASCII characters, usually the server's `https://` address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Audience(String);

/// Why a text is not an audience.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an audience is 1 to 255 visible ASCII characters without blanks")]
pub struct AudienceError;

impl Audience {
    /// Parse an audience.
    ///
    /// # Errors
    /// Blanks, other characters, none, or more than 255.
    pub fn parse(text: &str) -> Result<Self, AudienceError> {
        let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if text.is_empty() || text.len() > 255 || !visible {
            return Err(AudienceError);
        }
        Ok(Self(text.to_owned()))
    }

    /// The audience.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Audience {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
