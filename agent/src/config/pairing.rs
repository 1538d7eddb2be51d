//! `[pairing]` and the rights of a `[[site]]`: what the administrator decides about sites that ask, before anybody is asked.

use std::collections::{BTreeSet, HashSet};

use paraphe_protocol::api::Right;
use serde::Deserialize;
use toml::Spanned;

use super::error::Fault;
use super::file::Place;
use super::{ConfigError, Origin, Site, origin};

/// Whether sites that the configuration does not list may ask for rights, and which may not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairingConfig {
    /// Whether they may ask at all.
    pub allowed: bool,
    /// Origins that may neither ask nor keep what they were granted.
    pub forbidden: Vec<Origin>,
}

impl Default for PairingConfig {
    fn default() -> Self {
        Self {
            allowed: true,
            forbidden: Vec::new(),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenPairing {
    allowed: Option<bool>,
    forbidden: Vec<Spanned<String>>,
}

pub(super) fn check(
    written: &WrittenPairing,
    sites: &[Site],
    place: &Place<'_>,
) -> Result<PairingConfig, ConfigError> {
    let mut seen = HashSet::new();
    let mut forbidden = Vec::new();
    for entry in &written.forbidden {
        let origin = origin::parse(entry.get_ref())
            .map_err(|error| place.fault("pairing.forbidden", entry, error))?;
        let is_listed = sites.iter().any(|site| site.origin == origin);
        if is_listed || !seen.insert(origin.clone()) {
            return Err(place.fault("pairing.forbidden", entry, Fault::Twice));
        }
        forbidden.push(origin);
    }
    Ok(PairingConfig {
        allowed: written.allowed.unwrap_or(true),
        forbidden,
    })
}

/// The rights of a listed site: all, where none are named.
pub(super) fn check_rights(
    written: Option<&Vec<Spanned<String>>>,
    place: &Place<'_>,
) -> Result<BTreeSet<Right>, ConfigError> {
    let Some(written) = written else {
        return Ok(BTreeSet::from(Right::ALL));
    };
    let mut rights = BTreeSet::new();
    for entry in written {
        let right = Right::ALL
            .into_iter()
            .find(|right| right.name() == entry.get_ref())
            .ok_or_else(|| place.fault("site.rights", entry, Fault::Right))?;
        if !rights.insert(right) {
            return Err(place.fault("site.rights", entry, Fault::Twice));
        }
    }
    Ok(rights)
}
