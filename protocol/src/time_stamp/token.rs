//! TimeStampToken (RFC 3161, 2.4.2): a CMS SignedData around TSTInfo, as the authority sent it.

use std::fmt;

use paraphe_certs::{Certificate, RevocationList};

use super::TimeStampError;
use super::info::TimeStampInfo;
use super::signed_data::SignedToken;

/// Largest token that is read, bytes: a content of some hundred, certificates, and what an authority adds to prove itself.
pub const MAXIMUM_TOKEN_BYTES: usize = 256 * 1024;

/// A time-stamp token, DER of the `ContentInfo` as the authority sent it, never encoded again. Its structure was read; its
/// signature holds where [`TimeStampToken::verify`] says so.
#[derive(Clone, PartialEq, Eq)]
pub struct TimeStampToken {
    der: Vec<u8>,
    info: TimeStampInfo,
    signed: SignedToken,
}

impl TimeStampToken {
    /// Reads a token that fills `der` exactly.
    ///
    /// # Errors
    /// [`TimeStampError`] where the bytes are not one readable token within the limits.
    pub fn from_der(der: &[u8]) -> Result<Self, TimeStampError> {
        if der.len() > MAXIMUM_TOKEN_BYTES {
            return Err(TimeStampError::TooLong {
                length: der.len(),
                most: MAXIMUM_TOKEN_BYTES,
            });
        }
        let signed = SignedToken::read(der)?;
        Ok(Self {
            der: der.to_vec(),
            info: TimeStampInfo::read(&signed.content)?,
            signed,
        })
    }

    /// The bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// What the authority says.
    #[must_use]
    pub fn info(&self) -> &TimeStampInfo {
        &self.info
    }

    /// The certificates that the token carries.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.signed.certificates
    }

    /// The revocation lists that the token carries.
    #[must_use]
    pub fn revocation_lists(&self) -> &[RevocationList] {
        &self.signed.revocation_lists
    }

    /// Finds the certificate of the token's signer, in it or among `additional`, and checks that the token is bound to it
    /// (ESSCertID, RFC 5035 and RFC 5816), that it is for time stamping alone, and that the signature is of its key.
    /// Whether the certificate is trusted is not decided here.
    ///
    /// # Errors
    /// [`TimeStampError`].
    pub fn verify(&self, additional: &[Certificate]) -> Result<Certificate, TimeStampError> {
        self.signed.verify(additional)
    }
}

impl fmt::Debug for TimeStampToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeStampToken")
            .field("time", &self.info.time().to_string())
            .field("policy", &self.info.policy())
            .field("bytes", &self.der.len())
            .finish_non_exhaustive()
    }
}
