//! Errors of certificates and their paths. Subjects are people: they are not repeated; authorities are.

use paraphe_certs::PathError;
use paraphe_protocol::api::ErrorCode;

use super::Failure;
use crate::operation::TrustLoadError;

impl From<PathError> for Failure {
    fn from(error: PathError) -> Self {
        match error {
            PathError::UnknownIssuer { issuer } => Self::new(ErrorCode::CertificateNotTrusted)
                .with_detail(
                    format!("Aucune autorité de confiance n'a émis le certificat ; émetteur : {issuer}."),
                    format!("No trusted authority issued the certificate; issuer: {issuer}."),
                ),
            PathError::Expired { not_after, .. } => Self::new(ErrorCode::CertificateExpired)
                .with_detail(
                    format!("Expiré le {not_after}."),
                    format!("Expired on {not_after}."),
                ),
            PathError::NotYetValid { not_before, .. } => Self::new(ErrorCode::CertificateInvalid)
                .with_detail(
                    format!("Valable à partir du {not_before} ; l'horloge du poste est-elle juste ?"),
                    format!("Valid from {not_before}; is the workstation's clock right?"),
                ),
            PathError::Revoked { .. } => ErrorCode::CertificateRevoked.into(),
            PathError::RevocationUnknown { issuer } => {
                Self::new(ErrorCode::CertificateRevocationUnknown).with_detail(
                    format!("Aucune liste de révocation de {issuer}."),
                    format!("No revocation list of {issuer}."),
                )
            }
            PathError::CrlExpired { issuer, .. } => {
                Self::new(ErrorCode::CertificateRevocationUnknown).with_detail(
                    format!("La liste de révocation de {issuer} est périmée."),
                    format!("The revocation list of {issuer} has expired."),
                )
            }
            PathError::CrlTooOld {
                issuer,
                this_update,
            } => Self::new(ErrorCode::CertificateRevocationUnknown).with_detail(
                format!("La liste de révocation de {issuer} date du {this_update}, plus que ce poste n'admet."),
                format!("The revocation list of {issuer} is of {this_update}, older than this workstation allows."),
            ),
            PathError::NoFreshAnswer { issuer } => {
                Self::new(ErrorCode::CertificateRevocationUnknown).with_detail(
                    format!("Aucune réponse OCSP assez récente de {issuer}, et ce poste l'exige pour s'identifier."),
                    format!("No OCSP answer of {issuer} that is recent enough, and this workstation needs one to log in."),
                )
            }
            PathError::CrlNotYetValid { issuer } => {
                Self::new(ErrorCode::CertificateRevocationUnknown).with_detail(
                    format!("La liste de révocation de {issuer} est datée du futur ; l'horloge du poste est-elle juste ?"),
                    format!("The revocation list of {issuer} is dated in the future; is the workstation's clock right?"),
                )
            }
            PathError::CrlUnusable { issuer, reason } => {
                Self::new(ErrorCode::CertificateRevocationUnknown).with_detail(
                    format!("La liste de révocation de {issuer} est inutilisable : {reason}."),
                    format!("The revocation list of {issuer} cannot be used: {reason}."),
                )
            }
            PathError::WrongUse {
                expected,
                key_usage,
                ..
            } => Self::new(ErrorCode::CertificateWrongUse).with_detail(
                format!("Attendu : {expected} ; trouvé : {key_usage}."),
                format!("Expected: {expected}; found: {key_usage}."),
            ),
            PathError::TestCertificate => Self::new(ErrorCode::CertificateNotTrusted).with_detail(
                "C'est une carte de test, et ce poste n'accepte que la production (accept_test).",
                "This is a test card, and this workstation accepts production only (accept_test).",
            ),
            PathError::MixedEnvironments { authority, .. } => {
                Self::new(ErrorCode::CertificateNotTrusted).with_detail(
                    format!("Le chemin mêle test et production : {authority}."),
                    format!("The path mixes test and production: {authority}."),
                )
            }
            PathError::BadSignature { .. } => Self::new(ErrorCode::CertificateInvalid).with_detail(
                "Une signature du chemin de certification est fausse.",
                "A signature on the certification path is wrong.",
            ),
            PathError::OutsideProfile { reason, .. } => {
                Self::new(ErrorCode::CertificateInvalid).with_technical_detail(reason)
            }
            PathError::Holder(error) => {
                Self::new(ErrorCode::CertificateInvalid).with_technical_detail(error)
            }
            PathError::IsAuthority
            | PathError::InvalidAuthority { .. }
            | PathError::CriticalExtension { .. }
            | PathError::WeakAlgorithm { .. }
            | PathError::Unreadable(_)
            | PathError::Refused { .. } => ErrorCode::CertificateInvalid.into(),
            _ => ErrorCode::CertificateInvalid.into(),
        }
    }
}

impl From<TrustLoadError> for Failure {
    fn from(error: TrustLoadError) -> Self {
        let failure = Self::new(ErrorCode::ConfigurationInvalid);
        match error {
            TrustLoadError::Io { path, source } => {
                let path = path.display().to_string();
                failure.with_system_error(&path, &path, &source)
            }
            other => failure.with_technical_detail(other),
        }
    }
}
