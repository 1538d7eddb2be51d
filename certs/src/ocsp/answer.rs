//! What a response says of one certificate, after its signature and the right of its responder to speak were verified (RFC 6960,
//! 3.2 and 4.2.2.2).

use super::certificate_id::public_key_bits;
use super::response::{ResponderId, Status};
use super::{OcspError, OcspResponse};
use crate::certificate::Certificate;
use crate::revocation::Revocation;
use crate::signature_scheme::SignatureScheme;
use crate::unix_time::UnixTime;

const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
/// id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1).
const NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";

/// A certificate's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStatus {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked(Revocation),
    /// The responder does not know it.
    Unknown,
}

/// A verified answer. It says nothing by itself about other times than those it names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OcspAnswer {
    /// The status.
    pub status: CertificateStatus,
    /// Since when the responder knows that it is so.
    pub this_update: UnixTime,
    /// When it will know more; `None`: at any time.
    pub next_update: Option<UnixTime>,
    /// When the response was signed.
    pub produced_at: UnixTime,
    /// The responder's certificate where its own revocation is to be looked at: it is not the issuer, and the issuer did not say that
    /// it need not be.
    pub responder_to_check: Option<Certificate>,
}

impl OcspResponse {
    /// What the response says of a certificate of this issuer.
    ///
    /// # Errors
    /// [`OcspError`] where it says nothing of it, or is not signed by the issuer or by a responder that the issuer itself certified
    /// for that and whose certificate was valid then.
    pub fn answer(
        &self,
        certificate: &Certificate,
        issuer: &Certificate,
    ) -> Result<OcspAnswer, OcspError> {
        // A responder may tell of several times; the newest counts.
        let single = self
            .singles
            .iter()
            .filter(|single| single.id.names(certificate, issuer))
            .max_by_key(|single| single.this_update)
            .ok_or(OcspError::OtherCertificate)?;
        let scheme = SignatureScheme::from_der(&self.signature_algorithm)?;
        let verify = |signer: &Certificate| {
            scheme.verify(signer.spki_der(), &self.to_be_signed, &self.signature)
        };
        let responder_to_check = if self.responder.names(issuer) {
            verify(issuer)?;
            None
        } else {
            let responder = self.delegated_responder(issuer)?;
            verify(responder)?;
            responder
                .extension(NO_CHECK)
                .is_none()
                .then(|| responder.clone())
        };
        Ok(OcspAnswer {
            status: match single.status {
                Status::Good => CertificateStatus::Good,
                Status::Revoked(revocation) => CertificateStatus::Revoked(revocation),
                Status::Unknown => CertificateStatus::Unknown,
            },
            this_update: single.this_update,
            next_update: single.next_update,
            produced_at: self.produced_at,
            responder_to_check,
        })
    }

    fn delegated_responder(&self, issuer: &Certificate) -> Result<&Certificate, OcspError> {
        let responder = self
            .certificates()
            .iter()
            .find(|certificate| self.responder.names(certificate))
            .ok_or(OcspError::ResponderNotAuthorised)?;
        let purposes = responder.extended_key_usage_oids();
        if !purposes.iter().any(|purpose| purpose == OCSP_SIGNING)
            || !responder.is_signed_by(issuer)
        {
            return Err(OcspError::ResponderNotAuthorised);
        }
        if self.produced_at < responder.not_before() || self.produced_at > responder.not_after() {
            return Err(OcspError::ResponderNotValid);
        }
        Ok(responder)
    }
}

impl ResponderId {
    fn names(&self, certificate: &Certificate) -> bool {
        match self {
            Self::Name(name) => certificate.raw_subject() == name,
            Self::Key(digest) => public_key_bits(certificate)
                .is_some_and(|bits| openssl::sha::sha1(bits) == digest.as_slice()),
        }
    }
}
