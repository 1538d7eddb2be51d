//! Where the signed lot goes: into the agent's hands, as documents that the caller fetches, or into a directory that the
//! command line named. Either way all of it or nothing: documents are given to their owner only when the signature is made,
//! and a directory appears whole, by renaming a private one beside it. One that already has something in it is refused.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use paraphe_protocol::api::{DocumentSource, ErrorCode, LotSignResponse};
use paraphe_protocol::digest::{Sha256Digest, Sha256Hasher};
use tempfile::TempDir;

use super::inspection::cannot_write;
use crate::document_store::{DocumentWriter, Owner, StoredDocument};
use crate::operation::Context;
use crate::problem::Failure;

/// Name of the signature file in a directory.
const SIGNATURE_FILE: &str = "lot-signature.xml";
/// Name of the description of the lot in a directory: the response, as JSON.
const DESCRIPTION_FILE: &str = "lot.json";

/// Where the signed lot goes.
#[derive(Debug)]
pub(super) enum Destination {
    /// What was made becomes documents of the caller's; what was only read stays where it is.
    InHand,
    /// Everything into this directory.
    Directory { wanted: PathBuf, growing: TempDir },
}

/// Where the bytes of a document as signed are.
#[derive(Debug)]
pub(super) enum Content {
    /// There already, or at the place where they will be.
    At(DocumentSource),
    /// Made, and not yet anybody's.
    Made(Arc<StoredDocument>),
}

impl Destination {
    /// Begins a directory; `wanted` must not exist or be empty.
    pub(super) fn directory(wanted: &Path) -> Result<Self, Failure> {
        let refused = |error: &io::Error| {
            Failure::new(ErrorCode::PathNotAllowed).with_system_error(
                "Le dossier du résultat ne convient pas",
                "The directory for the result will not do",
                error,
            )
        };
        let wanted = std::path::absolute(wanted).map_err(|error| refused(&error))?;
        match fs::read_dir(&wanted).map(|mut entries| entries.next().is_some()) {
            Ok(false) => {}
            Ok(true) => {
                return Err(Failure::new(ErrorCode::PathNotAllowed).with_detail(
                    "Le dossier du résultat n'est pas vide.",
                    "The directory for the result is not empty.",
                ));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(refused(&error)),
        }
        let beside = wanted.parent().unwrap_or(Path::new("/"));
        let growing = tempfile::Builder::new()
            .prefix(".paraphe-lot-")
            .tempdir_in(beside)
            .map_err(|error| refused(&error))?;
        Ok(Self::Directory { wanted, growing })
    }

    /// Makes sure that so many made documents and the signature will find room.
    pub(super) fn check_room(&self, context: &Context<'_>, made: usize) -> Result<(), Failure> {
        match self {
            Self::InHand => Ok(context
                .agent
                .documents
                .check_room_for(&Owner::from(context.caller), made.saturating_add(1))?),
            Self::Directory { .. } => Ok(()),
        }
    }

    /// Where a copy of document `number`, signed as it is, is to be written; `None` where no copy is made.
    pub(super) fn copy_of(&self, number: usize) -> Result<Option<Produced>, Failure> {
        match self {
            Self::InHand => Ok(None),
            Self::Directory { wanted, growing } => {
                Produced::in_directory(wanted, growing.path(), number).map(Some)
            }
        }
    }

    /// Where document `number`, made here and of at most `limit` bytes, is to be written.
    pub(super) fn produce(
        &self,
        context: &Context<'_>,
        number: usize,
        limit: u64,
    ) -> Result<Produced, Failure> {
        match self {
            Self::InHand => Ok(Produced::InHand(
                context.agent.documents.writer_of_at_most(limit)?,
            )),
            Self::Directory { wanted, growing } => {
                Produced::in_directory(wanted, growing.path(), number)
            }
        }
    }

    /// Puts the signature where it belongs, gives what was made to its owner and completes the response, whose documents are
    /// those of `contents` in the same order.
    pub(super) fn finish(
        self,
        context: &Context<'_>,
        signature: &[u8],
        contents: Vec<Content>,
        mut response: LotSignResponse,
    ) -> Result<LotSignResponse, Failure> {
        match self {
            Self::InHand => {
                let owner = Owner::from(context.caller);
                let documents = &context.agent.documents;
                let mut writer = documents.writer_of_at_most(u64::MAX)?;
                writer
                    .write_all(signature)
                    .map_err(|error| writer.error(error))?;
                let made = contents
                    .iter()
                    .filter_map(|content| match content {
                        Content::Made(stored) => Some(Arc::clone(stored)),
                        Content::At(_) => None,
                    })
                    .chain([writer.close()]);
                let mut ids = documents.keep_all(&owner, made.collect())?.into_iter();
                let mut next = || {
                    let id = ids.next().ok_or(ErrorCode::Internal)?;
                    Ok::<_, Failure>(DocumentSource::Document(id.as_str().to_owned()))
                };
                for (document, content) in response.documents.iter_mut().zip(contents) {
                    document.content = match content {
                        Content::At(source) => source,
                        Content::Made(_) => next()?,
                    };
                }
                response.signature = next()?;
                Ok(response)
            }
            Self::Directory { wanted, growing } => {
                for (document, content) in response.documents.iter_mut().zip(contents) {
                    if let Content::At(source) = content {
                        document.content = source;
                    }
                }
                response.signature = path_source(&wanted.join(SIGNATURE_FILE));
                write_whole(&growing.path().join(SIGNATURE_FILE), signature)?;
                let mut description =
                    serde_json::to_vec_pretty(&response).map_err(|_| ErrorCode::Internal)?;
                description.push(b'\n');
                write_whole(&growing.path().join(DESCRIPTION_FILE), &description)?;
                fs::rename(growing.path(), &wanted).map_err(cannot_write)?;
                // It has its name now: nothing is left to be cleaned up.
                let _ = growing.keep();
                Ok(response)
            }
        }
    }
}

/// A document on its way to its destination.
#[derive(Debug)]
pub(super) enum Produced {
    /// An unnamed file of the agent's.
    InHand(DocumentWriter),
    /// A file in the growing directory.
    Directory(FileInDirectory),
}

pub(super) struct FileInDirectory {
    number: usize,
    place: PathBuf,
    wanted: PathBuf,
    file: BufWriter<File>,
    hasher: Sha256Hasher,
    size: u64,
}

impl Produced {
    fn in_directory(wanted: &Path, growing: &Path, number: usize) -> Result<Self, Failure> {
        let place = growing.join(format!("{number:04}.part"));
        let file = File::create_new(&place).map_err(cannot_write)?;
        Ok(Self::Directory(FileInDirectory {
            number,
            place,
            wanted: wanted.to_owned(),
            file: BufWriter::new(file),
            hasher: Sha256Hasher::new(),
            size: 0,
        }))
    }

    /// Completes the document; in a directory under its final name. Tells where it is, its size and digest.
    pub(super) fn close(self, extension: &str) -> Result<(Content, u64, Sha256Digest), Failure> {
        match self {
            Self::InHand(writer) => {
                let stored = writer.close();
                let (size, sha256) = (stored.size(), stored.sha256());
                Ok((Content::Made(stored), size, sha256))
            }
            Self::Directory(file) => {
                let name = format!("{:04}.{extension}", file.number);
                file.file
                    .into_inner()
                    .map_err(|error| cannot_write(error.into_error()))?;
                fs::rename(&file.place, file.place.with_file_name(&name)).map_err(cannot_write)?;
                let source = path_source(&file.wanted.join(name));
                Ok((Content::At(source), file.size, file.hasher.finish()))
            }
        }
    }
}

impl Write for Produced {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::InHand(writer) => writer.write(bytes),
            Self::Directory(file) => {
                let written = file.file.write(bytes)?;
                file.hasher.update(bytes.get(..written).unwrap_or_default());
                file.size += u64::try_from(written).unwrap_or_default();
                Ok(written)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::InHand(writer) => writer.flush(),
            Self::Directory(file) => file.file.flush(),
        }
    }
}

impl std::fmt::Debug for FileInDirectory {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("FileInDirectory")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

fn write_whole(place: &Path, bytes: &[u8]) -> Result<(), Failure> {
    File::create_new(place)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .map_err(cannot_write)
}

fn path_source(path: &Path) -> DocumentSource {
    DocumentSource::Path(path.to_string_lossy().into_owned())
}
