//! TimeStampReq (RFC 3161, 2.4.1): a digest, a nonce, the wish for the authority's certificate, a policy if one must be.

use paraphe_certs::der;

use super::TimeStampError;
use super::response;
use super::token::TimeStampToken;
use crate::signature::DigestAlgorithm;

/// Length of a nonce, bytes: 64 bits, which every authority takes.
pub const NONCE_BYTES: usize = 8;

/// A request that waits for its response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStampRequest {
    digest: DigestAlgorithm,
    imprint: Vec<u8>,
    /// DER of the INTEGER.
    nonce: Vec<u8>,
    policy: Option<String>,
    der: Vec<u8>,
}

impl TimeStampRequest {
    /// Lays out the request for a digest. The nonce is random and never used twice; `policy` is a dotted object identifier,
    /// `None` leaves it to the authority.
    ///
    /// # Errors
    /// [`TimeStampError::ImprintLength`], [`TimeStampError::PolicyIdentifier`].
    pub fn new(
        digest: DigestAlgorithm,
        imprint: &[u8],
        nonce: [u8; NONCE_BYTES],
        policy: Option<&str>,
    ) -> Result<Self, TimeStampError> {
        if imprint.len() != digest.length() {
            return Err(TimeStampError::ImprintLength {
                length: imprint.len(),
                algorithm: digest.name(),
            });
        }
        let identifier =
            |dotted: &str| der::object_identifier(dotted).ok_or(TimeStampError::PolicyIdentifier);
        let nonce = der::unsigned_integer(&nonce);
        let message_imprint = der::sequence(&[
            der::sequence(&[identifier(digest.oid())?, der::NULL.to_vec()]),
            der::value(der::OCTET_STRING, imprint),
        ]);
        let der = der::sequence(&[
            der::unsigned_integer(&[1]),
            message_imprint,
            policy.map(identifier).transpose()?.unwrap_or_default(),
            nonce.clone(),
            // certReq TRUE
            der::value(der::BOOLEAN, &[0xff]),
        ]);
        Ok(Self {
            digest,
            imprint: imprint.to_vec(),
            nonce,
            policy: policy.map(str::to_owned),
            der,
        })
    }

    /// DER of the request, sent as `application/timestamp-query`.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Reads the authority's answer (DER of TimeStampResp, `application/timestamp-reply`) and gives the token if it is the answer
    /// to this request: granted, over this digest, with this nonce, under the policy if one was asked for, signed by the
    /// certificate that it carries, which is for time stamping alone. Whether that certificate is trusted is not decided here.
    ///
    /// # Errors
    /// [`TimeStampError`].
    pub fn read_response(&self, response: &[u8]) -> Result<TimeStampToken, TimeStampError> {
        let token = TimeStampToken::from_der(response::token(response)?)?;
        let info = token.info();
        if info.digest() != self.digest || info.imprint() != self.imprint {
            return Err(TimeStampError::Imprint);
        }
        if info.nonce() != Some(&self.nonce) {
            return Err(TimeStampError::Nonce);
        }
        if let Some(policy) = &self.policy
            && info.policy() != policy
        {
            return Err(TimeStampError::Policy {
                found: info.policy().to_owned(),
            });
        }
        token.verify(&[])?;
        Ok(token)
    }
}
