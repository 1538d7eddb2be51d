//! Revocation data that was fetched: for ten minutes used again without asking, and after that, while its issuer still vouches for it,
//! where nobody answers. Kept in memory and in one private directory, so that a restart without network knows what was known.
//!
//! A file is believed no more than the network: it goes through the same bounded parsers, and whoever takes it verifies it again for the
//! certificate in question. One that cannot be read, or that expired, is deleted, with a line in the log. Nothing from here ever
//! answers for a login that needs an OCSP answer: that one echoes a nonce.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use paraphe_certs::{MAX_CRL_BYTES, MAX_OCSP_RESPONSE_BYTES, OcspResponse, RevocationList};

/// How long an answer is used again without asking.
const RECENT: Duration = Duration::from_secs(600);
/// Most answers that are kept, in memory and on disk.
const MOST_KEPT: usize = 64;
/// Most bytes of lists on disk.
const MOST_BYTES: u64 = 256 << 20;
/// A file that was not written anew for so long is deleted: no list lives longer.
const LONGEST: Duration = Duration::from_secs(62 * 86_400);
const EXTENSION: &str = "der";

/// What was asked, by SHA-256 of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Asked {
    /// The list of this issuer.
    List([u8; 32]),
    /// About this certificate.
    Response([u8; 32]),
}

/// Data of an authority, as it was received.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    List(RevocationList),
    Response(OcspResponse),
}

/// How old an answer may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Age {
    /// Fetched in the last ten minutes.
    Recent,
    /// Any; its issuer's word is looked at by whoever takes it.
    Any,
}

/// The answers that are kept.
#[derive(Debug)]
pub(super) struct KeptAnswers {
    directory: PathBuf,
    memory: Mutex<HashMap<Asked, (SystemTime, Answer)>>,
}

impl KeptAnswers {
    /// Those of this directory, which is made when the first is kept.
    pub(super) fn in_directory(directory: PathBuf) -> Self {
        Self {
            directory,
            memory: Mutex::default(),
        }
    }

    /// The answer, not verified.
    pub(super) fn get(&self, asked: &Asked, age: Age) -> Option<Answer> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if !memory.contains_key(asked)
            && let Some(read) = self.read(asked)
        {
            memory.insert(*asked, read);
        }
        let (when, answer) = memory.get(asked)?;
        // A clock that was set back makes nothing recent.
        let is_recent = when.elapsed().is_ok_and(|since| since < RECENT);
        (is_recent || age == Age::Any).then(|| answer.clone())
    }

    /// Keeps a verified answer. What cannot be written is kept in memory only.
    pub(super) fn put(&self, asked: Asked, answer: Answer) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.len() >= MOST_KEPT && !memory.contains_key(&asked) {
            let oldest = memory.iter().min_by_key(|(_, (when, _))| *when);
            if let Some(oldest) = oldest.map(|(asked, _)| *asked) {
                memory.remove(&oldest);
            }
        }
        if let Err(error) = self.write(&asked, &answer) {
            let directory = self.directory.display();
            tracing::warn!(%directory, %error, "revocation data is kept in memory only");
        }
        memory.insert(asked, (SystemTime::now(), answer));
    }

    /// Forgets an answer that turned out to be of no use.
    pub(super) fn forget(&self, asked: &Asked, reason: &str) {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.remove(asked);
        let path = self.path(asked);
        if path.exists() {
            delete(&path, reason);
        }
    }

    fn path(&self, asked: &Asked) -> PathBuf {
        let (kind, digest) = match asked {
            Asked::List(digest) => ("list", digest),
            Asked::Response(digest) => ("response", digest),
        };
        let mut name = format!("{kind}-");
        for byte in digest {
            // Writing into a text does not fail.
            let _ = write!(name, "{byte:02x}");
        }
        self.directory.join(name).with_extension(EXTENSION)
    }

    fn read(&self, asked: &Asked) -> Option<(SystemTime, Answer)> {
        let path = self.path(asked);
        let limit = match asked {
            Asked::List(_) => MAX_CRL_BYTES,
            Asked::Response(_) => MAX_OCSP_RESPONSE_BYTES,
        };
        let (when, bytes) = match read_bounded(&path, limit) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                delete(&path, &error.to_string());
                return None;
            }
        };
        let answer = match asked {
            Asked::List(_) => RevocationList::from_der(&bytes)
                .map(Answer::List)
                .map_err(|error| error.to_string()),
            Asked::Response(_) => OcspResponse::from_der(&bytes)
                .map(Answer::Response)
                .map_err(|error| error.to_string()),
        };
        match answer {
            Ok(answer) => Some((when, answer)),
            Err(error) => {
                delete(&path, &error);
                None
            }
        }
    }

    /// Whole beside its place and renamed, so that a crash leaves the old file or the new one.
    fn write(&self, asked: &Asked, answer: &Answer) -> io::Result<()> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        self.make_room()?;
        let bytes = match answer {
            Answer::List(list) => list.der(),
            Answer::Response(response) => response.der(),
        };
        // Private to this user from the first byte on, as the library makes temporary files.
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(self.path(asked))?;
        Ok(())
    }

    /// Deletes what nobody asked for in a long time, what a crash left, and the oldest where there is too much.
    fn make_room(&self) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            let metadata = fs::symlink_metadata(&path)?;
            if !metadata.is_file() {
                continue;
            }
            let when = metadata.modified()?;
            let is_ours = path.extension().is_some_and(|it| it == EXTENSION);
            let limit = if is_ours { LONGEST } else { RECENT };
            if when.elapsed().is_ok_and(|since| since > limit) {
                delete(&path, "too old");
            } else if is_ours {
                files.push((when, metadata.len(), path));
            }
        }
        files.sort();
        let mut bytes: u64 = files.iter().map(|(_, length, _)| length).sum();
        let mut count = files.len();
        for (_, length, path) in files {
            if count < MOST_KEPT && bytes < MOST_BYTES {
                break;
            }
            delete(&path, "too many");
            bytes = bytes.saturating_sub(length);
            count = count.saturating_sub(1);
        }
        Ok(())
    }
}

fn read_bounded(path: &Path, limit: usize) -> io::Result<(SystemTime, Vec<u8>)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    if !metadata.is_file() || metadata.len() > limit {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok((metadata.modified()?, bytes))
}

fn delete(path: &Path, reason: &str) {
    let file = path.display();
    match fs::remove_file(path) {
        Ok(()) => tracing::info!(%file, reason, "kept revocation data was discarded"),
        Err(error) => tracing::warn!(%file, %error, "kept revocation data cannot be deleted"),
    }
}
