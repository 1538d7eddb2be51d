//! The digest that a time stamp over everything is of: pieces one after the other, detached documents among them, which are
//! read again and never wholly in memory. Which pieces, in which order, is the format's.

use openssl::hash::Hasher;

use super::{Contents, DigestAlgorithm, SigningError};
use crate::algorithm::SignatureError;

/// One piece of it.
pub(crate) enum Piece<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// A detached document, by its number among the contents.
    Document(usize),
}

/// Digest of all pieces.
///
/// # Errors
/// [`SigningError`]: a document could not be read again.
pub(crate) fn imprint<'a>(
    pieces: impl Iterator<Item = Piece<'a>>,
    digest: DigestAlgorithm,
    contents: &mut dyn Contents,
) -> Result<Vec<u8>, SigningError> {
    let mut hasher = digest.hasher()?;
    let mut failed = false;
    for piece in pieces {
        match piece {
            Piece::Bytes(bytes) => failed |= hasher.update(bytes).is_err(),
            Piece::Document(index) => contents.read(index, &mut |bytes| {
                failed |= hasher.update(bytes).is_err();
            })?,
        }
    }
    finish(hasher, failed)
}

fn finish(mut hasher: Hasher, failed: bool) -> Result<Vec<u8>, SigningError> {
    match hasher.finish() {
        Ok(digest) if !failed => Ok(digest.to_vec()),
        _ => Err(SignatureError::Unavailable.into()),
    }
}
