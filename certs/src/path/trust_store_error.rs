//! Why something cannot go into a trust store.

use thiserror::Error;

use crate::certificate::CertificateError;
use crate::crl::RevocationListError;
use crate::pem::PemError;

/// Why something cannot go into a trust store.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustStoreError {
    /// Not a self-issued authority.
    #[error("the certificate of {subject} is not a root: an anchor is a self-issued authority")]
    NotAnAnchor {
        /// Its subject.
        subject: String,
    },
    /// Not an authority, or self-issued.
    #[error("the certificate of {subject} is not an issuing authority below a root")]
    NotAnIntermediate {
        /// Its subject.
        subject: String,
    },
    /// A limit of the store is reached.
    #[error("the trust store holds as many {what} as it may")]
    Full {
        /// What there is too much of.
        what: &'static str,
    },
    /// A PEM block that does not belong there.
    #[error("the PEM text has an unexpected block {label:?}")]
    UnexpectedPemBlock {
        /// Its label.
        label: String,
    },
    /// The PEM text cannot be read.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// A certificate cannot be read.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A revocation list cannot be read.
    #[error(transparent)]
    RevocationList(#[from] RevocationListError),
}
