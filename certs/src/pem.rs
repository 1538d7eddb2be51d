//! PEM blocks (RFC 7468): read with limits, and written.

use thiserror::Error;
use x509_parser::pem::Pem;

pub(crate) const CERTIFICATE: &str = "CERTIFICATE";
pub(crate) const X509_CRL: &str = "X509 CRL";

/// Largest PEM text that is read, in bytes.
pub(crate) const MAX_PEM_BYTES: usize = 64 * 1024 * 1024;
/// Most blocks in one text.
pub(crate) const MAX_PEM_BLOCKS: usize = 1024;

/// Why a text is not a PEM text that this crate reads.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PemError {
    /// Longer than 64 MiB.
    #[error("the PEM text has {length} bytes, too many to be read")]
    TooLong {
        /// Length found, in bytes.
        length: usize,
    },
    /// More than 1024 blocks.
    #[error("the PEM text has more than {MAX_PEM_BLOCKS} blocks")]
    TooManyBlocks,
    /// A block without end, or whose content is not Base64.
    #[error("a PEM block cannot be read: {detail}")]
    Malformed {
        /// What the parser met.
        detail: String,
    },
}

/// Every block of the text; what stands between blocks is ignored.
pub(crate) fn blocks(text: &[u8]) -> Result<Vec<Pem>, PemError> {
    if text.len() > MAX_PEM_BYTES {
        return Err(PemError::TooLong { length: text.len() });
    }
    let mut blocks = Vec::new();
    for block in Pem::iter_from_buffer(text) {
        if blocks.len() == MAX_PEM_BLOCKS {
            return Err(PemError::TooManyBlocks);
        }
        blocks.push(block.map_err(|error| PemError::Malformed {
            detail: error.to_string(),
        })?);
    }
    Ok(blocks)
}

/// One block, lines of 64 characters.
pub(crate) fn encode(label: &str, contents: &[u8]) -> String {
    let base64 = openssl::base64::encode_block(contents);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}
