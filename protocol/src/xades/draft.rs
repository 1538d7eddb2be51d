//! What the caller says of a signature to be made: with which certificate and algorithms, when, in which role and sense.

use paraphe_certs::UnixTime;

use super::names::{PROOF_OF_APPROVAL, PROOF_OF_CREATION, PROOF_OF_ORIGIN};
use crate::signature::detached_document::is_text;
use crate::signature::{DigestAlgorithm, Signer, SigningError};

/// In which sense something is signed (EN 319 132-1 clause 5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commitment {
    /// The signer made it and sends it.
    ProofOfOrigin,
    /// The signer approves of its content.
    ProofOfApproval,
    /// The signer made it, without necessarily sending or approving it.
    ProofOfCreation,
}

/// How a signature is made, whatever it is of.
#[derive(Clone, Copy, Debug)]
pub struct XadesParameters<'a> {
    /// Who signs, when and with what.
    pub signer: Signer<'a>,
    /// The digest of documents, properties and certificate.
    pub digest: DigestAlgorithm,
    /// A role that the signer claims, as text.
    pub claimed_role: Option<&'a str>,
    /// The sense of the signature.
    pub commitment: Option<Commitment>,
}

impl Commitment {
    /// Identifier in the signature.
    #[must_use]
    pub const fn uri(self) -> &'static str {
        match self {
            Self::ProofOfOrigin => PROOF_OF_ORIGIN,
            Self::ProofOfApproval => PROOF_OF_APPROVAL,
            Self::ProofOfCreation => PROOF_OF_CREATION,
        }
    }
}

impl XadesParameters<'_> {
    pub(super) fn check(&self) -> Result<(), SigningError> {
        self.signer.check()?;
        if !is_writable_time(self.signer.signing_time) {
            return Err(SigningError::SigningTime);
        }
        match self.claimed_role {
            Some(role) if !is_text(role) => Err(SigningError::Encoding(
                "the role is empty, too long, or holds control characters".to_owned(),
            )),
            _ => Ok(()),
        }
    }
}

/// 1970 to the end of year 9999, what RFC 3339 can write.
pub(crate) fn is_writable_time(time: UnixTime) -> bool {
    (0..=253_402_300_799).contains(&time.0)
}
