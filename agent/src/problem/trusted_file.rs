//! What is wrong with a file that the configuration names, in the person's language.

use super::Sentence;
use crate::trusted_file::{FileFault, TrustedFileError};

/// Of which file or directory, and what.
pub(crate) fn sentence(error: &TrustedFileError) -> Sentence {
    let said = rule(error.fault);
    let path = error.path.display();
    Sentence::new(
        format!("{path} : {}", said.french),
        format!("{path}: {}", said.english),
    )
}

/// The rule that is broken.
pub(super) fn rule(fault: FileFault) -> Sentence {
    let [french, english] = match fault {
        FileFault::Missing => ["ce fichier n'existe pas.", "this file does not exist."],
        FileFault::Unreadable => [
            "ce fichier ne peut pas être examiné.",
            "this file cannot be looked at.",
        ],
        FileFault::NotAFile => [
            "ce n'est pas un fichier ordinaire.",
            "this is not a regular file.",
        ],
        FileFault::NotExecutable => ["ce n'est pas un programme.", "this is not a program."],
        FileFault::AnotherOwner => [
            "ce fichier appartient à un autre utilisateur.",
            "this file belongs to another user.",
        ],
        FileFault::Writable => [
            "d'autres peuvent modifier ce fichier.",
            "others can change this file.",
        ],
        FileFault::DirectoryWritable => [
            "d'autres peuvent écrire dans un dossier qui mène à ce fichier.",
            "others can write in a directory that leads to this file.",
        ],
    };
    Sentence::new(french, english)
}
