//! Making a lot signature: draft in, digest to sign out, signature in, XML out.
//!
//! The caller brings the time and the certificates; the card's signature key signs between
//! [`LotDraft::prepare`] and [`PreparedLot::complete`]. Refused: a certificate that is not for
//! signing documents, a key without an algorithm here, a signature that the certificate's own key
//! did not make. Memory grows with the number of documents, never with their size.

use std::fmt;

use paraphe_certs::{CardSignature, Certificate, CertificateUse, PatientSignature, UnixTime};

use super::draft::LotDraft;
use super::layout::{self, PartDigests, Parts};
use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::digest::Sha256Digest;

/// Most certificates in KeyInfo: the signer's and its issuing authorities'.
pub(super) const MAX_CERTIFICATES: usize = 4;

/// A lot that waits for its signature. `Debug` shows its digest only: the parts name the patient.
#[derive(Clone)]
pub struct PreparedLot {
    algorithm: SignatureAlgorithm,
    certificates: Vec<Certificate>,
    signed_info: String,
    manifest: String,
    submission_set: String,
    signed_properties: String,
}

/// Why a lot cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareLotError {
    /// The certificate is not one that signs documents.
    #[error("this certificate is not for signing documents: expected {expected}")]
    WrongUse {
        /// What a signature certificate allows.
        expected: &'static str,
    },
    /// More issuing certificates than a signature carries.
    #[error("a lot signature carries at most {} issuing certificates", MAX_CERTIFICATES - 1)]
    ChainTooLong,
    /// The signing time is before 1970 or after the year 9999.
    #[error("the signing time is out of range")]
    SigningTime,
    /// The certificate's key, or the signature that came back.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl LotDraft {
    /// Lays out what will be signed. `chain` holds the issuing certificates to carry along, nearest
    /// first, without the anchor; it may be empty.
    ///
    /// # Errors
    /// [`PrepareLotError`].
    pub fn prepare(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        signing_time: UnixTime,
    ) -> Result<PreparedLot, PrepareLotError> {
        if !CardSignature::allows(certificate) && !PatientSignature::allows(certificate) {
            return Err(PrepareLotError::WrongUse {
                expected: CardSignature::EXPECTED,
            });
        }
        if chain.len() >= MAX_CERTIFICATES {
            return Err(PrepareLotError::ChainTooLong);
        }
        if !crate::xades::is_writable_time(signing_time) {
            return Err(PrepareLotError::SigningTime);
        }
        let algorithm = SignatureAlgorithm::for_key(certificate.spki_der())?;
        let manifest = layout::manifest(&self.submission_set.unique_id, &self.documents);
        let submission_set = layout::submission_set(&self.submission_set);
        let signed_properties =
            layout::signed_properties(signing_time, Sha256Digest::from_bytes(certificate.sha256()));
        let digests = PartDigests {
            manifest: Sha256Digest::of(manifest.as_bytes()),
            signed_properties: Sha256Digest::of(signed_properties.as_bytes()),
            submission_set: Sha256Digest::of(submission_set.as_bytes()),
        };
        let mut certificates = vec![certificate.clone()];
        certificates.extend_from_slice(chain);
        Ok(PreparedLot {
            algorithm,
            certificates,
            signed_info: layout::signed_info(algorithm, &digests),
            manifest,
            submission_set,
            signed_properties,
        })
    }
}

impl PreparedLot {
    /// Algorithm that the key must use.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The bytes to sign (canonical SignedInfo), for a signer that hashes itself.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        self.signed_info.as_bytes()
    }

    /// SHA-256 of the bytes to sign, for a card that takes a digest.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        Sha256Digest::of(self.signed_info.as_bytes())
    }

    /// Takes the signature and writes the XML file, after checking that the certificate's key made
    /// it.
    ///
    /// # Errors
    /// [`PrepareLotError::Signature`].
    pub fn complete(&self, signature: &[u8]) -> Result<Vec<u8>, PrepareLotError> {
        if let Some(signer) = self.certificates.first() {
            self.algorithm
                .verify(signer.spki_der(), self.signed_info.as_bytes(), signature)?;
        }
        let parts = Parts {
            signed_info: &self.signed_info,
            manifest: &self.manifest,
            submission_set: &self.submission_set,
            signed_properties: &self.signed_properties,
        };
        Ok(layout::signature(&parts, signature, &self.certificates).into_bytes())
    }
}

impl fmt::Debug for PreparedLot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedLot({} {})", self.algorithm, self.sha256())
    }
}
