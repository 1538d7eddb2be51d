//! The result of an item: written beside its place, made durable, and then put there, so that what is there is whole. The name
//! follows from the item alone: one that is finished a second time is the same file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::digest::{Sha256Digest, Sha256Hasher};
use paraphe_protocol::signature::{Output, OutputPiece};

use super::record::{Begun, Item};
use super::signing::extension;
use super::storage;
use crate::operation::Source;
use crate::problem::Failure;

/// Longest part of a document's name in its result's, bytes.
const MAXIMUM_NAME: usize = 120;

/// The directory of results.
pub(super) fn directory(begun: &Begun, batch: &Path) -> PathBuf {
    match &begun.output {
        Some(output) => PathBuf::from(output),
        None => batch.join("results"),
    }
}

/// Where an item's result goes.
pub(super) fn place(begun: &Begun, batch: &Path, item: &Item) -> Result<PathBuf, Failure> {
    let extension = extension(item)?;
    let number = item.item;
    let name = Path::new(&item.path)
        .file_name()
        .and_then(|name| name.to_str());
    let name = match name {
        Some(name) if begun.output.is_some() && !item.copied => {
            let end = (0..=MAXIMUM_NAME.min(name.len()))
                .rev()
                .find(|end| name.is_char_boundary(*end));
            format!(
                "{number:06}-{}.{extension}",
                name.get(..end.unwrap_or_default()).unwrap_or_default()
            )
        }
        _ => format!("{number:06}.{extension}"),
    };
    Ok(directory(begun, batch).join(name))
}

/// Writes a result and puts it in its place; gives its size and digest. `document` is read once more where its bytes are
/// part of the result; they must be those of `sha256`.
pub(super) fn write(
    batch: &str,
    place: &Path,
    output: &Output,
    document: impl Fn() -> Result<Source, Failure>,
    sha256: &Sha256Digest,
) -> Result<(u64, Sha256Digest), Failure> {
    let directory = place.parent().unwrap_or(Path::new("/"));
    let failed = |error: io::Error| storage(&error);
    let temporary = tempfile::Builder::new()
        .prefix(&unfinished(batch))
        .tempfile_in(directory)
        .map_err(failed)?;
    let mut writer = Hashing {
        to: BufWriter::with_capacity(64 << 10, temporary.as_file().try_clone().map_err(failed)?),
        hasher: Sha256Hasher::new(),
        size: 0,
    };
    match output {
        Output::Whole(bytes) => writer.write_all(bytes).map_err(failed)?,
        Output::Appended(bytes) => {
            copy(document()?, sha256, &mut writer)?;
            writer.write_all(bytes).map_err(failed)?;
        }
        Output::Container(pieces) => {
            for piece in pieces {
                match piece {
                    OutputPiece::Bytes(bytes) => writer.write_all(bytes).map_err(failed)?,
                    // An item is one document.
                    OutputPiece::Document(_) => copy(document()?, sha256, &mut writer)?,
                }
            }
        }
    }
    writer.flush().map_err(failed)?;
    let Hashing { to, hasher, size } = writer;
    drop(to);
    let digest = hasher.finish();
    temporary.as_file().sync_all().map_err(failed)?;
    temporary
        .persist(place)
        .map_err(|error| storage(&error.error))?;
    sync_directory(directory).map_err(failed)?;
    Ok((size, digest))
}

/// The document's bytes, which must still be those that were signed.
fn copy(document: Source, sha256: &Sha256Digest, writer: &mut impl Write) -> Result<(), Failure> {
    let mut hasher = Sha256Hasher::new();
    document.read_through(&mut Vec::new(), |piece| {
        hasher.update(piece);
        writer.write_all(piece).map_err(|error| storage(&error))
    })?;
    if hasher.finish() == *sha256 {
        Ok(())
    } else {
        Err(ErrorCode::DocumentChanged.into())
    }
}

/// What the name of a result of this batch begins with until it is whole.
fn unfinished(batch: &str) -> String {
    format!(".paraphe-{batch}-")
}

/// Takes away what a killed process left half-written.
pub(super) fn clear_unfinished(batch: &str, directory: &Path) -> io::Result<()> {
    let prefix = unfinished(batch);
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(|name| name.starts_with(&prefix)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Makes names in a directory durable.
pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Makes a directory for results, or takes one that is empty.
pub(super) fn make_directory(directory: &Path) -> Result<(), Failure> {
    let refused = |error: &io::Error| {
        Failure::new(ErrorCode::PathNotAllowed).with_system_error(
            "Le dossier des résultats ne convient pas",
            "The directory for the results will not do",
            error,
        )
    };
    if !directory.is_absolute() {
        return Err(Failure::new(ErrorCode::PathNotAllowed)
            .with_detail("Un chemin doit être absolu.", "A path must be absolute."));
    }
    match fs::create_dir(directory) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mut entries = fs::read_dir(directory).map_err(|error| refused(&error))?;
            if entries.next().is_some() {
                return Err(Failure::new(ErrorCode::PathNotAllowed).with_detail(
                    "Le dossier des résultats n'est pas vide.",
                    "The directory for the results is not empty.",
                ));
            }
        }
        Err(error) => return Err(refused(&error)),
    }
    Ok(())
}

struct Hashing<W: Write> {
    to: W,
    hasher: Sha256Hasher,
    size: u64,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        self.size += u64::try_from(written).unwrap_or_default();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
