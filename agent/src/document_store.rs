//! Documents in hand: put in pieces by a caller or made by an operation, hashed while they arrive, each in an unnamed file
//! of its own that only this process can reach and that vanishes with it. A document belongs to the site or local user that
//! put it; for everybody else it does not exist. Refused: pieces out of place, documents and numbers beyond the limits, a
//! document that was not closed. Never wholly in memory.

mod stored_document;

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paraphe_protocol::digest::Sha256Digest;

use crate::caller::Caller;
use crate::config::{Limits, Origin};

pub(crate) use stored_document::{DocumentWriter, StoredDocument};

/// A document that nobody asked for so long is given up.
const IDLE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// Documents in hand.
#[derive(Debug)]
pub(crate) struct DocumentStore {
    directory: PathBuf,
    limits: Limits,
    entries: Mutex<HashMap<DocumentId, Entry>>,
}

/// Whose a document is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// The pages of one origin.
    Site(Origin),
    /// The user who runs the agent, by socket or command line.
    User,
}

impl From<&Caller> for Owner {
    fn from(caller: &Caller) -> Self {
        match caller {
            Caller::Site(origin) => Self::Site(origin.clone()),
            // The door accepts no other user than the agent's own.
            Caller::LocalProgram { .. } | Caller::OwnPage | Caller::CommandLine => Self::User,
        }
    }
}

/// 128 random bits, 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct DocumentId(String);

impl DocumentId {
    fn random() -> Result<Self, StoreError> {
        let mut bytes = [0_u8; 16];
        openssl::rand::rand_bytes(&mut bytes).map_err(|_| StoreError::Randomness)?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[derive(Debug)]
struct Entry {
    owner: Owner,
    used: Instant,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Arriving(DocumentWriter),
    Closed(Arc<StoredDocument>),
    /// A piece is being written by another request.
    Busy,
}

/// Why the store does not do it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// Not there, or somebody else's.
    #[error("no such document")]
    Unknown,
    /// A piece is not where the last one ended, or the document is closed.
    #[error("the piece is out of place: {held} bytes are held")]
    OutOfPlace { held: u64 },
    /// Its last piece has not come yet.
    #[error("the document is not complete")]
    NotClosed,
    /// Beyond the size allowed.
    #[error("the document is larger than {limit} bytes")]
    TooLarge { limit: u64 },
    /// The caller holds as many as it may.
    #[error("{limit} documents are held already")]
    TooMany { limit: u32 },
    /// The system's generator failed.
    #[error("no randomness")]
    Randomness,
    /// The file system.
    #[error("documents cannot be kept: {0}")]
    Io(#[from] io::Error),
}

impl DocumentStore {
    /// A store that keeps its unnamed files under `directory`, which it makes where it is not there.
    pub(crate) fn open(directory: &Path, limits: Limits) -> io::Result<Self> {
        let directory = directory.join("documents");
        std::os::unix::fs::DirBuilderExt::mode(std::fs::DirBuilder::new().recursive(true), 0o700)
            .create(&directory)?;
        raise_descriptor_limit();
        Ok(Self {
            directory,
            limits,
            entries: Mutex::default(),
        })
    }

    /// Takes a piece: begins a document (`id` absent) or goes on with it. Returns its name, the bytes held, and the digest
    /// once the last piece is in.
    pub(crate) fn put(
        &self,
        owner: &Owner,
        id: Option<&str>,
        offset: u64,
        piece: &[u8],
        last: bool,
    ) -> Result<(DocumentId, u64, Option<Sha256Digest>), StoreError> {
        let (id, mut writer) = match id {
            Some(id) => self.take_arriving(owner, id, offset)?,
            None if offset != 0 => return Err(StoreError::OutOfPlace { held: 0 }),
            None => (DocumentId::random()?, self.writer(owner)?),
        };
        // Written without holding the lock: a slow disk must not stop every caller. A failed piece gives the document up.
        if let Err(error) = writer.write_all(piece) {
            self.lock().remove(&id);
            return Err(writer.error(error));
        }
        let size = writer.size();
        let (content, sha256) = if last {
            let stored = writer.close();
            let sha256 = stored.sha256();
            (Content::Closed(stored), Some(sha256))
        } else {
            (Content::Arriving(writer), None)
        };
        self.keep_as(&id, owner, content)?;
        Ok((id, size, sha256))
    }

    /// A closed document of this owner.
    pub(crate) fn get(&self, owner: &Owner, id: &str) -> Result<Arc<StoredDocument>, StoreError> {
        let mut entries = self.lock();
        let entry = entries
            .get_mut(&DocumentId(id.to_owned()))
            .filter(|entry| entry.owner == *owner)
            .ok_or(StoreError::Unknown)?;
        entry.used = Instant::now();
        match &entry.content {
            Content::Closed(stored) => Ok(Arc::clone(stored)),
            Content::Arriving(_) | Content::Busy => Err(StoreError::NotClosed),
        }
    }

    /// Gives a document up.
    pub(crate) fn drop_document(&self, owner: &Owner, id: &str) -> Result<(), StoreError> {
        let id = DocumentId(id.to_owned());
        let mut entries = self.lock();
        match entries.get(&id) {
            Some(entry) if entry.owner == *owner => {
                entries.remove(&id);
                Ok(())
            }
            _ => Err(StoreError::Unknown),
        }
    }

    fn writer(&self, owner: &Owner) -> Result<DocumentWriter, StoreError> {
        {
            let mut entries = self.lock();
            entries.retain(|_, entry| entry.used.elapsed() < IDLE_LIMIT);
            self.check_room(&entries, owner)?;
        }
        self.writer_of_at_most(self.limits.document_bytes)
    }

    /// A document of at most `limit` bytes that an operation makes, not yet anybody's.
    pub(crate) fn writer_of_at_most(&self, limit: u64) -> Result<DocumentWriter, StoreError> {
        Ok(DocumentWriter::new(&self.directory, limit)?)
    }

    /// Gives documents that an operation made to their owner: all of them or none.
    pub(crate) fn keep_all(
        &self,
        owner: &Owner,
        made: Vec<Arc<StoredDocument>>,
    ) -> Result<Vec<DocumentId>, StoreError> {
        let named = made
            .into_iter()
            .map(|stored| Ok((DocumentId::random()?, stored)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let mut entries = self.lock();
        let limit = self.limits.documents_held;
        let after = Self::held(&entries, owner).saturating_add(named.len());
        if after > usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(StoreError::TooMany { limit });
        }
        let mut ids = Vec::with_capacity(named.len());
        for (id, stored) in named {
            let entry = Entry {
                owner: owner.clone(),
                used: Instant::now(),
                content: Content::Closed(stored),
            };
            entries.insert(id.clone(), entry);
            ids.push(id);
        }
        Ok(ids)
    }

    fn keep_as(&self, id: &DocumentId, owner: &Owner, content: Content) -> Result<(), StoreError> {
        let mut entries = self.lock();
        match entries.get_mut(id) {
            Some(entry) => entry.content = content,
            None => {
                self.check_room(&entries, owner)?;
                let entry = Entry {
                    owner: owner.clone(),
                    used: Instant::now(),
                    content,
                };
                entries.insert(id.clone(), entry);
            }
        }
        Ok(())
    }

    /// Whether this owner may hold so many more.
    pub(crate) fn check_room_for(&self, owner: &Owner, more: usize) -> Result<(), StoreError> {
        let limit = self.limits.documents_held;
        let held = Self::held(&self.lock(), owner);
        if held.saturating_add(more) > usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(StoreError::TooMany { limit });
        }
        Ok(())
    }

    fn held(entries: &HashMap<DocumentId, Entry>, owner: &Owner) -> usize {
        let of_owner = entries.values().filter(|entry| entry.owner == *owner);
        of_owner.count()
    }

    fn check_room(
        &self,
        entries: &HashMap<DocumentId, Entry>,
        owner: &Owner,
    ) -> Result<(), StoreError> {
        let limit = self.limits.documents_held;
        if Self::held(entries, owner) >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(StoreError::TooMany { limit });
        }
        Ok(())
    }

    /// Takes an arriving document out for writing, so that two pieces at once cannot mix.
    fn take_arriving(
        &self,
        owner: &Owner,
        id: &str,
        offset: u64,
    ) -> Result<(DocumentId, DocumentWriter), StoreError> {
        let id = DocumentId(id.to_owned());
        let mut entries = self.lock();
        let entry = entries
            .get_mut(&id)
            .filter(|entry| entry.owner == *owner)
            .ok_or(StoreError::Unknown)?;
        entry.used = Instant::now();
        match std::mem::replace(&mut entry.content, Content::Busy) {
            Content::Arriving(writer) if writer.size() == offset => Ok((id, writer)),
            other => {
                let held = match &other {
                    Content::Arriving(writer) => writer.size(),
                    Content::Closed(stored) => stored.size(),
                    Content::Busy => 0,
                };
                entry.content = other;
                Err(StoreError::OutOfPlace { held })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<DocumentId, Entry>> {
        // Every change is a single insertion, removal or assignment.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Each document holds a descriptor, and the usual soft limit of 1,024 is less than a lot of wrapped documents needs.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    const WANTED: u64 = 16_384;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < WANTED) {
        let wanted = Rlimit {
            current: Some(limit.maximum.map_or(WANTED, |most| most.min(WANTED))),
            maximum: limit.maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, wanted) {
            tracing::debug!(%error, "the limit of open files stays as it is");
        }
    }
}

#[cfg(test)]
mod tests;
