//! The short name of a PKCS#11 module or a software token, by which the person and their programs name it.

use super::{RecordServerName, RecordServerNameError};

/// 1 to 64 lower-case letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenName(String);

impl TokenName {
    /// Takes a name, which has the form of a record server's.
    ///
    /// # Errors
    /// It has another form.
    pub fn parse(name: &str) -> Result<Self, RecordServerNameError> {
        RecordServerName::parse(name).map(|name| Self(name.as_str().to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
