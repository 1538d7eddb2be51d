//! Whom an assertion is for: the resource that it names (`Ressource_URN`), and the one server of it where the operator wants it
//! bound to that. The shared record itself takes no audience: there one assertion is good wherever that resource is served.

use std::fmt;
use std::str::FromStr;

use crate::login::Audience;

/// A resource, such as `urn:dmp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource(String);

/// Why a text is no resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a resource is urn: and 1 to 251 letters, digits, colons, hyphens, dots and underscores")]
pub struct ResourceError;

impl Resource {
    /// The shared medical record.
    pub const DMP: &'static str = "urn:dmp";

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Resource {
    /// The shared medical record.
    fn default() -> Self {
        Self(Self::DMP.to_owned())
    }
}

impl FromStr for Resource {
    type Err = ResourceError;

    fn from_str(text: &str) -> Result<Self, ResourceError> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b":-._".contains(&byte);
        match text.strip_prefix("urn:") {
            Some(name) if (1..=251).contains(&name.len()) && name.bytes().all(allowed) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(ResourceError),
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whom an assertion is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The resource.
    pub resource: Resource,
    /// The server, where the assertion is bound to one.
    pub audience: Option<Audience>,
}
