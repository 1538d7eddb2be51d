//! Whom the server trusts: anchors, issuing authorities and revocation lists, from bytes or from a folder
//! (`anchors/`, `intermediates/`, `crls/`). The folder's lists are read again when one of them changed, was added or
//! removed, seen at the next verification. Lists that cannot be read leave the previous ones in force, which expire by themselves:
//! verification then refuses, never accepts.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use paraphe_certs::{RevocationList, RevocationListError, TrustStore, TrustStoreError};
use paraphe_protocol::identifiers::Environment;
use paraphe_protocol::login::TrustedCards;

/// Where trust comes from.
#[derive(Debug, Clone)]
pub enum TrustSource {
    /// From memory; never read again.
    Bytes {
        /// Roots, PEM.
        anchors: Vec<u8>,
        /// Issuing authorities, PEM.
        intermediates: Vec<u8>,
        /// Revocation lists, each PEM or DER.
        crls: Vec<Vec<u8>>,
    },
    /// A folder with `anchors/`, `intermediates/` (PEM files) and `crls/` (PEM or DER files).
    Directory(PathBuf),
}

/// Trust that cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A folder or file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A certificate or the store's limits.
    #[error("cannot load certificates{}: {source}", at(.path))]
    Store {
        /// Which file, where there is one.
        path: Option<PathBuf>,
        /// Why.
        source: TrustStoreError,
    },
    /// A revocation list.
    #[error("cannot load a revocation list{}: {source}", at(.path))]
    RevocationList {
        /// Which file, where there is one.
        path: Option<PathBuf>,
        /// Why.
        source: RevocationListError,
    },
    /// No anchor: nobody could ever be accepted.
    #[error("no trust anchor was given")]
    NoAnchor,
}

fn at(path: &Option<PathBuf>) -> String {
    path.as_ref()
        .map(|path| format!(" from {}", path.display()))
        .unwrap_or_default()
}

/// What identifies the state of a folder: names, lengths, times of change.
type Fingerprint = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// The trust in force.
#[derive(Debug)]
pub(crate) struct Trust {
    source: TrustSource,
    environment: Environment,
    current: Mutex<(Arc<TrustedCards>, Fingerprint)>,
}

impl Trust {
    pub(crate) fn load(source: TrustSource, environment: Environment) -> Result<Self, TrustError> {
        let fingerprint = fingerprint(&source)?;
        let store = load(&source, environment)?;
        if store.anchor_count() == 0 {
            return Err(TrustError::NoAnchor);
        }
        Ok(Self {
            source,
            environment,
            current: Mutex::new((cards(store), fingerprint)),
        })
    }

    /// The trust in force now. Looks at the folder of revocation lists: blocking, not for the async executor.
    pub(crate) fn current(&self) -> Arc<TrustStore> {
        Arc::clone(self.cards().store())
    }

    /// The same with what it lately concluded about cards; nothing of that is left once the lists were read again. Blocking.
    pub(crate) fn cards(&self) -> Arc<TrustedCards> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match fingerprint(&self.source) {
            Ok(found) if found == current.1 => {}
            Ok(found) => match load(&self.source, self.environment) {
                Ok(store) => {
                    tracing::info!(
                        revocation_lists = store.crls().len(),
                        "revocation lists read again"
                    );
                    *current = (cards(store), found);
                }
                Err(error) => {
                    tracing::error!(%error, "trust not read again, the previous one stays in force")
                }
            },
            Err(error) => {
                tracing::error!(%error, "trust not read again, the previous one stays in force")
            }
        }
        Arc::clone(&current.0)
    }
}

fn cards(store: TrustStore) -> Arc<TrustedCards> {
    Arc::new(TrustedCards::new(Arc::new(store)))
}

fn fingerprint(source: &TrustSource) -> Result<Fingerprint, TrustError> {
    let TrustSource::Directory(folder) = source else {
        return Ok(Vec::new());
    };
    files(&folder.join("crls"))?
        .into_iter()
        .map(|path| match std::fs::metadata(&path) {
            Ok(metadata) => Ok((path, metadata.len(), metadata.modified().ok())),
            Err(source) => Err(TrustError::Read { path, source }),
        })
        .collect()
}

fn load(source: &TrustSource, environment: Environment) -> Result<TrustStore, TrustError> {
    let mut store = TrustStore::new();
    store.accept_test(environment == Environment::Test);
    match source {
        TrustSource::Bytes {
            anchors,
            intermediates,
            crls,
        } => {
            let store_error = |source| TrustError::Store { path: None, source };
            store.add_anchors_pem(anchors).map_err(store_error)?;
            if !intermediates.is_empty() {
                store
                    .add_intermediates_pem(intermediates)
                    .map_err(store_error)?;
            }
            for crl in crls {
                add_crl(&mut store, crl, None)?;
            }
        }
        TrustSource::Directory(folder) => {
            for path in files(&folder.join("anchors"))? {
                let pem = read(&path)?;
                store
                    .add_anchors_pem(&pem)
                    .map_err(|source| TrustError::Store {
                        path: Some(path),
                        source,
                    })?;
            }
            for path in files(&folder.join("intermediates"))? {
                let pem = read(&path)?;
                store
                    .add_intermediates_pem(&pem)
                    .map_err(|source| TrustError::Store {
                        path: Some(path),
                        source,
                    })?;
            }
            for path in files(&folder.join("crls"))? {
                let bytes = read(&path)?;
                add_crl(&mut store, &bytes, Some(path))?;
            }
        }
    }
    Ok(store)
}

fn add_crl(store: &mut TrustStore, bytes: &[u8], path: Option<PathBuf>) -> Result<(), TrustError> {
    match RevocationList::from_pem_or_der(bytes) {
        Ok(list) => store
            .add_crl(list)
            .map_err(|source| TrustError::Store { path, source }),
        Err(source) => Err(TrustError::RevocationList { path, source }),
    }
}

/// The folder's regular files in order of name; hidden ones are left out (an unfinished copy).
fn files(folder: &Path) -> Result<Vec<PathBuf>, TrustError> {
    let error = |source| TrustError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(error)? {
        let entry = entry.map_err(error)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.path().is_file() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<Vec<u8>, TrustError> {
    std::fs::read(path).map_err(|source| TrustError::Read {
        path: path.to_owned(),
        source,
    })
}
