//! Errors of making a login assertion.

use paraphe_protocol::algorithm::SignatureError;
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::login::{ChoiceError, NonceError, PrepareLoginError};

use super::Failure;

impl From<NonceError> for Failure {
    fn from(error: NonceError) -> Self {
        Self::new(ErrorCode::NonceInvalid).with_technical_detail(error)
    }
}

impl From<PrepareLoginError> for Failure {
    fn from(error: PrepareLoginError) -> Self {
        match error {
            PrepareLoginError::Signature(error) => error.into(),
            PrepareLoginError::NotOffered { .. } => {
                Self::new(ErrorCode::CertificateInvalid).with_technical_detail(error)
            }
            error => Self::new(ErrorCode::Internal).with_technical_detail(error),
        }
    }
}

impl From<ChoiceError> for Failure {
    fn from(error: ChoiceError) -> Self {
        match error {
            ChoiceError::Key(error) => error.into(),
            error => {
                Self::new(ErrorCode::SignatureAlgorithmNotOffered).with_technical_detail(error)
            }
        }
    }
}

impl From<SignatureError> for Failure {
    fn from(error: SignatureError) -> Self {
        let code = match error {
            SignatureError::Mismatch | SignatureError::Encoding => ErrorCode::SignatureNotAccepted,
            SignatureError::AnotherKey => ErrorCode::SignatureAlgorithmNotOffered,
            _ => ErrorCode::CertificateInvalid,
        };
        Self::new(code).with_technical_detail(error)
    }
}
