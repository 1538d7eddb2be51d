//! Where a document's bytes are: handed over before, or, for the user's own programs, a file at an absolute path. A file is
//! opened without waiting (a FIFO would hang), must be a regular one, is read exactly once from beginning to end, and must
//! be the same file, unchanged, when that is done. Details name a document by its position, never by its path.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use paraphe_protocol::api::{DocumentSource, ErrorCode};

use super::Context;
use crate::caller::Caller;
use crate::document_store::{Owner, StoredDocument};
use crate::problem::Failure;

/// Bytes read at once.
const BUFFER: usize = 256 << 10;

/// A document that is there.
#[derive(Debug)]
pub(super) enum Source {
    /// Handed over before; its bytes cannot change.
    Stored(Arc<StoredDocument>),
    /// A file of the user's.
    File(OpenFile),
}

/// A regular file, open, as it was when it was opened.
#[derive(Debug)]
pub(super) struct OpenFile {
    path: PathBuf,
    file: File,
    before: Metadata,
}

impl Source {
    /// Finds a document; a file is opened, nothing is read.
    pub(super) fn open(
        context: &Context<'_>,
        source: &DocumentSource,
        limit: u64,
    ) -> Result<Self, Failure> {
        let found = match source {
            DocumentSource::Document(id) => Self::Stored(
                context
                    .agent
                    .documents
                    .get(&Owner::from(context.caller), id)?,
            ),
            DocumentSource::Path(path) => match context.caller {
                Caller::Site(_) => return Err(ErrorCode::PathNotAllowed.into()),
                Caller::LocalProgram { .. } | Caller::CommandLine => {
                    Self::File(OpenFile::open(Path::new(path))?)
                }
            },
        };
        if found.size() > limit {
            return Err(Failure::new(ErrorCode::DocumentTooLarge).with_detail(
                format!("Au plus {limit} octets."),
                format!("At most {limit} bytes."),
            ));
        }
        Ok(found)
    }

    /// Size, bytes, when it was opened.
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Stored(stored) => stored.size(),
            Self::File(file) => file.before.len(),
        }
    }

    /// Gives every byte, in order and once, to `sink`. `buffer` is kept by the caller so that memory does not grow.
    pub(super) fn read_through(
        self,
        buffer: &mut Vec<u8>,
        mut sink: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        buffer.resize(BUFFER, 0);
        match self {
            Self::Stored(stored) => {
                read_all(&mut stored.reader(), stored.size(), buffer, &mut sink)
            }
            Self::File(mut file) => {
                read_all(&mut file.file, file.before.len(), buffer, &mut sink)?;
                file.check_unchanged()
            }
        }
    }
}

impl OpenFile {
    fn open(path: &Path) -> Result<Self, Failure> {
        if !path.is_absolute() {
            return Err(Failure::new(ErrorCode::PathNotAllowed)
                .with_detail("Un chemin doit être absolu.", "A path must be absolute."));
        }
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
            .open(path)
            .map_err(missing)?;
        let before = file.metadata().map_err(missing)?;
        if !before.is_file() {
            return Err(Failure::new(ErrorCode::DocumentFormat).with_detail(
                "Ce n'est pas un fichier ordinaire.",
                "It is not a regular file.",
            ));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            before,
        })
    }

    /// The file read is still the one at its path, and nobody wrote to it meanwhile.
    fn check_unchanged(&self) -> Result<(), Failure> {
        let open = self.file.metadata().map_err(missing)?;
        let named = std::fs::metadata(&self.path).map_err(|_| ErrorCode::DocumentChanged)?;
        if version(&open) == version(&self.before) && version(&named) == version(&self.before) {
            Ok(())
        } else {
            Err(ErrorCode::DocumentChanged.into())
        }
    }
}

/// What changes when a file is replaced or written: device, inode, size, times of content and of metadata.
fn version(metadata: &Metadata) -> (u64, u64, u64, (i64, i64), (i64, i64)) {
    (
        metadata.dev(),
        metadata.ino(),
        metadata.len(),
        (metadata.mtime(), metadata.mtime_nsec()),
        (metadata.ctime(), metadata.ctime_nsec()),
    )
}

fn read_all(
    reader: &mut impl Read,
    size: u64,
    buffer: &mut [u8],
    sink: &mut impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut seen = 0_u64;
    loop {
        let read = match reader.read(buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(missing(error)),
        };
        seen = seen.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        // A file that grows while it is read would be followed for ever.
        if seen > size {
            return Err(ErrorCode::DocumentChanged.into());
        }
        sink(buffer.get(..read).unwrap_or_default())?;
    }
    if seen == size {
        Ok(())
    } else {
        Err(ErrorCode::DocumentChanged.into())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used by map_err")]
fn missing(error: std::io::Error) -> Failure {
    Failure::new(ErrorCode::DocumentMissing).with_technical_detail(error.kind())
}
