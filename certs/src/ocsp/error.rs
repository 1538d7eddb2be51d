//! Why an OCSP response says nothing of a certificate.

use thiserror::Error;

use crate::der::DerError;
use crate::signature_scheme::SignatureSchemeError;

/// Why a response is not taken.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OcspError {
    /// Longer than [`MAX_OCSP_RESPONSE_BYTES`](crate::MAX_OCSP_RESPONSE_BYTES).
    #[error("the OCSP response has {length} bytes, more than are read")]
    TooLong {
        /// Bytes found.
        length: usize,
    },
    /// Not the structure that the standard describes.
    #[error("the OCSP response cannot be read: {0}")]
    Malformed(#[from] DerError),
    /// The responder gave an error in place of an answer (RFC 6960, 4.2.1).
    #[error("the OCSP responder refused: {}", name(*.status))]
    Refused {
        /// OCSPResponseStatus.
        status: u32,
    },
    /// Another kind of response than a basic one.
    #[error("the OCSP response is of a type that is not read")]
    UnknownType,
    /// More certificates or answers than are read.
    #[error("the OCSP response holds more {what} than are read")]
    TooMany {
        /// Of what.
        what: &'static str,
    },
    /// A critical extension that is not understood.
    #[error("the OCSP response has a critical extension that is not understood")]
    CriticalExtension,
    /// The response answers another request, or none in particular where it must answer this one.
    #[error("the OCSP response does not answer this request: its nonce is missing or another one")]
    Nonce,
    /// It says nothing of this certificate.
    #[error("the OCSP response is not about this certificate")]
    OtherCertificate,
    /// It is signed by nobody whom the certificate's issuer authorised.
    #[error("the OCSP responder is not authorised by the certificate's issuer")]
    ResponderNotAuthorised,
    /// The responder's certificate was not valid when the response was made.
    #[error("the OCSP responder's certificate was not valid when the response was made")]
    ResponderNotValid,
    /// The signature.
    #[error("the signature of the OCSP response is not accepted: {0}")]
    Signature(#[from] SignatureSchemeError),
}

fn name(status: u32) -> String {
    match status {
        1 => "malformedRequest".to_owned(),
        2 => "internalError".to_owned(),
        3 => "tryLater".to_owned(),
        5 => "sigRequired".to_owned(),
        6 => "unauthorized".to_owned(),
        other => format!("status {other}"),
    }
}
