//! Why a token did not do what was asked, kept in the words of its own kind until a person is told.

use paraphe_protocol::card::CardError;

/// Why a token did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TokenError {
    /// A card and its driver.
    #[error(transparent)]
    Card(#[from] CardError),
}
