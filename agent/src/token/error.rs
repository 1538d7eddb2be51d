//! Why a token did not do what was asked, kept in the words of its own kind until a person is told.

use paraphe_protocol::algorithm::SignatureError;
use paraphe_protocol::card::CardError;

use super::pkcs11::Pkcs11Error;

/// Why a token did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TokenError {
    /// A card and its driver.
    #[error(transparent)]
    Card(#[from] CardError),
    /// A PKCS#11 module or its token.
    #[error(transparent)]
    Pkcs11(#[from] Pkcs11Error),
    /// What the token signed is not a signature of its certificate.
    #[error(transparent)]
    Signature(SignatureError),
}
