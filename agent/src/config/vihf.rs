//! `[vihf]` of the configuration, and what record servers and software tokens say for it: the software that makes the assertion, the
//! resource of each server, the sector of each structure.

use paraphe_protocol::vihf::{ClientSoftware, Resource, Sector};
use serde::Deserialize;
use toml::Spanned;

use super::ConfigError;
use super::error::Fault;
use super::file::Place;

/// Longest value, characters.
const LONGEST: usize = 256;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenVihf {
    software_name: Option<Spanned<String>>,
    software_version: Option<Spanned<String>>,
    software_id: Option<Spanned<String>>,
    dmp_approval: Option<Spanned<String>>,
}

/// The software that assertions name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VihfConfig {
    /// Name, version, installation and approval.
    pub software: ClientSoftware,
}

/// What the assertions for one record server name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VihfRecipient {
    /// The resource.
    pub resource: Resource,
    /// Whether they name the server itself too, so that they are good there alone.
    pub names_server: bool,
}

pub(super) fn check(written: &WrittenVihf, place: &Place<'_>) -> Result<VihfConfig, ConfigError> {
    let default = VihfConfig::default().software;
    let text = |key, value: &Option<Spanned<String>>| match value {
        Some(value) => place.sentence(key, value, LONGEST).map(Some),
        None => Ok(None),
    };
    let name = text("vihf.software_name", &written.software_name)?;
    let version = text("vihf.software_version", &written.software_version)?;
    let name = name.as_deref().unwrap_or(default.name());
    let version = version.as_deref().unwrap_or(default.version());
    let refused = |key, value: &Spanned<String>| place.fault(key, value, Fault::Text(LONGEST));
    let mut software = match (ClientSoftware::new(name, version), &written.software_name) {
        (Ok(software), _) => software,
        (Err(_), Some(value)) => return Err(refused("vihf.software_name", value)),
        (Err(_), None) => default,
    };
    if let Some(value) = &written.software_id {
        let id = place.sentence("vihf.software_id", value, LONGEST)?;
        let refused = |_| refused("vihf.software_id", value);
        software = software.with_id(&id).map_err(refused)?;
    }
    if let Some(value) = &written.dmp_approval {
        let number = place.sentence("vihf.dmp_approval", value, LONGEST)?;
        let refused = |_| refused("vihf.dmp_approval", value);
        software = software.with_approval(&number).map_err(refused)?;
    }
    Ok(VihfConfig { software })
}

pub(super) fn check_recipient(
    resource: Option<&Spanned<String>>,
    names_server: Option<bool>,
    place: &Place<'_>,
) -> Result<VihfRecipient, ConfigError> {
    let resource = match resource {
        Some(value) => {
            let parsed = value.get_ref().parse();
            parsed.map_err(|error| place.fault("record_server.vihf_resource", value, error))?
        }
        None => Resource::default(),
    };
    Ok(VihfRecipient {
        resource,
        names_server: names_server.unwrap_or(true),
    })
}

pub(super) fn check_sector(
    sector: Option<&Spanned<String>>,
    place: &Place<'_>,
) -> Result<Option<Sector>, ConfigError> {
    let Some(value) = sector else {
        return Ok(None);
    };
    let parsed = value.get_ref().parse();
    let parsed = parsed.map_err(|error| place.fault("software.sector", value, error))?;
    Ok(Some(parsed))
}
