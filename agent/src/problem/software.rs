//! Errors of software tokens. Each names the token; none says anything of what is in its file.

use paraphe_protocol::api::ErrorCode;

use super::{Failure, told};
use crate::token::software::{SoftwareError, SoftwareFault};

impl From<SoftwareError> for Failure {
    fn from(error: SoftwareError) -> Self {
        let french = format!("Certificat logiciel {}.", error.name);
        let english = format!("Software certificate {}.", error.name);
        fault(error.fault).about(&french, &english)
    }
}

fn fault(fault: SoftwareFault) -> Failure {
    let unusable = |french, english| told(ErrorCode::SoftwareTokenUnusable, french, english);
    match fault {
        SoftwareFault::PassphraseWrong => ErrorCode::PassphraseWrong.into(),
        SoftwareFault::AnotherUse => ErrorCode::CertificateWrongUse.into(),
        SoftwareFault::Unreadable(kind) => Failure::new(ErrorCode::SoftwareTokenUnusable)
            .with_system_error("Un de ses fichiers", "One of its files", &kind.into()),
        SoftwareFault::TooLong => unusable(
            "Un de ses fichiers est trop long pour une clé ou un certificat.",
            "One of its files is too long for a key or a certificate.",
        ),
        SoftwareFault::NotPrivate => unusable(
            "Le fichier de la clé peut être lu par d'autres, ou appartient à un autre utilisateur.",
            "The key's file can be read by others, or belongs to another user.",
        ),
        SoftwareFault::NoCertificate => unusable(
            "Il n'y a pas de certificat lisible ; à côté d'un PKCS#12, nommez-le par la clé « certificate ».",
            "There is no readable certificate; beside PKCS#12, name it by the key \"certificate\".",
        ),
        SoftwareFault::NoPassphrase => unusable(
            "La clé n'est protégée par aucune phrase secrète.",
            "The key has no passphrase.",
        ),
        SoftwareFault::NotAKey => unusable(
            "Le fichier n'est ni un PKCS#12 ni un PEM chiffré que l'on puisse ouvrir ici.",
            "The file is neither PKCS#12 nor an encrypted PEM that can be opened here.",
        ),
        SoftwareFault::AnotherKey => unusable(
            "La clé n'est pas celle du certificat.",
            "The key is not the certificate's.",
        ),
    }
}
