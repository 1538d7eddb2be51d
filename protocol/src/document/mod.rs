//! What a document of a lot is: its format, decided by content and by declared type, both agreeing.
//!
//! The five formats that the record takes: PDF, plain text, RTF, JPEG, TIFF. [`Inspector`] takes a
//! document chunk by chunk, hashes it on the way and refuses polyglots, truncated files, text that
//! is not UTF-8 and active content. It is a filter, not a parser: see [`ActiveContent`] for what it
//! cannot see.

mod active;
mod format;
mod inspector;
mod marker;
mod text;
mod visible;

pub use active::ActiveContent;
pub use format::{DocumentFormat, UnknownMediaType};
pub use inspector::{DocumentError, DocumentLimits, InspectedDocument, Inspector};
pub use visible::visible;
