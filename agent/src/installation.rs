//! Which installation of the software this is: the source id of submission sets (IHE XDS sourceId), an OID made once from a
//! random UUID and kept in the state directory. It says nothing about the machine, the user or any card.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::identifiers::Oid;

use crate::problem::Failure;

/// The file that keeps the identifier.
const FILE: &str = "installation-id";

/// Where the identifier is kept.
#[derive(Debug)]
pub(crate) struct Installation {
    file: PathBuf,
}

impl Installation {
    pub(crate) fn in_directory(directory: &Path) -> Self {
        Self {
            file: directory.join(FILE),
        }
    }

    /// The identifier, made now where there is none yet. Two processes that make it at once agree on one.
    pub(crate) fn id(&self, fresh: impl FnOnce() -> Result<Oid, Failure>) -> Result<Oid, Failure> {
        let unusable = |error: &io::Error| {
            Failure::new(ErrorCode::Internal).with_system_error(
                "L'identifiant de l'installation ne peut pas être gardé",
                "The installation id cannot be kept",
                error,
            )
        };
        match fs::read_to_string(&self.file) {
            Ok(text) => return parse(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(&error)),
        }
        let fresh = fresh()?;
        let beside = self.file.parent().unwrap_or(Path::new("."));
        let kept = tempfile::NamedTempFile::new_in(beside).and_then(|mut file| {
            writeln!(file, "{fresh}")?;
            match file.persist_noclobber(&self.file) {
                Ok(_) => Ok(()),
                // Another process was quicker.
                Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                Err(error) => Err(error.error),
            }
        });
        kept.map_err(|error| unusable(&error))?;
        let text = fs::read_to_string(&self.file).map_err(|error| unusable(&error))?;
        parse(&text)
    }
}

fn parse(text: &str) -> Result<Oid, Failure> {
    text.trim().parse().map_err(|_| {
        Failure::new(ErrorCode::ConfigurationInvalid)
            .with_technical_detail(format!("{FILE} in the state directory is not an OID"))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use paraphe_protocol::identifiers::Oid;

    use super::Installation;

    #[test]
    fn the_identifier_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        let installation = Installation::in_directory(directory.path());
        let first = installation.id(|| Ok(Oid::from_uuid(7))).unwrap();
        assert_eq!(first, Oid::from_uuid(7));
        let again = Installation::in_directory(directory.path());
        assert_eq!(again.id(|| Ok(Oid::from_uuid(8))).unwrap(), first);
        std::fs::write(directory.path().join("installation-id"), "n'importe quoi").unwrap();
        again.id(|| Ok(Oid::from_uuid(9))).unwrap_err();
    }
}
