//! `[[vitale_component]]`: programs of the operator's that read Vitale data (docs/vitale-component.md), and
//! `[[vitale_place]]`: further files and directories by which an official component is recognised.

use std::collections::HashSet;
use std::path::PathBuf;

use paraphe_protocol::api::{CHIP_SOURCE, Provenance};
use serde::Deserialize;
use toml::Spanned;

use super::error::Fault;
use super::file::Place;
use super::{ConfigError, RecordServerName};
use crate::vitale_component::OfficialComponent;

/// How long a component may take, seconds: default and most.
const TIMEOUT_SECONDS: u64 = 30;
const MAXIMUM_TIMEOUT_SECONDS: u64 = 300;

/// A program that reads Vitale data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VitaleComponent {
    /// Short name, by which callers name it; never `chip`.
    pub name: String,
    /// What is behind it.
    pub kind: VitaleComponentKind,
    /// The program, absolute.
    pub program: PathBuf,
    /// How long it may take, seconds.
    pub timeout_seconds: u64,
}

/// What is behind a component's program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VitaleComponentKind {
    /// The licensed reading component, for cards in readers.
    ReadingComponent,
    /// The patient's phone.
    PhoneApp,
}

/// A file or directory whose presence tells of an official component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VitalePlace {
    /// Which one.
    pub component: OfficialComponent,
    /// Where, absolute.
    pub path: PathBuf,
}

impl VitaleComponentKind {
    /// What its data is marked with.
    #[must_use]
    pub fn provenance(self) -> Provenance {
        match self {
            Self::ReadingComponent => Provenance::OfficialComponent,
            Self::PhoneApp => Provenance::PhoneApp,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenVitaleComponent {
    name: Spanned<String>,
    kind: VitaleComponentKind,
    program: Spanned<PathBuf>,
    timeout_seconds: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenVitalePlace {
    component: OfficialComponent,
    path: Spanned<PathBuf>,
}

pub(super) fn check_components(
    written: Vec<WrittenVitaleComponent>,
    place: &Place<'_>,
) -> Result<Vec<VitaleComponent>, ConfigError> {
    let mut seen = HashSet::new();
    let mut components = Vec::new();
    for entry in written {
        let name = entry.name.get_ref();
        let key = "vitale_component.name";
        // The names of all things that callers name follow one rule.
        RecordServerName::parse(name).map_err(|error| place.fault(key, &entry.name, error))?;
        if name == CHIP_SOURCE {
            return Err(place.fault(key, &entry.name, Fault::Reserved));
        }
        if !seen.insert(name.clone()) {
            return Err(place.fault(key, &entry.name, Fault::Twice));
        }
        components.push(VitaleComponent {
            name: name.clone(),
            kind: entry.kind,
            program: place.absolute("vitale_component.program", entry.program)?,
            timeout_seconds: place.number(
                "vitale_component.timeout_seconds",
                entry.timeout_seconds.as_ref(),
                TIMEOUT_SECONDS,
                MAXIMUM_TIMEOUT_SECONDS,
            )?,
        });
    }
    Ok(components)
}

pub(super) fn check_places(
    written: Vec<WrittenVitalePlace>,
    place: &Place<'_>,
) -> Result<Vec<VitalePlace>, ConfigError> {
    written
        .into_iter()
        .map(|entry| {
            Ok(VitalePlace {
                component: entry.component,
                path: place.absolute("vitale_place.path", entry.path)?,
            })
        })
        .collect()
}
