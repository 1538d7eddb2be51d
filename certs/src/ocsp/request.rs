//! OCSPRequest (RFC 6960, 4.1) about one certificate, unsigned, with a nonce (RFC 8954).

use super::certificate_id;
use super::{OcspError, OcspResponse};
use crate::certificate::Certificate;
use crate::der::{self, DerError};

/// Length of the nonce, bytes (RFC 8954: 1 to 32).
pub const OCSP_NONCE_BYTES: usize = 16;
pub(super) const NONCE: &str = "1.3.6.1.5.5.7.48.1.2";

/// A request that waits for its response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspRequest {
    der: Vec<u8>,
    nonce: [u8; OCSP_NONCE_BYTES],
}

impl OcspRequest {
    /// Asks about a certificate. The nonce is random and never used twice.
    ///
    /// # Errors
    /// [`OcspError::Malformed`] where the issuer's public key cannot be taken apart.
    pub fn new(
        certificate: &Certificate,
        issuer: &Certificate,
        nonce: [u8; OCSP_NONCE_BYTES],
    ) -> Result<Self, OcspError> {
        let refused = DerError {
            what: "subjectPublicKeyInfo",
        };
        let id = certificate_id::encode(certificate, issuer).ok_or(refused)?;
        let requests = der::sequence(&[der::sequence(&[id])]);
        let value = der::value(der::OCTET_STRING, &nonce);
        let extension = der::sequence(&[
            der::object_identifier(NONCE).ok_or(refused)?,
            der::value(der::OCTET_STRING, &value),
        ]);
        let extensions = der::context(2, &der::sequence(&[extension]));
        Ok(Self {
            der: der::sequence(&[der::sequence(&[requests, extensions])]),
            nonce,
        })
    }

    /// DER of the request, sent as `application/ocsp-request`.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Reads an answer that must echo the nonce: made for this very request, not prepared before and not replayed (RFC 6960, 4.4.1).
    ///
    /// # Errors
    /// [`OcspError::Nonce`] where the nonce is absent or another one, and as [`OcspResponse::from_der`].
    pub fn read_response_with_nonce(&self, response: &[u8]) -> Result<OcspResponse, OcspError> {
        let response = OcspResponse::from_der(response)?;
        if response.nonce() == Some(self.nonce.as_slice()) {
            Ok(response)
        } else {
            Err(OcspError::Nonce)
        }
    }

    /// Reads the responder's answer. Many responders prepare their answers and leave the nonce out, which is allowed; another nonce
    /// is refused.
    ///
    /// # Errors
    /// [`OcspError`].
    pub fn read_response(&self, response: &[u8]) -> Result<OcspResponse, OcspError> {
        let response = OcspResponse::from_der(response)?;
        match response.nonce() {
            Some(nonce) if nonce != self.nonce => Err(OcspError::Nonce),
            _ => Ok(response),
        }
    }
}
