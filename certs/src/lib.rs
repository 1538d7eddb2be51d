//! Whom to trust: the certificates of French health professionals' cards, read and verified.
//!
//! # What it is
//!
//! - [`Certificate`]: an X.509 certificate read leniently (as real cards need it) and never encoded again.
//! - [`Holder`]: the identity that a card certificate states: national identifier, names, profession, card kind, test or
//!   production.
//! - [`Structure`]: the same for a structure's software certificate.
//! - [`TrustStore::verify`]: path validation for one use, [`CardLogin`] or [`CardSignature`] of a person, [`StructureLogin`] or
//!   [`StructureSeal`] of a structure, with revocation by CRL mandatory, as fresh as [`Freshness`] says, and OCSP for a login; the result,
//!   [`VerifiedCertificate`], exists only for a path that holds. docs/path-validation.md has the checks, in order.
//! - [`TrustStore::judge`]: the same for a time that lies back, [`DocumentSigning`] or [`TimeStamping`], with what comes with a signature.
//! - [`RevocationList`]: the essentials of a CRL.
//! - [`OcspRequest`], [`OcspResponse`]: revocation status by question and answer.
//! - [`der`] and [`SignatureScheme`]: what OCSP responses and time stamps are read and verified with.
//! - [`localhost`]: the constrained root and the leaf of the agent's HTTPS door.
//!
//! # What it is not
//!
//! It does no I/O, starts no thread, reads no clock and no environment: bytes and times come in as arguments. It fetches no
//! revocation list, knows no card and no document format, and trusts nobody by default: an empty [`TrustStore`] refuses
//! everything, and test products are refused until [`TrustStore::accept_test`] says otherwise.
//!
//! # What its readers promise
//!
//! [`Certificate::from_der`], [`Certificate::from_padded_der`], [`Holder::from_certificate`], [`RevocationList::from_der`] and
//! [`OcspResponse::from_der`] are total:
//! any bytes give a value or a typed error, never a panic, within stated limits of length and count. They are the fuzz
//! targets of this crate.
//!
//! # Features
//!
//! - `test-pki`: `test_pki`, a PKI of invented authorities and people with the shape of the IGC-Santé TEST one, and the path engine with
//!   other rules than the uses', for conformance suites. Nothing that users install is built with it.

mod card_kind;
mod certificate;
mod crl;
mod crl_number;
mod crl_scope;
pub mod der;
pub mod distinguished_name;
mod distinguished_name_text;
mod document_signer;
mod general_name;
mod holder;
mod key_usage;
pub mod localhost;
mod national_id;
mod ocsp;
mod path;
mod pem;
pub mod private_extension;
mod profession;
mod publication;
mod revocation;
mod secret;
mod signature_scheme;
mod signed_structure;
mod structure;
#[cfg(feature = "test-pki")]
pub mod test_pki;
mod unix_time;

pub use card_kind::{CardKind, Category};
pub use certificate::{
    Certificate, CertificateError, Extension, MAX_CERTIFICATE_BYTES, MAX_EXTENSIONS,
};
pub use crl::{MAX_CRL_BYTES, RevocationList, RevocationListError};
pub use distinguished_name::DistinguishedName;
pub use document_signer::{DocumentSigner, NamedSubject};
pub use holder::{Holder, HolderError, MAX_NAME_CHARACTERS};
pub use key_usage::{ExtendedKeyUsage, KeyUsage};
pub use national_id::{MAX_NATIONAL_ID_BYTES, NationalId, NationalIdError, NationalIdKind};
pub use ocsp::{
    CertificateStatus, MAX_OCSP_RESPONSE_BYTES, OCSP_NONCE_BYTES, OcspAnswer, OcspError,
    OcspRequest, OcspResponse,
};
pub use path::{
    CardLogin, CardSignature, CertificateSubject, CertificateUse, DocumentSigning, Freshness,
    JudgedCertificate, JudgementError, JudgementTime, MAX_ANCHORS, MAX_CRLS, MAX_INTERMEDIATES,
    MAX_LOGIN_ANSWERS, MAX_TOTAL_CRL_BYTES, PathError, PathEvidence, PathRules, PatientSignature,
    RevocationFinding, RevocationSource, StructureLogin, StructureSeal, TimeStamping, TrustStore,
    TrustStoreError, VerifiedCertificate,
};
pub use pem::PemError;
pub use profession::ProfessionCode;
pub use publication::{MAX_ADDRESS_BYTES, MAX_ADDRESSES};
pub use revocation::{ReasonCode, Revocation};
pub use secret::PrivateKeyPem;
pub use signature_scheme::{SignatureScheme, SignatureSchemeError};
pub use structure::Structure;
pub use unix_time::UnixTime;
