//! PAdES baseline signatures (ETSI EN 319 142-1): inside a PDF, as updates that follow the file's own bytes.
//!
//! Made at level B by [`prepare`] in the three steps of [`crate::signature`]; T puts a time stamp into the signature, LT a document
//! security store behind it, LTA a document time stamp behind that. A file that is signed already is signed again without
//! touching the first signature.
//!
//! Read by [`read`], ours and others': each signature with what it covers and whether anything but signatures, time stamps and
//! evidence came after it.
//!
//! Refused: PDFs that are encrypted, damaged, active (see [`ActiveContent`](crate::document::ActiveContent)), taken in part from other
//! files, or certified against changes.

mod byte_range;
mod changes;
mod document;
mod error;
mod field;
mod fields;
mod file;
mod increment;
mod mark;
mod policy;
mod prepare;
mod read;
mod security_store;
mod signature_object;

pub use document::MAXIMUM_PDF_BYTES;
use error::PdfError;
pub use mark::{MAXIMUM_LINE_CHARACTERS, MAXIMUM_LINES, MAXIMUM_MARK_AREA, VisibleMark};
pub use prepare::{PadesOptions, check, prepare};
pub use read::{MAXIMUM_SIGNATURES, PdfSignature, is_pdf, read};
