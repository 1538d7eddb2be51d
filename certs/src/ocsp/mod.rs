//! Revocation status by question and answer (RFC 6960, RFC 8954): [`OcspRequest`] asks about one certificate, [`OcspResponse`] is
//! what a responder said, and [`OcspResponse::answer`] is what it says of a certificate once signature and responder are verified.
//!
//! Written over [`crate::der`]: a response is kept byte for byte, because it ends in signature files. Only basic responses; a
//! responder is the issuer itself or one that the issuer certified for that (RFC 6960, 4.2.2.2), never one of local choice.
//! `openssl ocsp` judges both directions in the tests.

mod answer;
mod certificate_id;
mod error;
mod request;
mod response;

pub use answer::{CertificateStatus, OcspAnswer};
pub use error::OcspError;
pub use request::{OCSP_NONCE_BYTES, OcspRequest};
pub use response::{MAX_OCSP_RESPONSE_BYTES, OcspResponse};
