//! Simulated cards in this very process (`--soft-card`), with the test PKI that issued them as the only one trusted. Built
//! with the feature `softcard` only; what users install has neither.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_softcard::{PkiDirectory, Profile, SoftCard};

use super::failure::Failure;
use super::options::CommonOptions;
use crate::config::{Config, Directories, Trust};
use crate::reader::{Backend, InProcessReaders, PcscBackend};

/// The readers that the options ask for, and the configuration with the trust that goes with them.
pub(super) fn backend(
    options: &CommonOptions,
    mut config: Config,
    directories: &Directories,
) -> Result<(Config, Arc<dyn Backend>), Failure> {
    if options.soft_card.is_empty() {
        return Ok((config, Arc::new(PcscBackend)));
    }
    let directory = pki_path(options, directories);
    let now = UnixTime::from(SystemTime::now());
    let mut pki = PkiDirectory::open_or_create(&directory, now)
        .map_err(|error| Failure::SoftCard(error.to_string()))?;
    config.trust = Trust {
        anchors: pki.anchors(),
        intermediates: pki.intermediates(),
        crls: pki.crls(),
        accept_test: true,
    };
    let readers = InProcessReaders::new();
    for (number, name) in options.soft_card.iter().enumerate() {
        let profile = Profile::named_or_path(name)
            .map_err(|error| Failure::SoftCard(format!("{name}: {error}")))?;
        let card = SoftCard::new(&profile, &mut pki)
            .map_err(|error| Failure::SoftCard(format!("{name}: {error}")))?;
        readers.insert(&format!("Paraphe simulated reader {number:02} 00"), card);
    }
    Ok((config, Arc::new(readers)))
}

fn pki_path(options: &CommonOptions, directories: &Directories) -> PathBuf {
    options.soft_pki.clone().unwrap_or_else(|| {
        directories
            .state
            .clone()
            .unwrap_or_else(std::env::temp_dir)
            .join("soft-pki")
    })
}
