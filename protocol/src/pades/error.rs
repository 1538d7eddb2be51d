//! Why a PDF is not signed, or what it holds is not a signature that holds.

use thiserror::Error;

use super::document::MAXIMUM_PDF_BYTES;
use crate::cms::CmsError;
use crate::document::ActiveContent;
use crate::signature::{ReadError, SigningError, SubIndication};

/// Why a PDF is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum PdfError {
    /// Longer than is read.
    #[error("the PDF has {length} bytes; the limit is {MAXIMUM_PDF_BYTES}")]
    TooLong { length: usize },
    /// It begins with something else.
    #[error("the file does not begin as a PDF")]
    NotPdf,
    /// It cannot be read.
    #[error("the PDF cannot be read: {0}")]
    Malformed(String),
    /// It can be read after repairs only, and others would repair it otherwise.
    #[error("the PDF is damaged: its cross-reference data does not fit its content")]
    Damaged,
    /// More objects than are read.
    #[error("the PDF has more than {most} objects")]
    TooManyObjects { most: usize },
    /// It hides its content.
    #[error("the PDF is encrypted")]
    Encrypted,
    /// It can act or change by itself.
    #[error("the PDF holds {0}")]
    Active(ActiveContent),
    /// Part of it is another file.
    #[error("the PDF takes content from another file")]
    ExternalContent,
    /// An earlier signature forbids it.
    #[error("the PDF is certified, and its certification forbids {what}")]
    Certified { what: &'static str },
    /// The mark has no place.
    #[error("the PDF has {pages} pages; the mark was wanted on page {page}")]
    NoSuchPage { page: usize, pages: usize },
    /// The form or a page cannot take a field.
    #[error("a signature field cannot be added: {0}")]
    Field(&'static str),
    /// There is none.
    #[error("the PDF holds no signature")]
    NoSignature,
    /// More than are read.
    #[error("the PDF has more than {most} signatures")]
    TooManySignatures { most: usize },
    /// What is signed is not exactly everything but the signature.
    #[error("the signed byte range is not acceptable: {0}")]
    ByteRange(&'static str),
    /// Something else than signatures came after.
    #[error("after this signature the PDF was changed: {0}")]
    ChangedAfterwards(String),
    /// The CMS signature.
    #[error(transparent)]
    Cms(#[from] CmsError),
    /// Another kind of signature.
    #[error("the signature is of a kind that is not read ({0})")]
    Kind(String),
}

impl From<PdfError> for SigningError {
    fn from(error: PdfError) -> Self {
        match error {
            PdfError::Cms(error) => error.into(),
            error => Self::Document {
                reason: error.to_string(),
            },
        }
    }
}

impl From<PdfError> for ReadError {
    fn from(error: PdfError) -> Self {
        use SubIndication as Sub;
        let (sub_indication, code) = match error {
            PdfError::Cms(error) => return error.into(),
            PdfError::TooLong { .. } | PdfError::TooManyObjects { .. } => {
                (Sub::FormatFailure, "pdf-too-large")
            }
            PdfError::NotPdf | PdfError::Malformed(_) => (Sub::FormatFailure, "pdf-malformed"),
            PdfError::Damaged => (Sub::FormatFailure, "pdf-damaged"),
            PdfError::Encrypted => (Sub::FormatFailure, "pdf-encrypted"),
            PdfError::NoSignature => (Sub::SignedDataNotFound, "pdf-no-signature"),
            PdfError::TooManySignatures { .. } => (Sub::FormatFailure, "pdf-too-many-signatures"),
            PdfError::ByteRange(_) => (Sub::FormatFailure, "pdf-byte-range"),
            PdfError::ChangedAfterwards(_) => (Sub::HashFailure, "pdf-changed-after-signature"),
            PdfError::Kind(_) => (Sub::FormatFailure, "pdf-signature-kind"),
            PdfError::Active(_)
            | PdfError::ExternalContent
            | PdfError::Certified { .. }
            | PdfError::NoSuchPage { .. }
            | PdfError::Field(_) => (Sub::FormatFailure, "pdf-not-signable"),
        };
        Self {
            sub_indication,
            code,
            explanation: error.to_string(),
        }
    }
}
