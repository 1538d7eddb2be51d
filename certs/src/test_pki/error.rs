//! What can go wrong in the test PKI.

use thiserror::Error;

use super::authority::Authority;
use crate::certificate::CertificateError;
use crate::crl::RevocationListError;
use crate::path::TrustStoreError;
use crate::unix_time::UnixTime;

/// Why the test PKI could not make or load something.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TestPkiError {
    /// OpenSSL failed to make a key or a signature.
    #[error("the crypto library failed: {0}")]
    Crypto(#[from] openssl::error::ErrorStack),
    /// The PKI was generated without this authority.
    #[error("the test PKI has no {}", .authority.common_name())]
    NoSuchAuthority {
        /// The authority that was asked for.
        authority: Authority,
    },
    /// No authority of this PKI issued the certificate.
    #[error("no authority of the test PKI issued this certificate: {issuer}")]
    ForeignCertificate {
        /// Its issuer.
        issuer: String,
    },
    /// Not a dotted object identifier.
    #[error("{oid:?} is not an object identifier")]
    InvalidOid {
        /// The text.
        oid: String,
    },
    /// A time outside the years 0 to 9999.
    #[error("the time {} cannot be written in a certificate", .time.0)]
    InvalidTime {
        /// The time.
        time: UnixTime,
    },
    /// A request that the test PKI's responders do not understand, or about somebody else's certificate.
    #[error("the request to the test PKI cannot be read")]
    UnreadableRequest,
    /// The stored state is not one that this version wrote.
    #[error("line {line} of the stored state of the test PKI cannot be read: {reason}")]
    State {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A certificate that was made or loaded cannot be read back.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A revocation list that was made cannot be read back.
    #[error(transparent)]
    RevocationList(#[from] RevocationListError),
    /// A trust store could not be filled.
    #[error(transparent)]
    TrustStore(#[from] TrustStoreError),
}
