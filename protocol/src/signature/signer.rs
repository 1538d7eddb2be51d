//! Who signs a document, with what and when: what every format asks for, checked once.

use paraphe_certs::{CardSignature, Certificate, CertificateUse, UnixTime};

use super::SigningError;
use crate::algorithm::SignatureAlgorithm;

/// Most certificates that a new signature carries: the signer's and its issuing authorities'.
pub const MAXIMUM_CARRIED_CERTIFICATES: usize = 4;

/// Who signs.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// Of a person's or a structure's signature key.
    pub certificate: &'a Certificate,
    /// Issuing certificates to carry along, nearest first, without the anchor; may be empty.
    pub chain: &'a [Certificate],
    /// One that the key can do.
    pub algorithm: SignatureAlgorithm,
    /// By the caller's clock.
    pub signing_time: UnixTime,
}

impl Signer<'_> {
    /// Whether this certificate signs documents with this algorithm.
    ///
    /// # Errors
    /// [`SigningError::WrongUse`], [`SigningError::WrongAlgorithm`], [`SigningError::NoRoom`], [`SigningError::Signature`].
    pub fn check(&self) -> Result<(), SigningError> {
        // The same bits as a structure's seal.
        if !CardSignature::allows(self.certificate) {
            return Err(SigningError::WrongUse {
                expected: CardSignature::EXPECTED,
            });
        }
        if self.chain.len() >= MAXIMUM_CARRIED_CERTIFICATES {
            return Err(SigningError::NoRoom {
                what: "so many issuing certificates",
            });
        }
        let possible = SignatureAlgorithm::for_documents(self.certificate.spki_der())?;
        if !possible.contains(&self.algorithm) {
            return Err(SigningError::WrongAlgorithm {
                algorithm: self.algorithm,
            });
        }
        Ok(())
    }

    /// The signer's certificate and those of its path that are carried along.
    pub fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(self.certificate).chain(self.chain)
    }
}
