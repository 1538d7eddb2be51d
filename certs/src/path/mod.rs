//! Path validation (RFC 5280, section 6) for the uses of a card's or a structure's certificates, with revocation by CRL mandatory.
//!
//! [`TrustStore`] holds whom to trust; [`TrustStore::verify`] is the only maker of a [`VerifiedCertificate`], whose type
//! parameter says for which use it was verified, so that a login certificate cannot end up where a signature one is due.
//! The engine is OpenSSL's X509_STORE: trust anchors only (no partial chains), strict profile checks, policies, the time given by
//! the caller, keys and digests of at least 112 bits of security, every CA of the path with a valid CRL, deltas and indirect lists
//! understood. What it passes over is asked beside it. For signatures of the past [`TrustStore::judge`] takes the path from the same
//! engine and judges revocation itself. NIST's PKITS and C2SP's x509-limbo are held against both (docs/path-validation.md).

mod certificate_use;
mod error;
mod explanation;
mod freshness;
mod judgement;
mod likeness;
mod openssl_store;
mod profile;
mod proven;
mod rules;
mod trust_store;
mod trust_store_error;
mod verified;

pub use certificate_use::{
    CardLogin, CardSignature, CertificateSubject, CertificateUse, DocumentSigning,
    PatientSignature, StructureLogin, StructureSeal, TimeStamping,
};
pub use error::PathError;
pub use freshness::Freshness;
pub use judgement::{
    JudgedCertificate, JudgementError, JudgementTime, PathEvidence, RevocationFinding,
    RevocationSource,
};
pub use rules::PathRules;
pub use trust_store::{
    MAX_ANCHORS, MAX_CRLS, MAX_INTERMEDIATES, MAX_LOGIN_ANSWERS, MAX_TOTAL_CRL_BYTES, TrustStore,
};
pub use trust_store_error::TrustStoreError;
pub use verified::VerifiedCertificate;
