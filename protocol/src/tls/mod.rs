//! What the authentication key signs in a TLS handshake, and nothing else of TLS: the content of the client's CertificateVerify
//! (RFC 5246 section 7.4.8, RFC 8446 section 4.4.3) as a type that only such content becomes. Refused: any other bytes.

mod certificate_verify;
mod version;

pub use certificate_verify::{CertificateVerify, CertificateVerifyError, MAXIMUM_TRANSCRIPT};
pub use version::TlsVersion;
