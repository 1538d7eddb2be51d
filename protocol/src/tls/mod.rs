//! What the authentication key signs in a TLS handshake, and nothing else of TLS: the content of the client's CertificateVerify
//! (RFC 5246 section 7.4.8, RFC 8446 section 4.4.3) as a type that only such content becomes, and
//! the algorithms by which it is signed. Refused: any other bytes.

mod certificate_verify;
mod signature_scheme;
mod version;

pub use certificate_verify::{CertificateVerify, CertificateVerifyError, MAXIMUM_TRANSCRIPT};
pub use signature_scheme::SIGNATURE_SCHEMES;
pub use version::TlsVersion;
