//! What an archive time stamp covers (EN 319 132-1 clause 5.5.2.2, not distributed), in the one order that there is: the
//! octets of each reference, SignedInfo, SignatureValue, KeyInfo, the unsigned properties before it, and the objects that no
//! reference names and that do not hold the qualifying properties.

use openssl::hash::Hasher;

use crate::algorithm::SignatureError;
use crate::signature::{Contents, DigestAlgorithm, SigningError};

/// One piece of it.
pub(super) enum Piece<'a> {
    /// Canonical bytes, or the octets of a reference.
    Bytes(&'a [u8]),
    /// A detached document, by its number among the contents.
    Document(usize),
}

/// Digest of all pieces.
///
/// # Errors
/// [`SigningError`]: a document could not be read again.
pub(super) fn imprint<'a>(
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
