//! The lot signature: one signature of a professional over a whole submission set.
//!
//! Profile `dsg` (`docs/lot-signature.md`): a detached XAdES 1.3.2 signature over a `ds:Manifest`
//! that names each document by unique id and SHA-256 digest (IHE Document Digital Signature,
//! `urn:ihe:iti:dsg:detached:2014`), with the submission set and its patient among what is signed.
//!
//! Made in three steps: [`LotDraft::prepare`], a signature of [`PreparedLot::sha256`] by the card's
//! signature key, [`PreparedLot::complete`]. Verified at two levels, because XML signature core
//! validation does not look inside a manifest: [`verify_signature`] for the signature itself, then
//! [`SignedLot::check_documents`] for each document and for exact coverage. [`verify`] does both,
//! [`verify_patient`] both of a lot that a patient's own token signs, [`examine`] both and reports for a person. [`legacy`] is
//! the DMP's old profile, where the administrator enabled it.

mod coverage;
mod draft;
mod error;
mod layout;
pub mod legacy;
mod prepare;
mod read;
mod report;
mod verify;

pub use coverage::{CoverageError, CoverageFinding, PresentedDocuments};
pub use draft::{DraftError, LotDocument, LotDraft, LotLimits, SubmissionSet};
pub use error::{LotError, SignedPart};
pub use prepare::{PrepareLotError, PreparedLot};
pub use report::{DocumentOutcome, DocumentReport, ExaminedLot, LotReason, LotReport, examine};
pub use verify::{LotSigner, SIGNING_TIME_TOLERANCE_SECONDS, SignedLot, VerifiedLot};
pub use verify::{verify, verify_patient, verify_signature};

/// Format code of this signature in the metadata of a submission set (value set JDV_J60).
pub const FORMAT_CODE: &str = "urn:ihe:iti:dsg:detached:2014";

/// Name of the profile in reports and on the command line.
pub const PROFILE: &str = "dsg";

/// Whether a file names its manifest as the signature of a lot does (IHE DSG), to tell formats apart. It says nothing about the rest.
#[must_use]
pub fn is_signature(xml: &[u8]) -> bool {
    memchr::memmem::find(xml, b"IHEManifest").is_some()
}
