//! Documents in hand: put in pieces by a caller or made by an operation, hashed while they arrive, each in an unnamed file
//! of its own that only this process can reach and that vanishes with it. A document belongs to the site or local user that
//! put it; for everybody else it does not exist. Refused: pieces out of place, documents and numbers beyond the limits, a
//! document that was not closed. Never wholly in memory.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paraphe_protocol::digest::{Sha256Digest, Sha256Hasher};

use crate::caller::Caller;
use crate::config::{Limits, Origin};

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
            Caller::LocalProgram { .. } | Caller::CommandLine => Self::User,
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

/// A closed document: its bytes never change again.
#[derive(Debug)]
pub(crate) struct StoredDocument {
    file: File,
    size: u64,
    sha256: Sha256Digest,
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
        let size = writer.size;
        let (content, sha256) = if last {
            let stored = writer.close();
            let sha256 = stored.sha256;
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

    /// A document that an operation makes, not yet anybody's.
    pub(crate) fn writer(&self, owner: &Owner) -> Result<DocumentWriter, StoreError> {
        {
            let mut entries = self.lock();
            entries.retain(|_, entry| entry.used.elapsed() < IDLE_LIMIT);
            self.check_room(&entries, owner)?;
        }
        Ok(DocumentWriter {
            file: tempfile::tempfile_in(&self.directory)?,
            hasher: Sha256Hasher::new(),
            size: 0,
            limit: self.limits.document_bytes,
        })
    }

    /// Gives a document that an operation made to its owner.
    pub(crate) fn keep(
        &self,
        owner: &Owner,
        stored: Arc<StoredDocument>,
    ) -> Result<DocumentId, StoreError> {
        let id = DocumentId::random()?;
        self.keep_as(&id, owner, Content::Closed(stored))?;
        Ok(id)
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

    fn check_room(
        &self,
        entries: &HashMap<DocumentId, Entry>,
        owner: &Owner,
    ) -> Result<(), StoreError> {
        let limit = self.limits.documents_held;
        let held = entries.values().filter(|entry| entry.owner == *owner);
        if held.count() >= usize::try_from(limit).unwrap_or(usize::MAX) {
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
            Content::Arriving(writer) if writer.size == offset => Ok((id, writer)),
            other => {
                let held = match &other {
                    Content::Arriving(writer) => writer.size,
                    Content::Closed(stored) => stored.size,
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

impl StoredDocument {
    /// Size, bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256.
    pub(crate) fn sha256(&self) -> Sha256Digest {
        self.sha256
    }

    /// Bytes from `offset`; fewer than the buffer holds only at the end.
    pub(crate) fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        // Beyond the end there is nothing, and a position above the file system's largest is an error to it.
        if offset >= self.size {
            return Ok(0);
        }
        let mut read = 0;
        while let Some(rest) = buffer.get_mut(read..).filter(|rest| !rest.is_empty()) {
            let position = offset.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            match self.file.read_at(rest, position) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(read)
    }

    /// From the beginning, independently of other readers.
    pub(crate) fn reader(self: &Arc<Self>) -> StoredDocumentReader {
        StoredDocumentReader {
            stored: Arc::clone(self),
            position: 0,
        }
    }
}

/// Reads a stored document from its beginning.
#[derive(Debug)]
pub(crate) struct StoredDocumentReader {
    stored: Arc<StoredDocument>,
    position: u64,
}

impl io::Read for StoredDocumentReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stored.file.read_at(buffer, self.position)?;
        self.position += u64::try_from(read).unwrap_or_default();
        Ok(read)
    }
}

/// Writes a document into its unnamed file and hashes it on the way.
pub(crate) struct DocumentWriter {
    file: File,
    hasher: Sha256Hasher,
    size: u64,
    limit: u64,
}

impl DocumentWriter {
    /// Closes the document: its bytes never change again.
    pub(crate) fn close(self) -> Arc<StoredDocument> {
        Arc::new(StoredDocument {
            file: self.file,
            size: self.size,
            sha256: self.hasher.finish(),
        })
    }

    /// What an error of writing means.
    pub(crate) fn error(&self, error: io::Error) -> StoreError {
        if error.kind() == io::ErrorKind::FileTooLarge {
            StoreError::TooLarge { limit: self.limit }
        } else {
            StoreError::Io(error)
        }
    }
}

impl Write for DocumentWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let after = u64::try_from(bytes.len())
            .ok()
            .and_then(|more| self.size.checked_add(more));
        if after.is_none_or(|after| after > self.limit) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.file.write(bytes)?;
        let taken = bytes.get(..written).unwrap_or_default();
        self.hasher.update(taken);
        self.size += u64::try_from(written).unwrap_or_default();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl std::fmt::Debug for DocumentWriter {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DocumentWriter")
            .field("size", &self.size)
            .finish_non_exhaustive()
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
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::io::Read;

    use paraphe_protocol::digest::Sha256Digest;

    use super::{DocumentStore, Owner, StoreError};
    use crate::config::{Limits, Origin};

    fn limits() -> Limits {
        Limits {
            document_bytes: 10,
            documents_held: 2,
            ..Limits::default()
        }
    }

    fn site(origin: &str) -> Owner {
        Owner::Site(origin.parse::<Origin>().unwrap())
    }

    fn store() -> (tempfile::TempDir, DocumentStore) {
        let directory = tempfile::tempdir().unwrap();
        let store = DocumentStore::open(directory.path(), limits()).unwrap();
        (directory, store)
    }

    #[test]
    fn a_document_comes_back_as_it_was_put() {
        let (directory, store) = store();
        let (id, size, none) = store.put(&Owner::User, None, 0, b"0123", false).unwrap();
        assert_eq!((size, none), (4, None));
        assert!(matches!(
            store.get(&Owner::User, id.as_str()),
            Err(StoreError::NotClosed)
        ));
        let (_, size, digest) = store
            .put(&Owner::User, Some(id.as_str()), 4, b"456", true)
            .unwrap();
        assert_eq!((size, digest), (7, Some(Sha256Digest::of(b"0123456"))));
        let stored = store.get(&Owner::User, id.as_str()).unwrap();
        let mut content = String::new();
        stored.reader().read_to_string(&mut content).unwrap();
        assert_eq!(content, "0123456");
        let mut piece = [0; 8];
        assert_eq!(stored.read_at(&mut piece, 5).unwrap(), 2);
        assert_eq!(stored.read_at(&mut piece, u64::MAX).unwrap(), 0);
        let names = std::fs::read_dir(directory.path().join("documents")).unwrap();
        assert_eq!(names.count(), 0, "no name in the file system");
        store.drop_document(&Owner::User, id.as_str()).unwrap();
        assert!(matches!(
            store.get(&Owner::User, id.as_str()),
            Err(StoreError::Unknown)
        ));
    }

    #[test]
    fn a_piece_out_of_place_is_refused_and_costs_nothing() {
        let (_directory, store) = store();
        let (id, ..) = store.put(&Owner::User, None, 0, b"0123", false).unwrap();
        for offset in [0, 3, 5, u64::MAX] {
            assert!(matches!(
                store.put(&Owner::User, Some(id.as_str()), offset, b"x", true),
                Err(StoreError::OutOfPlace { held: 4 })
            ));
        }
        store
            .put(&Owner::User, Some(id.as_str()), 4, b"", true)
            .unwrap();
        assert!(matches!(
            store.put(&Owner::User, Some(id.as_str()), 4, b"x", true),
            Err(StoreError::OutOfPlace { held: 4 })
        ));
        assert!(matches!(
            store.put(&Owner::User, None, 1, b"x", true),
            Err(StoreError::OutOfPlace { held: 0 })
        ));
    }

    #[test]
    fn nobody_else_can_name_a_document() {
        let (_directory, store) = store();
        let owner = site("https://dossier.example");
        let (id, ..) = store.put(&owner, None, 0, b"a", true).unwrap();
        for other in [
            site("https://dossier.example:8443"),
            site("https://other.example"),
            Owner::User,
        ] {
            assert!(matches!(
                store.get(&other, id.as_str()),
                Err(StoreError::Unknown)
            ));
            assert!(matches!(
                store.drop_document(&other, id.as_str()),
                Err(StoreError::Unknown)
            ));
            assert!(matches!(
                store.put(&other, Some(id.as_str()), 1, b"b", true),
                Err(StoreError::Unknown)
            ));
        }
        store.get(&owner, id.as_str()).unwrap();
    }

    #[test]
    fn size_and_number_are_bounded() {
        let (_directory, store) = store();
        let (id, ..) = store.put(&Owner::User, None, 0, &[0; 10], false).unwrap();
        assert!(matches!(
            store.put(&Owner::User, Some(id.as_str()), 10, b"x", true),
            Err(StoreError::TooLarge { limit: 10 })
        ));
        assert!(
            matches!(
                store.put(&Owner::User, Some(id.as_str()), 10, b"", true),
                Err(StoreError::Unknown)
            ),
            "given up"
        );
        store.put(&Owner::User, None, 0, b"", true).unwrap();
        store.put(&Owner::User, None, 0, b"", true).unwrap();
        assert!(matches!(
            store.put(&Owner::User, None, 0, b"", true),
            Err(StoreError::TooMany { limit: 2 })
        ));
        let other = site("https://dossier.example");
        store.put(&other, None, 0, b"", true).unwrap();
    }
}
