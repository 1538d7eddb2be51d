//! The directory of the HTTPS door's certificate: `root.pem`, `leaf.pem`, `leaf-key.pem`, and the same three with `next-` before
//! them: the pair that takes over when the first has less than a fifth of its life left. Both roots are given to the browsers
//! at once, so that an agent that goes over to the next pair by itself is believed. Mode 0700, keys 0600; where an
//! administrator made it for a group, root's, 0750 and 0640. It is made whole beside its place and swapped in with one rename
//! (renameat2(2), RENAME_EXCHANGE), so that a crash never leaves a key without its certificate. Files that are not ours are
//! never deleted.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use paraphe_certs::localhost::{self, LocalhostCertificates, LocalhostError, MAX_VALIDITY};
use paraphe_certs::{Certificate, PrivateKeyPem, UnixTime};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::browsers::MACHINE_TLS_DIRECTORY;
use super::reader::KeyReader;
use super::state::Pair;
use super::{TrustError, TrustState};
use crate::config::{Config, Directories};
use crate::door::https::ServerIdentity;

/// The root: public, to be given to browsers.
pub const ROOT_FILE: &str = "root.pem";
/// The HTTPS door's certificate.
pub const LEAF_FILE: &str = "leaf.pem";
/// Its private key, for this user only.
pub const LEAF_KEY_FILE: &str = "leaf-key.pem";

/// The root of the next pair.
pub const NEXT_ROOT_FILE: &str = "next-root.pem";

/// Names of a pair's files: root, leaf, key.
type Names = [&'static str; 3];

const PRESENT: Names = [ROOT_FILE, LEAF_FILE, LEAF_KEY_FILE];
const NEXT: Names = [NEXT_ROOT_FILE, "next-leaf.pem", "next-leaf-key.pem"];
/// The next pair begins to hold so long before the present one ends: the last fifth of [`MAX_VALIDITY`], days.
const OVERLAP_DAYS: i64 = 18;
/// Longest file that is read, bytes.
const MAXIMUM_FILE_BYTES: u64 = 64 << 10;

/// Where the HTTPS door's certificate is kept.
#[derive(Debug, Clone)]
pub struct TlsDirectory {
    path: PathBuf,
    /// Who is to read the keys of a directory that is made; `None`: this user.
    reader: Option<KeyReader>,
}

/// A pair as it is written to files.
struct Written {
    root: String,
    leaf: String,
    key: Zeroizing<String>,
}

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
        Self { path, reader: None }
    }

    /// The same, whose keys, when they are made, `reader` may read. For root only.
    #[must_use]
    pub fn for_reader(path: PathBuf, reader: KeyReader) -> Self {
        let reader = Some(reader);
        Self { path, reader }
    }

    /// The one that an agent with this configuration shows: where the configuration says, else the user's own, else the
    /// machine's. `None`: none is configured and there is no home.
    #[must_use]
    pub fn in_use(config: &Config, directories: &Directories) -> Option<Self> {
        let own = Self::new(directories.tls(config)?);
        let machine = Path::new(MACHINE_TLS_DIRECTORY);
        let is_elsewhere = config.tls_directory.is_none() && !own.path().exists();
        if is_elsewhere && machine.exists() {
            Some(Self::new(machine.to_owned()))
        } else {
            Some(own)
        }
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The root's file.
    #[must_use]
    pub fn root_file(&self) -> PathBuf {
        self.path.join(ROOT_FILE)
    }

    /// Who can read the keys that are there.
    #[must_use]
    pub fn present_reader(&self) -> Option<KeyReader> {
        let metadata = fs::symlink_metadata(&self.path).ok()?;
        Some(KeyReader::of(&metadata))
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
        let present = Written::made(now)?;
        let leaf = Certificate::from_pem(present.leaf.as_bytes()).map_err(LocalhostError::from)?;
        self.replace(&present, &Written::following(&leaf)?)?;
        self.read(now).map(Initialised::Made)
    }

    /// Make what is missing: everything where nothing holds, and the next pair where there is none or it has taken over. The
    /// pair in use stays, so that browsers that know it go on believing the agent.
    ///
    /// # Errors
    /// As [`Self::initialise`].
    pub fn complete(&self, now: UnixTime) -> Result<Initialised, TrustError> {
        let state = match self.read(now) {
            Ok(state) if state.problems().is_empty() => state,
            _ => return self.initialise(now, true),
        };
        let names = match (state.next(), state.has_taken_over()) {
            (Some(_), false) => return Ok(Initialised::Kept(state)),
            (None, false) => PRESENT,
            (_, true) => NEXT,
        };
        self.replace(&self.written(names)?, &Written::following(state.leaf())?)?;
        self.read(now).map(Initialised::Made)
    }

    /// Read what is there, and what is wrong with it.
    ///
    /// # Errors
    /// Nothing is there, or it cannot be read, is open to others or does not belong together.
    pub fn read(&self, now: UnixTime) -> Result<TrustState, TrustError> {
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) => self.require_private(&self.path, &metadata)?,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Err(TrustError::NotInitialised {
                    directory: self.path.clone(),
                });
            }
            Err(error) => return Err(failed(&self.path)(error)),
        }
        let present = self.pair(PRESENT, now)?;
        let has_next = NEXT.iter().any(|name| self.path.join(name).exists());
        let next = has_next.then(|| self.pair(NEXT, now)).transpose()?;
        Ok(TrustState::new(present, next, now))
    }

    fn pair(&self, [root, leaf, key]: Names, now: UnixTime) -> Result<Pair, TrustError> {
        let root = self.certificate(root)?;
        let leaf = self.certificate(leaf)?;
        let key_path = self.path.join(key);
        let key_metadata = fs::symlink_metadata(&key_path).map_err(failed(&key_path))?;
        self.require_private(&key_path, &key_metadata)?;
        let key = PrivateKeyPem::new(self.text(key)?);
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
        Ok(Pair {
            problems: localhost::inspect(&root, &leaf, now),
            root,
            leaf,
            identity,
        })
    }

    fn written(&self, [root, leaf, key]: Names) -> Result<Written, TrustError> {
        Ok(Written {
            root: self.text(root)?,
            leaf: self.text(leaf)?,
            key: Zeroizing::new(self.text(key)?),
        })
    }

    /// Delete the certificates and the directory; `false` where there was none.
    ///
    /// # Errors
    /// The directory holds other files, or cannot be deleted.
    pub fn remove(&self) -> Result<bool, TrustError> {
        if !self.path.exists() {
            return Ok(false);
        }
        self.refuse_foreign_files()?;
        delete(&self.path)?;
        Ok(true)
    }

    fn certificate(&self, name: &str) -> Result<Certificate, TrustError> {
        let pem = self.text(name)?;
        Certificate::from_pem(pem.as_bytes()).map_err(|source| TrustError::Certificate {
            path: self.path.join(name),
            source,
        })
    }

    /// A file of the directory itself, of whom the directory is: root, who renews other users' certificates, is led to no other
    /// file by a link that such a user made.
    fn text(&self, name: &str) -> Result<String, TrustError> {
        let path = self.path.join(name);
        let owner = fs::symlink_metadata(&self.path)
            .map_err(failed(&self.path))?
            .uid();
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
            .open(&path)
            .map_err(failed(&path))?;
        let metadata = file.metadata().map_err(failed(&path))?;
        if !metadata.is_file() || metadata.uid() != owner || metadata.nlink() != 1 {
            return Err(TrustError::NotPrivate { path });
        }
        if metadata.len() > MAXIMUM_FILE_BYTES {
            return Err(failed(&path)(ErrorKind::FileTooLarge.into()));
        }
        let mut text = String::new();
        file.take(MAXIMUM_FILE_BYTES)
            .read_to_string(&mut text)
            .map_err(failed(&path))?;
        Ok(text)
    }

    fn require_private(&self, path: &Path, metadata: &fs::Metadata) -> Result<(), TrustError> {
        let uid = rustix::process::getuid().as_raw();
        let kind = metadata.is_file() || (path == self.path && metadata.is_dir());
        if kind && KeyReader::of(metadata).is_alone(metadata, uid) {
            Ok(())
        } else {
            Err(TrustError::NotPrivate {
                path: path.to_owned(),
            })
        }
    }

    fn refuse_foreign_files(&self) -> Result<(), TrustError> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(&self.path)(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed(&self.path))?;
            let mut ours = PRESENT.iter().chain(&NEXT);
            if !ours.any(|ours| entry.file_name() == *ours) {
                return Err(TrustError::ForeignFile { path: entry.path() });
            }
        }
        Ok(())
    }

    fn replace(&self, present: &Written, next: &Written) -> Result<(), TrustError> {
        self.refuse_foreign_files()?;
        let parent = self.path.parent().unwrap_or(&self.path);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(if self.reader.is_some() { 0o755 } else { 0o700 })
            .create(parent)
            .map_err(failed(parent))?;
        let prepared = tempfile::Builder::new()
            .prefix(".paraphe-tls-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(parent)
            .map_err(failed(parent))?;
        for (pair, names) in [(present, PRESENT), (next, NEXT)] {
            for (text, name) in [&pair.root, &pair.leaf, &*pair.key].into_iter().zip(names) {
                self.write(&prepared.path().join(name), text.as_bytes())?;
            }
        }
        self.give(prepared.path(), 0o700)?;
        let exchange = if self.path.exists() {
            RenameFlags::EXCHANGE
        } else {
            RenameFlags::NOREPLACE
        };
        renameat_with(CWD, prepared.path(), CWD, &self.path, exchange)
            .map_err(|errno| failed(&self.path)(errno.into()))?;
        sync_directory(parent)?;
        // What is deleted here with the temporary name is the old directory, where there was one.
        let old = prepared.keep();
        if old.exists() { delete(&old) } else { Ok(()) }
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<(), TrustError> {
        write(path, content)?;
        self.give(path, 0o600)
    }

    /// To who is to read it. The parent directory is root's then, so that nobody else can put another file in this one's place.
    fn give(&self, path: &Path, mode: u32) -> Result<(), TrustError> {
        let Some(reader) = self.reader else {
            return Ok(());
        };
        let (uid, gid, mode) = reader.ownership(mode);
        chown(path, uid, gid)
            .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(mode)))
            .map_err(failed(path))
    }
}

impl Written {
    fn made(from: UnixTime) -> Result<Self, TrustError> {
        let certificates = LocalhostCertificates::generate(from, MAX_VALIDITY)?;
        Ok(Self {
            root: certificates.root_pem(),
            leaf: certificates.leaf_pem(),
            key: Zeroizing::new(certificates.leaf_key_pem().expose().to_owned()),
        })
    }

    /// The pair that takes over from the one of this leaf.
    fn following(leaf: &Certificate) -> Result<Self, TrustError> {
        Self::made(leaf.not_after().plus_days(-OVERLAP_DAYS))
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
    for name in PRESENT.into_iter().chain(NEXT) {
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
