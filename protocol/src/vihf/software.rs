//! The software that makes the assertion (`LPS_…`): as its installation is configured, never as a caller says.

use super::text;

/// Identification of the software.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientSoftware {
    id: Option<String>,
    name: String,
    version: String,
    approval: Option<String>,
}

/// A value that no assertion can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the software's {what} is not 1 to {} printable characters",
    text::MAX_CHARACTERS
)]
pub struct ClientSoftwareError {
    /// Which value.
    pub what: &'static str,
}

impl Default for ClientSoftware {
    /// This very software, not approved by anybody.
    fn default() -> Self {
        Self {
            id: None,
            name: "Paraphe".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            approval: None,
        }
    }
}

impl ClientSoftware {
    /// Name and version.
    ///
    /// # Errors
    /// [`ClientSoftwareError`].
    pub fn new(name: &str, version: &str) -> Result<Self, ClientSoftwareError> {
        Ok(Self {
            id: None,
            name: acceptable("name", name)?,
            version: acceptable("version", version)?,
            approval: None,
        })
    }

    /// The same with the identifier of this installation.
    ///
    /// # Errors
    /// [`ClientSoftwareError`].
    pub fn with_id(mut self, id: &str) -> Result<Self, ClientSoftwareError> {
        self.id = Some(acceptable("identifier", id)?);
        Ok(self)
    }

    /// The same with the number under which the shared record approved the software.
    ///
    /// # Errors
    /// [`ClientSoftwareError`].
    pub fn with_approval(mut self, number: &str) -> Result<Self, ClientSoftwareError> {
        self.approval = Some(acceptable("approval", number)?);
        Ok(self)
    }

    /// Identifier of the installation, where there is one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Approval number, where there is one.
    #[must_use]
    pub fn approval(&self) -> Option<&str> {
        self.approval.as_deref()
    }
}

fn acceptable(what: &'static str, value: &str) -> Result<String, ClientSoftwareError> {
    if text::is_acceptable(value) {
        Ok(value.to_owned())
    } else {
        Err(ClientSoftwareError { what })
    }
}
