//! What every signature format shares: levels, packagings, the three steps in which a signature is made, what is embedded for
//! the long term, and how a verification is told.
//!
//! A format (`crate::cades`, `crate::xades`...) is two things. To make: a *prepare* function of its own that lays the
//! signature out and gives a [`PreparedSignature`]; whoever holds the key signs its bytes elsewhere, `complete` gives a
//! [`SignatureFile`] of level B, and the same file is raised to T, LT and LTA with a time stamp, evidence and another time
//! stamp that the caller obtained. To verify: a *read* function that checks everything that needs no trust (structure,
//! digests, signature value, imprints) and gives a [`CheckedSignature`]; the validation then decides with a trust store and a
//! time, the same way for all formats (ETSI EN 319 102-1).
//!
//! Nothing here does I/O: time stamps, revocation data and documents come in as arguments.

mod checked;
pub(crate) mod detached_document;
mod digest_algorithm;
pub(crate) mod document_name;
mod documents_in_memory;
mod evidence;
mod format;
pub(crate) mod imprint;
mod making;
mod presented;
pub(crate) mod progress;
mod report;
mod signed_content;
mod signer;
mod validation;

pub use checked::{CheckedSignature, Covered, ImprintedTimeStamp, ReadError};
pub use detached_document::{DetachedDocument, MAXIMUM_DOCUMENTS, MAXIMUM_TEXT_BYTES};
pub use digest_algorithm::DigestAlgorithm;
pub use documents_in_memory::DocumentsInMemory;
pub use evidence::{
    Evidence, EvidenceError, MAXIMUM_CERTIFICATES, MAXIMUM_OCSP_RESPONSE_BYTES,
    MAXIMUM_OCSP_RESPONSES, MAXIMUM_REVOCATION_LISTS,
};
pub use format::{Level, Packaging, SignatureFormat};
pub use making::{
    Contents, ContentsError, Output, OutputPiece, PreparedSignature, SignatureFile, SigningError,
};
pub(crate) use presented::Digests;
pub use presented::Presented;
pub use report::{
    CoveredReport, Indication, Reason, SignatureReport, SubIndication, TimeStampReport,
};
pub use signed_content::SignedContent;
pub use signer::{MAXIMUM_CARRIED_CERTIFICATES, Signer};
pub use validation::{
    AlgorithmConstraints, SignatureTrust, TimeStampRevocation, ValidationPolicy, conclude, refused,
};
