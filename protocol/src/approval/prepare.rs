//! Making an approval: fields in, bytes to sign out, signature in, envelope out.
//!
//! The caller brings time, randomness and the certificate; the card's signature key signs between [`ApprovalRequest::prepare`] and
//! [`PreparedApproval::complete`]. Refused: a certificate that does not sign documents (an authentication certificate above all), a
//! key without an algorithm here, a lifetime above 120 seconds, a signature that the certificate's own key did not make.

use paraphe_certs::{CardSignature, Certificate, CertificateUse, UnixTime};

use super::envelope::Version;
use super::{Approval, ApprovalManifest, ApprovalPurpose, Fields, MAX_LIFETIME_SECONDS};
use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::digest::Sha256Digest;
use crate::login::{AgentNonce, Audience, Origin, ServerNonce};
use crate::statement;

/// Everything that goes into an approval.
#[derive(Clone, Debug)]
pub struct ApprovalRequest<'a> {
    /// Who signs after it.
    pub purpose: ApprovalPurpose,
    /// Record server, from the agent's own table.
    pub audience: &'a Audience,
    /// Origin of the page, from the browser's header.
    pub origin: &'a Origin,
    /// The record server's nonce.
    pub nonce: &'a ServerNonce,
    /// 32 fresh random bytes.
    pub agent_nonce: AgentNonce,
    /// Now.
    pub issued_at: UnixTime,
    /// At most 120 seconds later.
    pub expires_at: UnixTime,
    /// The card's signature certificate.
    pub certificate: &'a Certificate,
    /// What is approved, with the digests of the bytes that the agent itself hashed.
    pub manifest: &'a ApprovalManifest,
    /// SHA-256 of the text that the person was shown.
    pub shown: Sha256Digest,
}

/// An approval that waits for its signature.
#[derive(Clone, Debug)]
pub struct PreparedApproval {
    algorithm: SignatureAlgorithm,
    to_be_signed: Vec<u8>,
    spki_der: Vec<u8>,
    unsigned: Approval,
}

/// Why an approval cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareApprovalError {
    /// The certificate is not one that signs documents.
    #[error("this certificate is not for acts on documents: expected {expected}")]
    WrongUse {
        /// What a signature certificate allows.
        expected: &'static str,
    },
    /// The certificate's key, or the signature that came back.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The expiry is not 1 to 120 seconds after the issue, or the issue is before 1970.
    #[error("an approval lives 1 to {MAX_LIFETIME_SECONDS} seconds")]
    Lifetime,
}

impl ApprovalRequest<'_> {
    /// Lays out the bytes to sign.
    ///
    /// # Errors
    /// [`PrepareApprovalError`].
    pub fn prepare(&self) -> Result<PreparedApproval, PrepareApprovalError> {
        if !CardSignature::allows(self.certificate) {
            return Err(PrepareApprovalError::WrongUse {
                expected: CardSignature::EXPECTED,
            });
        }
        let algorithm = SignatureAlgorithm::for_key(self.certificate.spki_der())?;
        let (issued_at, expires_at) = statement::lifetime(self.issued_at, self.expires_at)
            .ok_or(PrepareApprovalError::Lifetime)?;
        let fields = Fields {
            algorithm,
            audience: self.audience,
            origin: self.origin,
            server_nonce: self.nonce,
            agent_nonce: &self.agent_nonce,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            purpose: self.purpose,
            certificate_sha256: Sha256Digest::from_bytes(self.certificate.sha256()),
            manifest: self.manifest,
            shown: self.shown,
        };
        Ok(PreparedApproval {
            algorithm,
            to_be_signed: fields.to_bytes(),
            spki_der: self.certificate.spki_der().to_vec(),
            unsigned: Approval {
                version: Version,
                certificate: self.certificate.der().to_vec(),
                algorithm: algorithm.name().to_owned(),
                agent_nonce: self.agent_nonce,
                issued_at,
                expires_at,
                shown: self.shown,
                signature: Vec::new(),
            },
        })
    }
}

impl PreparedApproval {
    /// Algorithm that the key must use.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The bytes to sign, for a signer that hashes itself.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// SHA-256 of the bytes to sign, for a card that takes a digest.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        Sha256Digest::of(&self.to_be_signed)
    }

    /// Takes the signature and makes the envelope, after checking that the certificate's key made it.
    ///
    /// # Errors
    /// [`PrepareApprovalError::Signature`].
    pub fn complete(self, signature: &[u8]) -> Result<Approval, PrepareApprovalError> {
        self.algorithm
            .verify(&self.spki_der, &self.to_be_signed, signature)?;
        Ok(Approval {
            signature: signature.to_vec(),
            ..self.unsigned
        })
    }
}
