//! The trust store from the configured directories: anchors, intermediates, revocation lists. Read once and again only when
//! a file changed. A directory that is not there is empty. Refused, because whom to trust must not depend on luck: a file
//! that cannot be read or understood, files that are too many or too large, anything but regular files.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use paraphe_certs::{
    Certificate, Freshness, MAX_CRL_BYTES, RevocationList, TrustStore, TrustStoreError,
};

use crate::config::Trust;

/// Files in one directory.
const MAXIMUM_FILES: usize = 256;
/// Largest certificate file: a bundle of many.
const MAXIMUM_CERTIFICATE_FILE: u64 = 1 << 20;
/// Largest revocation list file: the largest list in PEM.
const MAXIMUM_CRL_FILE: u64 = (MAX_CRL_BYTES as u64) / 2 * 3;

const CERTIFICATE_NAMES: &[&str] = &["pem", "crt", "cer", "der"];
const CRL_NAMES: &[&str] = &["crl", "pem"];

/// Reads the trust store, and keeps it while its files stay as they are.
#[derive(Debug)]
pub(crate) struct TrustLoader {
    trust: Trust,
    freshness: Freshness,
    last: Mutex<Option<(Vec<Seen>, Arc<TrustStore>)>>,
}

/// A file as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    path: PathBuf,
    kind: Kind,
    size: u64,
    modified: Option<SystemTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Anchor,
    Intermediate,
    Crl,
}

/// Why the trust store cannot be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrustLoadError {
    /// The file system.
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// More files than any trust list has.
    #[error("{}: more than {MAXIMUM_FILES} files", path.display())]
    TooMany { path: PathBuf },
    /// Larger than any such file is.
    #[error("{}: too large, or not a regular file", path.display())]
    NotAFile { path: PathBuf },
    /// Not what its place says.
    #[error("{}: {source}", path.display())]
    Content {
        path: PathBuf,
        source: TrustStoreError,
    },
}

impl TrustLoader {
    pub(crate) fn new(trust: Trust) -> Self {
        Self::with_freshness(trust, Freshness::default())
    }

    /// The same, its revocation data no older than this where a certificate is used now.
    pub(crate) fn with_freshness(trust: Trust, freshness: Freshness) -> Self {
        Self {
            trust,
            freshness,
            last: Mutex::default(),
        }
    }

    /// The trust store as its files are now.
    pub(crate) fn load(&self) -> Result<Arc<TrustStore>, TrustLoadError> {
        let mut seen = list(&self.trust.anchors, Kind::Anchor, CERTIFICATE_NAMES)?;
        seen.extend(list(
            &self.trust.intermediates,
            Kind::Intermediate,
            CERTIFICATE_NAMES,
        )?);
        seen.extend(list(&self.trust.crls, Kind::Crl, CRL_NAMES)?);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, store)) = last.as_ref()
            && *before == seen
        {
            return Ok(Arc::clone(store));
        }
        let mut store = TrustStore::new();
        store.accept_test(self.trust.accept_test);
        store.set_freshness(self.freshness);
        for file in &seen {
            let bytes = read(file)?;
            add(&mut store, file.kind, &bytes).map_err(|source| TrustLoadError::Content {
                path: file.path.clone(),
                source,
            })?;
        }
        let store = Arc::new(store);
        *last = Some((seen, Arc::clone(&store)));
        Ok(store)
    }
}

fn add(store: &mut TrustStore, kind: Kind, bytes: &[u8]) -> Result<(), TrustStoreError> {
    let is_pem = bytes.windows(11).any(|window| window == b"-----BEGIN ");
    match (kind, is_pem) {
        (Kind::Anchor, true) => store.add_anchors_pem(bytes),
        (Kind::Anchor, false) => store.add_anchor(&Certificate::from_der(bytes)?),
        (Kind::Intermediate, true) => store.add_intermediates_pem(bytes),
        (Kind::Intermediate, false) => store.add_intermediate(&Certificate::from_der(bytes)?),
        (Kind::Crl, true) => store.add_crls_pem(bytes),
        (Kind::Crl, false) => store.add_crl(RevocationList::from_der(bytes)?),
    }
}

fn list(directory: &Path, kind: Kind, names: &[&str]) -> Result<Vec<Seen>, TrustLoadError> {
    let failed = |path: &Path, source| TrustLoadError::Io {
        path: path.to_owned(),
        source,
    };
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(directory, error)),
    };
    let mut seen = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| failed(directory, error))?.path();
        let named = path
            .extension()
            .and_then(|extension| extension.to_str())
            .is_some_and(|extension| names.contains(&extension));
        if !named {
            continue;
        }
        if seen.len() == MAXIMUM_FILES {
            return Err(TrustLoadError::TooMany {
                path: directory.to_owned(),
            });
        }
        let metadata = fs::metadata(&path).map_err(|error| failed(&path, error))?;
        if !metadata.is_file() || metadata.len() > limit(kind) {
            return Err(TrustLoadError::NotAFile { path });
        }
        seen.push(Seen {
            path,
            kind,
            size: metadata.len(),
            modified: metadata.modified().ok(),
        });
    }
    seen.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(seen)
}

fn read(file: &Seen) -> Result<Vec<u8>, TrustLoadError> {
    let mut bytes = Vec::new();
    let limit = limit(file.kind);
    File::open(&file.path)
        .and_then(|open| open.take(limit + 1).read_to_end(&mut bytes))
        .map_err(|source| TrustLoadError::Io {
            path: file.path.clone(),
            source,
        })?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(TrustLoadError::NotAFile {
            path: file.path.clone(),
        });
    }
    Ok(bytes)
}

fn limit(kind: Kind) -> u64 {
    match kind {
        Kind::Anchor | Kind::Intermediate => MAXIMUM_CERTIFICATE_FILE,
        Kind::Crl => MAXIMUM_CRL_FILE,
    }
}
