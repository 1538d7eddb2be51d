//! Who may sign lots besides the card of a session, as an operator decides it: the server's own certificate, the persons
//! responsible for structures, a text file that is read again each time it is needed, and the authorities of patients' tokens.
//!
//! The file: one line for each person, `structure national-identifier`, both with their type digit; `#` begins a comment. Refused:
//! a line of another form, more than 1 MiB. A file that cannot be read makes nobody responsible.

use std::path::{Path, PathBuf};

use paraphe_certs::NationalId;

use crate::server_signer::ServerSigner;
use crate::trust::TrustSource;

/// Most bytes of the file of responsible persons.
const MAXIMUM_FILE: u64 = 1 << 20;

/// The signers of lots besides the session's card. The default has none.
#[derive(Debug, Clone, Default)]
pub struct Signers {
    /// The server's own certificate and key, for lots that a professional approved.
    pub server: Option<ServerSigner>,
    /// The file of persons responsible for structures.
    pub responsible: Option<PathBuf>,
    /// Whom to trust for patients' certificates, and for nothing else.
    pub patients: Option<TrustSource>,
}

/// The file of responsible persons cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResponsibleError {
    /// It cannot be read, or is too long.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line that is neither two identifiers nor a comment.
    #[error("{path}: line {line} is not a structure and a national identifier")]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
}

impl Signers {
    /// Whether this person is responsible for that structure, as the file says now. Blocking.
    ///
    /// # Errors
    /// [`ResponsibleError`].
    pub fn is_responsible(&self, structure: &str, person: &str) -> Result<bool, ResponsibleError> {
        let Some(path) = &self.responsible else {
            return Ok(false);
        };
        let rows = read(path)?;
        Ok(rows
            .iter()
            .any(|(one, other)| one == structure && other == person))
    }
}

fn read(path: &Path) -> Result<Vec<(String, String)>, ResponsibleError> {
    let failed = |source| ResponsibleError::Read {
        path: path.to_owned(),
        source,
    };
    if std::fs::metadata(path).map_err(failed)?.len() > MAXIMUM_FILE {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let mut rows = Vec::new();
    for (line, row) in (1..).zip(text.lines()) {
        let row = row.split('#').next().unwrap_or_default();
        match *row.split_whitespace().collect::<Vec<_>>().as_slice() {
            [] => {}
            [structure, person] if NationalId::parse(person).is_ok() => {
                rows.push((structure.to_owned(), person.to_owned()));
            }
            _ => {
                return Err(ResponsibleError::Line {
                    path: path.to_owned(),
                    line,
                });
            }
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{ResponsibleError, Signers};

    #[test]
    fn the_file_says_who_is_responsible_for_what_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("responsible");
        let signers = Signers {
            responsible: Some(path.clone()),
            ..Signers::default()
        };
        std::fs::write(
            &path,
            "# qui répond de quoi\n\n1999999904 899700000017 # Dr\n",
        )
        .unwrap();
        assert!(
            signers
                .is_responsible("1999999904", "899700000017")
                .unwrap()
        );
        assert!(
            !signers
                .is_responsible("1999999905", "899700000017")
                .unwrap()
        );
        assert!(
            !signers
                .is_responsible("1999999904", "899700000025")
                .unwrap()
        );
        std::fs::write(&path, "").unwrap();
        assert!(
            !signers
                .is_responsible("1999999904", "899700000017")
                .unwrap()
        );
        for bad in [
            "1999999904",
            "1999999904 899700000017 x",
            "1999999904 nobody",
        ] {
            std::fs::write(&path, bad).unwrap();
            assert!(matches!(
                signers.is_responsible("1999999904", "899700000017"),
                Err(ResponsibleError::Line { line: 1, .. })
            ));
        }
        std::fs::remove_file(&path).unwrap();
        assert!(
            signers
                .is_responsible("1999999904", "899700000017")
                .is_err()
        );
        let nobody = Signers::default();
        assert!(!nobody.is_responsible("1999999904", "899700000017").unwrap());
    }
}
