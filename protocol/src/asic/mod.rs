//! ASiC-E containers with a XAdES baseline signature (ETSI EN 319 162-1 clauses 4.4 and 5.3): several files and their signature in one ZIP.
//!
//! Made by [`prepare`] in the three steps of [`crate::signature`], at all levels: `mimetype` first and stored, the documents stored, then
//! `META-INF/manifest.xml` and `META-INF/signatures0.xml` with one XAdES signature over every document. Documents are streamed in and out:
//! memory grows with their number, never with their size. Read by [`read`], ours and others' (also deflated): the signature inside by
//! the rules of [`crate::xades`], and around it nothing that it does not cover.
//!
//! Refused: encrypted entries, ZIP64, methods other than stored and deflate, bytes that belong to no entry, local headers
//! that say something else than the directory, names that lead elsewhere or meet when spelled otherwise, more than one signature, anything
//! else below `META-INF`, ASiC-E with CAdES, ASiC-S.

mod container;
mod entry_name;
mod failure;
mod file;
mod layout;
mod manifest;
mod prepare;
mod read;

pub use container::{MAXIMUM_ENTRIES, RandomAccess};
pub use file::beginning;
pub use layout::Checksum;
pub use prepare::{ContainedDocument, prepare};
pub use read::{is_container, read};

/// Media type of these containers, and content of their first entry.
pub const MEDIA_TYPE: &str = "application/vnd.etsi.asic-e+zip";

const MIMETYPE: &str = "mimetype";
const MANIFEST: &str = "META-INF/manifest.xml";
const SIGNATURES: &str = "META-INF/signatures0.xml";
