//! A certificate whose path was verified for one use. Only [`TrustStore::verify`](crate::TrustStore::verify) makes one.

use std::marker::PhantomData;

use crate::certificate::Certificate;
use crate::holder::Holder;
use crate::path::certificate_use::CertificateUse;
use crate::unix_time::UnixTime;

/// Proof that a certificate chained to an anchor, was not revoked, was valid at a time and allows the use `U`.
#[derive(Clone)]
pub struct VerifiedCertificate<U: CertificateUse> {
    chain: Vec<Certificate>,
    leaf: Certificate,
    subject: U::Subject,
    verified_at: UnixTime,
    use_: PhantomData<U>,
}

impl<U: CertificateUse> VerifiedCertificate<U> {
    pub(super) fn new(
        leaf: Certificate,
        chain: Vec<Certificate>,
        subject: U::Subject,
        verified_at: UnixTime,
    ) -> Self {
        Self {
            chain,
            leaf,
            subject,
            verified_at,
            use_: PhantomData,
        }
    }

    /// The certificate itself.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.leaf
    }

    /// Whom it is about.
    #[must_use]
    pub fn subject(&self) -> &U::Subject {
        &self.subject
    }

    /// The path, the certificate first and the anchor last.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The time for which the path was verified, as the caller gave it.
    #[must_use]
    pub fn verified_at(&self) -> UnixTime {
        self.verified_at
    }
}

impl<U: CertificateUse<Subject = Holder>> VerifiedCertificate<U> {
    /// Who holds the card.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.subject
    }
}

impl<U: CertificateUse> std::fmt::Debug for VerifiedCertificate<U> {
    /// The use, the certificate's issuer and serial number, and the time: no name, so that a log line may hold it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedCertificate")
            .field("use", &U::NAME)
            .field("certificate", &self.leaf)
            .field("verified_at", &self.verified_at.to_string())
            .finish_non_exhaustive()
    }
}
