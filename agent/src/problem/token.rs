//! Errors of tokens, each told in the words of its own kind.

use super::Failure;
use crate::token::TokenError;

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Card(error) => error.into(),
            TokenError::Pkcs11(error) => error.into(),
            TokenError::Software(error) => error.into(),
            TokenError::Signature(error) => error.into(),
        }
    }
}
