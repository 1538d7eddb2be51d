//! What a signature of level LT carries: certificates and revocation data of the signer's path and of its time stamps'
//! (EN 319 102-1 clause 5.5). Bounded, and each value once. It proves nothing by itself: the validation judges it.

use paraphe_certs::{Certificate, RevocationList};

/// Most certificates of one signature's evidence.
pub const MAXIMUM_CERTIFICATES: usize = 32;
/// Most revocation lists.
pub const MAXIMUM_REVOCATION_LISTS: usize = 16;
/// Most OCSP responses.
pub const MAXIMUM_OCSP_RESPONSES: usize = 32;
/// Largest OCSP response, bytes of DER.
pub const MAXIMUM_OCSP_RESPONSE_BYTES: usize = 64 * 1024;

/// Certificates and revocation data.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    certificates: Vec<Certificate>,
    revocation_lists: Vec<RevocationList>,
    ocsp_responses: Vec<Vec<u8>>,
}

/// Why a value is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// More of its kind than a signature carries.
    #[error("more {kind} than a signature carries ({most})")]
    TooMany {
        /// Of what.
        kind: &'static str,
        /// The limit.
        most: usize,
    },
    /// An OCSP response beyond the limit.
    #[error("an OCSP response of more than {MAXIMUM_OCSP_RESPONSE_BYTES} bytes")]
    OcspResponseTooLong,
}

impl Evidence {
    /// Adds a certificate, unless it is there.
    ///
    /// # Errors
    /// [`EvidenceError::TooMany`].
    pub fn add_certificate(&mut self, certificate: Certificate) -> Result<(), EvidenceError> {
        let known = |known: &Certificate| known.der() == certificate.der();
        if self.certificates.iter().any(known) {
            return Ok(());
        }
        push(
            &mut self.certificates,
            certificate,
            "certificates",
            MAXIMUM_CERTIFICATES,
        )
    }

    /// Adds a revocation list, unless it is there.
    ///
    /// # Errors
    /// [`EvidenceError::TooMany`].
    pub fn add_revocation_list(&mut self, list: RevocationList) -> Result<(), EvidenceError> {
        let known = |known: &RevocationList| known.der() == list.der();
        if self.revocation_lists.iter().any(known) {
            return Ok(());
        }
        push(
            &mut self.revocation_lists,
            list,
            "revocation lists",
            MAXIMUM_REVOCATION_LISTS,
        )
    }

    /// Adds an OCSP response (DER of `OCSPResponse`, RFC 6960), unless it is there.
    ///
    /// # Errors
    /// [`EvidenceError`].
    pub fn add_ocsp_response(&mut self, der: &[u8]) -> Result<(), EvidenceError> {
        if der.len() > MAXIMUM_OCSP_RESPONSE_BYTES {
            return Err(EvidenceError::OcspResponseTooLong);
        }
        if self.ocsp_responses.iter().any(|known| known == der) {
            return Ok(());
        }
        push(
            &mut self.ocsp_responses,
            der.to_vec(),
            "OCSP responses",
            MAXIMUM_OCSP_RESPONSES,
        )
    }

    /// The certificates, in the order in which they were added.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The revocation lists.
    #[must_use]
    pub fn revocation_lists(&self) -> &[RevocationList] {
        &self.revocation_lists
    }

    /// The OCSP responses, DER.
    #[must_use]
    pub fn ocsp_responses(&self) -> &[Vec<u8>] {
        &self.ocsp_responses
    }

    /// Whether nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.certificates.is_empty()
            && self.revocation_lists.is_empty()
            && self.ocsp_responses.is_empty()
    }
}

fn push<T>(
    values: &mut Vec<T>,
    value: T,
    kind: &'static str,
    most: usize,
) -> Result<(), EvidenceError> {
    if values.len() >= most {
        return Err(EvidenceError::TooMany { kind, most });
    }
    values.push(value);
    Ok(())
}
