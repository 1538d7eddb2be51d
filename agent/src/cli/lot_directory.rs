//! The directory of a signed lot, put together from what the running agent hands out: every document as it was signed,
//! `lot-signature.xml`, and `lot.json`, the answer. It appears whole, by renaming a private directory beside it; one that
//! already holds something is refused. Each document's bytes are hashed on the way and must be those that were signed.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use paraphe_protocol::digest::Sha256Hasher;
use paraphe_protocol::document::DocumentFormat;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::failure::Failure;
use super::fetched_document;
use super::output::at;
use super::session::Session;

const SIGNATURE_FILE: &str = "lot-signature.xml";
const DESCRIPTION_FILE: &str = "lot.json";
/// Bytes read at once.
const BUFFER: usize = 256 << 10;

/// A directory on its way to its place.
#[derive(Debug)]
pub(super) struct LotDirectory {
    wanted: PathBuf,
    growing: TempDir,
}

impl LotDirectory {
    /// Begin; `wanted` must not exist or be empty.
    pub(super) fn begin(wanted: &Path) -> Result<Self, Failure> {
        match fs::read_dir(wanted).map(|mut entries| entries.next().is_some()) {
            Ok(false) => {}
            Ok(true) => {
                return Err(failed(wanted)(std::io::ErrorKind::DirectoryNotEmpty.into()));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(wanted)(error)),
        }
        let beside = wanted.parent().unwrap_or(wanted);
        let growing = tempfile::Builder::new()
            .prefix(".paraphe-lot-")
            .tempdir_in(beside)
            .map_err(failed(beside))?;
        Ok(Self {
            wanted: wanted.to_owned(),
            growing,
        })
    }

    /// Bring everything that `answer` names here, and let it name what is here.
    pub(super) async fn fill(
        self,
        session: &mut Session,
        mut answer: Value,
    ) -> Result<Value, Failure> {
        self.bring(session, &mut answer["signature"], SIGNATURE_FILE)
            .await?;
        if let Some(documents) = answer["documents"].as_array_mut() {
            for (index, document) in documents.iter_mut().enumerate() {
                let number = index.saturating_add(1);
                let media_type = at(document, "/media_type");
                let name = format!("{number:04}.{}", extension(&media_type));
                let signed = at(document, "/sha256");
                let content = &mut document["content"];
                if self.bring(session, content, &name).await? != signed {
                    return Err(Failure::DocumentChanged { number });
                }
            }
        }
        let place = self.growing.path().join(DESCRIPTION_FILE);
        let description = format!("{answer:#}\n");
        fs::write(&place, description).map_err(failed(&place))?;
        fs::rename(self.growing.path(), &self.wanted).map_err(failed(&self.wanted))?;
        // It has its name now: nothing is left to be cleaned up.
        let _path = self.growing.keep();
        Ok(answer)
    }

    /// Bring the bytes that `source` names, and tell their SHA-256, hexadecimal.
    async fn bring(
        &self,
        session: &mut Session,
        source: &mut Value,
        name: &str,
    ) -> Result<String, Failure> {
        let place = self.growing.path().join(name);
        let mut copy = Copy {
            file: File::create_new(&place).map_err(failed(&place))?,
            hasher: Sha256Hasher::new(),
            place,
        };
        if let Some(document) = source["document"].as_str().map(str::to_owned) {
            fetched_document::fetch(session, document, |bytes| copy.write(bytes)).await?;
        } else {
            let path = PathBuf::from(source["path"].as_str().ok_or(Failure::Answer)?);
            copy_file(&path, &mut copy)?;
        }
        let path = self.wanted.join(name);
        *source = json!({ "path": path.to_string_lossy() });
        copy.file.sync_all().map_err(failed(&copy.place))?;
        Ok(copy.hasher.finish().to_string())
    }
}

struct Copy {
    place: PathBuf,
    file: File,
    hasher: Sha256Hasher,
}

impl Copy {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.hasher.update(bytes);
        self.file.write_all(bytes).map_err(failed(&self.place))
    }
}

fn copy_file(path: &Path, copy: &mut Copy) -> Result<(), Failure> {
    let mut file = File::open(path).map_err(failed(path))?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = file.read(&mut buffer).map_err(failed(path))?;
        match buffer.get(..read) {
            Some([]) | None => return Ok(()),
            Some(bytes) => copy.write(bytes)?,
        }
    }
}

fn extension(media_type: &str) -> &'static str {
    match media_type.parse::<DocumentFormat>() {
        Ok(format) => format.extension(),
        // CDA (text/xml) is what else a lot can hold.
        Err(_) => "xml",
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path = path.to_owned();
    move |source| Failure::File {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::{LotDirectory, extension};

    #[test]
    fn a_directory_that_holds_something_is_left_as_it_is() {
        let parent = tempfile::tempdir().unwrap();
        let wanted = parent.path().join("lot");
        drop(LotDirectory::begin(&wanted).unwrap());
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
        fs::create_dir(&wanted).unwrap();
        drop(LotDirectory::begin(&wanted).unwrap());
        fs::write(wanted.join("lot-signature.xml"), "first").unwrap();
        assert!(LotDirectory::begin(&wanted).is_err());
        assert_eq!(
            fs::read(wanted.join("lot-signature.xml")).unwrap(),
            b"first"
        );
    }

    #[test]
    fn names_come_from_the_media_type_and_from_nothing_else() {
        assert_eq!(extension("application/pdf"), "pdf");
        assert_eq!(extension("text/xml"), "xml");
        assert_eq!(extension("../../etc/passwd"), "xml");
    }
}
