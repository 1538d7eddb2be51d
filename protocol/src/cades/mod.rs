//! CAdES baseline signatures (ETSI EN 319 122-1): a document of any kind, signed beside it or around it, in CMS.
//!
//! Made at level B by [`prepare_detached`] and [`prepare_attached`] in the three steps of [`crate::signature`], raised to T
//! (signature-time-stamp), LT (certificates and revocation values in SignedData) and LTA (archive-time-stamp-v3 with
//! ats-hash-index-v3). Read by [`read`], ours and others'. Refused: BER's indefinite lengths, several signers in one file,
//! signatures without signed attributes, a signer bound by SHA-1 only, algorithms outside the table.

mod archive;
mod file;
mod prepare;
mod read;

pub(crate) use file::{imprint_of_signature, signature_time_stamp};
pub use prepare::{prepare_attached, prepare_detached};
pub(crate) use read::signature_time_stamps;
pub use read::{is_signature, read};
