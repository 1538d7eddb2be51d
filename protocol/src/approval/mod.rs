//! Approval: with the signature key of their card a professional approves exactly these documents, so that somebody else's
//! certificate may sign them: that of a structure whose responsible person they are, or that of the record server.
//!
//! Our own format, laid out byte by byte in `docs/signer-modes.md`, after the manner of a login: the card signs a context string
//! and length-prefixed fields, the envelope carries only what the record server cannot know, and the server rebuilds the signed
//! bytes from what it asked for. It is an act on content, so the key is the one of signatures (nonRepudiation); it is no
//! signature of the documents, and no login.
//!
//! Made in three steps: [`ApprovalRequest::prepare`], a signature of [`PreparedApproval::to_be_signed`] or of its digest by the
//! card's signature key, [`PreparedApproval::complete`]. Verified by [`verify`].

mod envelope;
mod manifest;
mod prepare;
mod purpose;
mod to_be_signed;
mod verify;

pub use envelope::{Approval, EnvelopeError, MAX_APPROVAL_BYTES};
pub use manifest::{ApprovalManifest, ApprovedDocument, MAX_TITLE_CHARACTERS, ManifestError};
pub use prepare::{ApprovalRequest, PrepareApprovalError, PreparedApproval};
pub use purpose::ApprovalPurpose;
pub use to_be_signed::{CONTEXT, Fields};
pub use verify::{ApprovalError, Expected, VerifiedApproval, verify};
pub use verify::{CLOCK_TOLERANCE_SECONDS, MAX_LIFETIME_SECONDS};
