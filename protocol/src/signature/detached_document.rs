//! Documents that stay beside their signature: what a format needs of them, and what may stand in a signature file.

use std::collections::HashSet;

use super::{DigestAlgorithm, SigningError};

/// Most documents of one detached signature.
pub const MAXIMUM_DOCUMENTS: usize = 10_000;
/// Longest name, media type or role, in bytes.
pub const MAXIMUM_TEXT_BYTES: usize = 1024;

/// A document that stays beside its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DetachedDocument {
    /// Its name or relative path, as the signature will name it (percent-encoded there).
    pub name: String,
    /// Media type, such as `application/pdf`.
    pub media_type: String,
    /// Digest of all its bytes, by the algorithm that the signature is made with.
    pub digest: Vec<u8>,
}

/// Whether these documents can stand in one signature whose digest is this.
///
/// # Errors
/// [`SigningError::Document`].
pub(crate) fn check(
    documents: &[DetachedDocument],
    digest: DigestAlgorithm,
) -> Result<(), SigningError> {
    let refused = |reason: String| Err(SigningError::Document { reason });
    if documents.is_empty() || documents.len() > MAXIMUM_DOCUMENTS {
        return refused(format!(
            "a detached signature has 1 to {MAXIMUM_DOCUMENTS} documents"
        ));
    }
    let mut names = HashSet::with_capacity(documents.len());
    for document in documents {
        if !is_text(&document.name) || document.name.starts_with('/') {
            return refused("its name cannot stand in a signature".to_owned());
        }
        if !names.insert(document.name.as_str()) {
            return refused("two documents have the same name".to_owned());
        }
        check_media_type(&document.media_type)?;
        if document.digest.len() != digest.length() {
            return refused("its digest is not of the algorithm chosen".to_owned());
        }
    }
    Ok(())
}

pub(crate) fn is_text(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAXIMUM_TEXT_BYTES
        && !text
            .chars()
            .any(|character| character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}'))
}

pub(crate) fn check_media_type(media_type: &str) -> Result<(), SigningError> {
    let token = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let two = media_type.split_once('/');
    if media_type.len() <= MAXIMUM_TEXT_BYTES
        && two.is_some_and(|(left, right)| token(left) && token(right))
    {
        Ok(())
    } else {
        Err(SigningError::Document {
            reason: "its media type is malformed".to_owned(),
        })
    }
}
