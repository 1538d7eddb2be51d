//! The bytes of one document: written once into an unnamed file, hashed and measured on the way, then read from anywhere,
//! by several readers at once, and never changed.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use paraphe_protocol::digest::{Sha256Digest, Sha256Hasher};

use super::StoreError;

/// A closed document: its bytes never change again.
#[derive(Debug)]
pub(crate) struct StoredDocument {
    file: File,
    size: u64,
    sha256: Sha256Digest,
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
}

/// Writes a document into its unnamed file and hashes it on the way.
pub(crate) struct DocumentWriter {
    file: File,
    hasher: Sha256Hasher,
    size: u64,
    limit: u64,
}

impl DocumentWriter {
    /// A document of at most `limit` bytes, in an unnamed file under `directory`.
    pub(super) fn new(directory: &Path, limit: u64) -> io::Result<Self> {
        Ok(Self {
            file: tempfile::tempfile_in(directory)?,
            hasher: Sha256Hasher::new(),
            size: 0,
            limit,
        })
    }

    /// Bytes written.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

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
