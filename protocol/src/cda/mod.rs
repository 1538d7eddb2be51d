//! CDA R2 level 1: a document of any of the five formats under the header that the record demands.
//!
//! CI-SIS "structuration minimale" sections 3.5 and 3.7.2: the header of [`CdaHeader`], then the
//! document in base64 (`nonXMLBody`). [`CdaWriter`] writes to any [`std::io::Write`] chunk by chunk,
//! so that a document is never wholly in memory.

mod body;
mod document_type;
mod header;
mod text;
mod time;
mod vocabulary;
mod writer;

pub use body::CdaWriter;
pub use document_type::{ClassCode, DocumentType};
pub use header::{CdaHeader, Encounter, Professional, ServiceEvent, Structure};
pub use text::{CdaText, CdaTextError, Title};
pub use time::{LocalTime, LocalTimeError};
pub use vocabulary::{Code, Confidentiality, practice_setting, sector};

#[cfg(test)]
mod tests;
