//! Errors of making a signature file.

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::signature::SigningError;

use super::Failure;

impl From<SigningError> for Failure {
    fn from(error: SigningError) -> Self {
        let code = match &error {
            SigningError::Signature(error) => return (*error).into(),
            SigningError::WrongUse { .. } => ErrorCode::CertificateWrongUse,
            SigningError::WrongAlgorithm { .. } => ErrorCode::SignatureAlgorithmNotOffered,
            SigningError::Document { .. } | SigningError::NoRoom { .. } => {
                ErrorCode::DocumentNotSignable
            }
            SigningError::Contents(_) => ErrorCode::DocumentChanged,
            _ => ErrorCode::Internal,
        };
        // The words name formats, limits and positions, never content.
        Self::new(code).with_technical_detail(error)
    }
}
