//! Where a document's bytes are: handed over before, or, for the user's own programs, a file at an absolute path. A file is
//! opened without waiting (a FIFO would hang), must be a regular one, is read exactly once from beginning to end, and must
//! be unchanged, and not removed or replaced, when that is done. Details name a document by its position, never by its path.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use paraphe_protocol::api::{DocumentSource, ErrorCode};
use paraphe_protocol::asic::RandomAccess;

use super::Context;
use crate::caller::Caller;
use crate::document_store::{Owner, StoredDocument};
use crate::problem::Failure;

/// Bytes read at once.
pub(super) const BUFFER: usize = 256 << 10;

/// A document that is there.
#[derive(Debug)]
pub(crate) enum Source {
    /// Handed over before; its bytes cannot change.
    Stored(Arc<StoredDocument>),
    /// A file of the user's.
    File(OpenFile),
}

/// A regular file, open, as it was when it was opened.
#[derive(Debug)]
pub(crate) struct OpenFile {
    file: File,
    before: Version,
}

/// What changes when an open file is written, replaced or removed: how many names it has, its size, the times of its content and of
/// what is known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Version {
    names: u64,
    size: u64,
    modified: (i64, u64),
    changed: (i64, u64),
}

impl Source {
    /// Finds a document; a file is opened, nothing is read.
    pub(crate) fn open(
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
                Caller::Site(_) | Caller::OwnPage => return Err(ErrorCode::PathNotAllowed.into()),
                Caller::LocalProgram { .. } | Caller::CommandLine => {
                    Self::File(OpenFile::open(Path::new(path))?)
                }
            },
        };
        found.of_at_most(limit)
    }

    /// Opens the file at this path, which the caller of an operation may name.
    pub(crate) fn open_path(path: &Path, limit: u64) -> Result<Self, Failure> {
        Self::File(OpenFile::open(path)?).of_at_most(limit)
    }

    /// Refuses one that is longer.
    pub(crate) fn of_at_most(self, limit: u64) -> Result<Self, Failure> {
        if self.size() > limit {
            return Err(Failure::new(ErrorCode::DocumentTooLarge).with_detail(
                format!("Au plus {limit} octets."),
                format!("At most {limit} bytes."),
            ));
        }
        Ok(self)
    }

    /// Size, bytes, when it was opened.
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Stored(stored) => stored.size(),
            Self::File(file) => file.before.size,
        }
    }

    /// The next bytes after `seen` ones.
    fn read_on(&mut self, buffer: &mut [u8], seen: u64) -> std::io::Result<usize> {
        match self {
            Self::Stored(stored) => stored.read_at(buffer, seen),
            Self::File(file) => file.file.read(buffer),
        }
    }

    /// Whether it is still what it was when it was opened; asked after reading, to the end or here and there.
    pub(crate) fn check_unchanged(&self) -> Result<(), Failure> {
        match self {
            Self::Stored(_) => Ok(()),
            Self::File(file) => file.check_unchanged(),
        }
    }

    /// Gives every byte, in order and once, to `sink`. `buffer` is kept by the caller so that memory does not grow.
    pub(crate) fn read_through(
        self,
        buffer: &mut Vec<u8>,
        mut sink: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        buffer.resize(BUFFER, 0);
        let mut reader = self.into_reader();
        loop {
            let read = reader.read(buffer)?;
            if read == 0 {
                return Ok(());
            }
            sink(buffer.get(..read).unwrap_or_default())?;
        }
    }

    /// Reads it from its beginning.
    pub(super) fn into_reader(self) -> SourceReader {
        SourceReader {
            size: self.size(),
            seen: 0,
            source: self,
        }
    }
}

/// A document that is read once, from beginning to end.
#[derive(Debug)]
pub(super) struct SourceReader {
    source: Source,
    size: u64,
    seen: u64,
}

impl SourceReader {
    /// The next bytes; 0 at the end, where the document was found to be what it was when it was opened.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Failure> {
        // Not to its very end: whoever opened a file looks at its size again.
        if self.seen == self.size {
            self.source.check_unchanged()?;
            return Ok(0);
        }
        let read = loop {
            match self.source.read_on(buffer, self.seen) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other.map_err(missing)?,
            }
        };
        self.seen = self
            .seen
            .saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        // A file that grows while it is read would be followed for ever.
        if read == 0 || self.seen > self.size {
            return Err(ErrorCode::DocumentChanged.into());
        }
        Ok(read)
    }
}

impl RandomAccess for Source {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        match self {
            Self::Stored(stored) => stored.read_at(buffer, offset),
            Self::File(file) => file.file.read_at(buffer, offset),
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
        let before = Version::of_regular(&file)?.ok_or_else(|| {
            Failure::new(ErrorCode::DocumentFormat).with_detail(
                "Ce n'est pas un fichier ordinaire.",
                "It is not a regular file.",
            )
        })?;
        Ok(Self { file, before })
    }

    /// Nobody wrote to the file meanwhile, and it has its names still: removing it or putting another in its place takes one away.
    fn check_unchanged(&self) -> Result<(), Failure> {
        if Version::of_regular(&self.file)? == Some(self.before) {
            Ok(())
        } else {
            Err(ErrorCode::DocumentChanged.into())
        }
    }
}

impl Version {
    /// That of a regular file; `None` where it is anything else.
    fn of_regular(file: &File) -> Result<Option<Self>, Failure> {
        let stat = rustix::fs::fstat(file).map_err(|error| missing(error.into()))?;
        let regular = rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file();
        Ok(regular.then(|| Self {
            names: stat.st_nlink,
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: (stat.st_mtime, stat.st_mtime_nsec),
            changed: (stat.st_ctime, stat.st_ctime_nsec),
        }))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used by map_err")]
fn missing(error: std::io::Error) -> Failure {
    Failure::new(ErrorCode::DocumentMissing).with_system_error("Fichier", "File", &error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::fs::{self, File, OpenOptions};
    use std::io::Write;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    use paraphe_protocol::api::ErrorCode;

    use super::{OpenFile, Source};
    use crate::problem::Failure;

    fn file(directory: &Path, content: &[u8]) -> PathBuf {
        let path = directory.join("document");
        fs::write(&path, content).unwrap();
        let past = SystemTime::now() - Duration::from_secs(3600);
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        file.set_modified(past).unwrap();
        path
    }

    /// Reads a file of three bytes while `meanwhile` happens to it.
    fn read(meanwhile: impl Fn(&Path)) -> Result<Vec<u8>, Failure> {
        let directory = tempfile::tempdir().unwrap();
        let path = file(directory.path(), b"abc");
        let mut content = Vec::new();
        Source::File(OpenFile::open(&path)?).read_through(&mut Vec::new(), |piece| {
            content.extend_from_slice(piece);
            meanwhile(&path);
            Ok(())
        })?;
        Ok(content)
    }

    #[test]
    fn a_quiet_file_is_read() {
        assert_eq!(read(|_| ()).unwrap(), b"abc");
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_refused() {
        let append = |path: &Path| {
            let mut file = OpenOptions::new().append(true).open(path).unwrap();
            file.write_all(b"d").unwrap();
        };
        let rewrite = |path: &Path| {
            OpenOptions::new()
                .write(true)
                .open(path)
                .unwrap()
                .write_all(b"xyz")
                .unwrap();
        };
        let truncate = |path: &Path| File::create(path).map(drop).unwrap();
        let replace = |path: &Path| {
            let other = path.with_extension("other");
            fs::write(&other, b"abc").unwrap();
            fs::rename(other, path).unwrap();
        };
        let remove = |path: &Path| fs::remove_file(path).unwrap();
        for meanwhile in [append as fn(&Path), rewrite, truncate, replace, remove] {
            let failure = read(meanwhile).unwrap_err();
            assert_eq!(failure.code(), ErrorCode::DocumentChanged);
        }
    }

    #[test]
    fn only_regular_files_at_absolute_paths_are_opened() {
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, 0o600.into()).unwrap();
        for (path, expected) in [
            (fifo.as_path(), ErrorCode::DocumentFormat),
            (directory.path(), ErrorCode::DocumentFormat),
            (Path::new("/dev/null"), ErrorCode::DocumentFormat),
            (Path::new("document"), ErrorCode::PathNotAllowed),
            (&directory.path().join("absent"), ErrorCode::DocumentMissing),
        ] {
            assert_eq!(
                OpenFile::open(path).unwrap_err().code(),
                expected,
                "{path:?}"
            );
        }
    }
}
