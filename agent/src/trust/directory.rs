//! The directory of the HTTPS door's certificate: `root.pem`, `leaf.pem`, `leaf-key.pem`, mode 0700, key 0600. It is made
//! whole beside its place and swapped in with one rename (renameat2(2), RENAME_EXCHANGE), so that a crash never leaves a
//! key without its certificate. Files that are not ours are never deleted.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use paraphe_certs::localhost::{self, LocalhostCertificates, MAX_VALIDITY};
use paraphe_certs::{Certificate, PrivateKeyPem, UnixTime};
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::{TrustError, TrustState};
use crate::door::https::ServerIdentity;

/// The root: public, to be given to browsers.
pub const ROOT_FILE: &str = "root.pem";
/// The HTTPS door's certificate.
pub const LEAF_FILE: &str = "leaf.pem";
/// Its private key, for this user only.
pub const LEAF_KEY_FILE: &str = "leaf-key.pem";

const FILES: [&str; 3] = [ROOT_FILE, LEAF_FILE, LEAF_KEY_FILE];
/// Longest file that is read, bytes.
const MAXIMUM_FILE_BYTES: u64 = 64 << 10;

/// Where the HTTPS door's certificate is kept.
#[derive(Debug, Clone)]
pub struct TlsDirectory(PathBuf);

/// What [`TlsDirectory::initialise`] did.
#[derive(Debug)]
pub enum Initialised {
    /// New certificates were made.
    Made(TrustState),
    /// Those that were there still hold.
    Kept(TrustState),
}

impl TlsDirectory {
    /// The directory at this path; it need not exist.
    #[must_use]
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The root's file.
    #[must_use]
    pub fn root_file(&self) -> PathBuf {
        self.0.join(ROOT_FILE)
    }

    /// Make certificates, unless some are there that hold and `renew` is not asked for.
    ///
    /// # Errors
    /// The directory holds other files or cannot be written, or the crypto library failed.
    pub fn initialise(&self, now: UnixTime, renew: bool) -> Result<Initialised, TrustError> {
        if !renew
            && let Ok(state) = self.read(now)
            && state.problems().is_empty()
        {
            return Ok(Initialised::Kept(state));
        }
        self.refuse_foreign_files()?;
        let certificates = LocalhostCertificates::generate(now, MAX_VALIDITY)?;
        self.swap_in(&certificates)?;
        self.read(now).map(Initialised::Made)
    }

    /// Read what is there, and what is wrong with it.
    ///
    /// # Errors
    /// Nothing is there, or it cannot be read, is open to others or does not belong together.
    pub fn read(&self, now: UnixTime) -> Result<TrustState, TrustError> {
        match fs::symlink_metadata(&self.0) {
            Ok(metadata) => self.require_private(&self.0, &metadata)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(TrustError::NotInitialised {
                    directory: self.0.clone(),
                });
            }
            Err(error) => return Err(failed(&self.0)(error)),
        }
        let root = self.certificate(ROOT_FILE)?;
        let leaf = self.certificate(LEAF_FILE)?;
        let key_path = self.0.join(LEAF_KEY_FILE);
        let key_metadata = fs::symlink_metadata(&key_path).map_err(failed(&key_path))?;
        self.require_private(&key_path, &key_metadata)?;
        let key = PrivateKeyPem::new(self.text(LEAF_KEY_FILE)?);
        let wrong_key = || TrustError::WrongKey {
            path: key_path.clone(),
        };
        if !localhost::key_matches(&leaf, &key) {
            return Err(wrong_key());
        }
        let key_der =
            PrivateKeyDer::from_pem_slice(key.expose().as_bytes()).map_err(|_| wrong_key())?;
        let leaf_der = CertificateDer::from(leaf.der().to_vec());
        let identity = ServerIdentity::new(leaf_der, key_der).map_err(|_| wrong_key())?;
        Ok(TrustState {
            problems: localhost::inspect(&root, &leaf, now),
            root,
            leaf,
            identity,
        })
    }

    /// Delete the certificates and the directory; `false` where there was none.
    ///
    /// # Errors
    /// The directory holds other files, or cannot be deleted.
    pub fn remove(&self) -> Result<bool, TrustError> {
        if !self.0.exists() {
            return Ok(false);
        }
        self.refuse_foreign_files()?;
        delete(&self.0)?;
        Ok(true)
    }

    fn certificate(&self, name: &str) -> Result<Certificate, TrustError> {
        let pem = self.text(name)?;
        Certificate::from_pem(pem.as_bytes()).map_err(|source| TrustError::Certificate {
            path: self.0.join(name),
            source,
        })
    }

    fn text(&self, name: &str) -> Result<String, TrustError> {
        let path = self.0.join(name);
        let length = fs::metadata(&path).map_err(failed(&path))?.len();
        if length > MAXIMUM_FILE_BYTES {
            return Err(failed(&path)(ErrorKind::FileTooLarge.into()));
        }
        fs::read_to_string(&path).map_err(failed(&path))
    }

    fn require_private(&self, path: &Path, metadata: &fs::Metadata) -> Result<(), TrustError> {
        let ours = metadata.uid() == rustix::process::getuid().as_raw();
        let closed = metadata.mode() & 0o077 == 0;
        let kind = metadata.is_file() || (path == self.0 && metadata.is_dir());
        if ours && closed && kind {
            Ok(())
        } else {
            Err(TrustError::NotPrivate {
                path: path.to_owned(),
            })
        }
    }

    fn refuse_foreign_files(&self) -> Result<(), TrustError> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(&self.0)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed(&self.0))?;
            if !FILES.iter().any(|ours| entry.file_name() == *ours) {
                return Err(TrustError::ForeignFile { path: entry.path() });
            }
        }
        Ok(())
    }

    fn swap_in(&self, certificates: &LocalhostCertificates) -> Result<(), TrustError> {
        let parent = self.0.parent().unwrap_or(&self.0);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)
            .map_err(failed(parent))?;
        let prepared = tempfile::Builder::new()
            .prefix(".paraphe-tls-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(failed(parent))?;
        let key = Zeroizing::new(certificates.leaf_key_pem().expose().to_owned());
        for (name, text) in [
            (ROOT_FILE, certificates.root_pem()),
            (LEAF_FILE, certificates.leaf_pem()),
        ] {
            write(&prepared.path().join(name), text.as_bytes())?;
        }
        write(&prepared.path().join(LEAF_KEY_FILE), key.as_bytes())?;
        let exchange = if self.0.exists() {
            RenameFlags::EXCHANGE
        } else {
            RenameFlags::NOREPLACE
        };
        renameat_with(CWD, prepared.path(), CWD, &self.0, exchange)
            .map_err(|errno| failed(&self.0)(errno.into()))?;
        sync_directory(parent)?;
        // What is deleted here with the temporary name is the old directory, where there was one.
        let old = prepared.keep();
        if old.exists() { delete(&old) } else { Ok(()) }
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), TrustError> {
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        });
    written.map_err(failed(path))
}

fn sync_directory(path: &Path) -> Result<(), TrustError> {
    fs::File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(failed(path))
}

fn delete(directory: &Path) -> Result<(), TrustError> {
    for name in FILES {
        let path = directory.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&path)(error)),
            _ => {}
        }
    }
    fs::remove_dir(directory).map_err(failed(directory))
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> TrustError {
    let path = path.to_owned();
    move |source| TrustError::File {
        path: path.clone(),
        source,
    }
}
