//! What the operating system refused, in the person's language. The names that the standard library gives to such errors are
//! English and for programmers; the number is given where there is no sentence.

use std::io::{self, ErrorKind};

use super::{Failure, Sentence};

/// What is the matter, as the end of a sentence: `introuvable`, `not found`.
#[must_use]
pub fn system_error(error: &io::Error) -> Sentence {
    let (french, english) = match error.kind() {
        ErrorKind::NotFound => ("introuvable", "not found"),
        ErrorKind::PermissionDenied => ("accès refusé", "access denied"),
        ErrorKind::AlreadyExists => ("existe déjà", "exists already"),
        ErrorKind::IsADirectory => ("c'est un dossier", "is a directory"),
        ErrorKind::NotADirectory => ("n'est pas dans un dossier", "is not in a directory"),
        ErrorKind::DirectoryNotEmpty => ("le dossier n'est pas vide", "the directory is not empty"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ("plus de place", "no room is left"),
        ErrorKind::ReadOnlyFilesystem => ("disque en lecture seule", "the disk is read-only"),
        ErrorKind::FileTooLarge => ("fichier trop grand", "the file is too large"),
        ErrorKind::InvalidFilename => ("nom de fichier impossible", "impossible file name"),
        ErrorKind::AddrInUse => (
            "déjà pris par un autre programme",
            "another program holds it",
        ),
        ErrorKind::AddrNotAvailable => ("adresse absente du poste", "no such address here"),
        ErrorKind::ConnectionRefused => ("personne ne répond", "nobody answers"),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
            ("interrompu", "cut off")
        }
        ErrorKind::TimedOut => ("pas de réponse à temps", "no answer in time"),
        ErrorKind::OutOfMemory => ("plus de mémoire", "no memory is left"),
        _ => {
            return match error.raw_os_error() {
                Some(number) => Sentence::new(
                    format!("erreur {number} du système"),
                    format!("system error {number}"),
                ),
                None => Sentence::new("refusé par le système", "refused by the system"),
            };
        }
    };
    Sentence::new(french, english)
}

impl Failure {
    /// The same with what the system refused, said of `french` and `english`.
    #[must_use]
    pub fn with_system_error(self, french: &str, english: &str, error: &io::Error) -> Self {
        let said = system_error(error);
        self.with_detail(
            format!("{french} : {}.", said.french),
            format!("{english}: {}.", said.english),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::system_error;

    #[test]
    fn no_error_of_the_system_is_shown_in_the_library_s_own_words() {
        for number in 1..134 {
            let error = io::Error::from_raw_os_error(number);
            let said = system_error(&error);
            assert_ne!(said.french, error.kind().to_string(), "{number}");
            assert!(!said.english.contains("os error"), "{number}");
            assert_ne!(said.french, said.english, "{number}");
        }
    }
}
