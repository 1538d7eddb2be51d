//! JAdES baseline signatures (ETSI TS 119 182-1 v1.2.1): documents of any kind, signed beside or inside a JSON web signature
//! (RFC 7515).
//!
//! Made by [`prepare_detached`] (`sigD`, mechanism ObjectIdByURIHash: one or several documents by name and digest, of their own
//! bytes, RFC 7797) and [`prepare_attached`] (the document as payload) in the three steps of [`crate::signature`], in the
//! flattened JSON serialisation; raised to T (`sigTst`), LT (`xVals`, `rVals`) and LTA (`arcTst`), each a base64url string of
//! `etsiU`. Read by [`read`], ours and others', also in the compact and in the general serialisation.
//!
//! Refused: a name twice in one object at any depth, more than one signature, base64 that is not the one encoding of its bytes, critical
//! headers that are not understood, headers that nobody signed other than `etsiU`, a signer's certificate bound by SHA-1 or not at
//! all, algorithms outside the table, the mechanisms of `sigD` that sign something else than digests, anything to be fetched.

mod base64_contents;
mod certificate_digest;
mod detached;
mod file;
mod header;
mod json;
mod names;
mod prepare;
mod read;
mod serialization;
mod unsigned;

pub use prepare::{MAXIMUM_ATTACHED_BYTES, prepare_attached, prepare_detached};
pub use read::{is_signature, read, read_with_contents};
