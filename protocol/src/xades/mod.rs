//! XAdES: XML signatures with the properties of ETSI EN 319 132-1 at baseline levels B, T, LT and LTA.
//!
//! To make: [`prepare_detached`], [`prepare_enveloping`] or [`prepare_enveloped`] lay a signature out; whoever holds the key signs its bytes; the file
//! is raised with time stamps and evidence ([`crate::signature`]). What is signed is written in exclusive canonical form, so
//! that it can be cut out of the file and hashed as it stands. To verify: [`read`] takes ours and other people's files
//! (XMLDSig with XAdES 1.3.2 properties, SHA-2, canonical XML inclusive or exclusive, the transforms enveloped-signature and
//! base64), and is strict about what is covered: see [`SignedContent`].
//!
//! Refused: DOCTYPE, XPointer, XPath, XSLT, references that would have to be fetched, SHA-1 and MD5, several signatures in one file,
//! content beside what is signed.

mod covering;
mod draft;
mod failure;
mod file;
pub(crate) mod layout;
pub(crate) mod names;
mod prepare;
mod read;
mod reference;
mod signed_values;
mod structure;
mod unsigned_values;

pub(crate) use draft::is_writable_time;
pub use draft::{Commitment, XadesParameters};
pub(crate) use prepare::prepare_in_container;
pub use prepare::{
    EmbeddedForm, MAXIMUM_EMBEDDED_BYTES, prepare_detached, prepare_enveloped, prepare_enveloping,
};
pub(crate) use read::read_in_container;
pub use read::{read, read_with_contents};

pub use crate::signature::{
    DetachedDocument, MAXIMUM_DOCUMENTS, MAXIMUM_TEXT_BYTES, Presented, SignedContent,
};
