//! What a certificate may be used for, as types: a certificate verified for one use is not one verified for another.
//!
//! The rules are those of the IGC-Santé profile: a relying party checks keyUsage and extendedKeyUsage, both.

use crate::certificate::Certificate;
use crate::key_usage::{ExtendedKeyUsage, KeyUsage};

mod sealed {
    /// Uses are a closed list: a new one is a decision of this crate.
    pub trait Sealed: std::fmt::Debug + Clone + Copy + Send + Sync + 'static {}
    impl Sealed for super::CardLogin {}
    impl Sealed for super::CardSignature {}
}

/// A use of a certificate. Sealed.
pub trait CertificateUse: sealed::Sealed {
    /// Name of the use, for logs.
    const NAME: &'static str;
    /// What keyUsage and extendedKeyUsage must be, for messages.
    const EXPECTED: &'static str;

    /// Whether keyUsage and extendedKeyUsage of the certificate allow this use.
    fn allows(certificate: &Certificate) -> bool;
}

/// Proving who is at the keyboard: digitalSignature set, nonRepudiation not set, clientAuth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardLogin;

impl CertificateUse for CardLogin {
    const NAME: &'static str = "card login";
    const EXPECTED: &'static str = "digitalSignature without nonRepudiation, and clientAuth";

    fn allows(certificate: &Certificate) -> bool {
        let usage = certificate.key_usage();
        usage.contains(KeyUsage::DIGITAL_SIGNATURE)
            && !usage.contains(KeyUsage::NON_REPUDIATION)
            && certificate.has_extended_key_usage(ExtendedKeyUsage::ClientAuth)
    }
}

/// Signing documents and lots in the holder's name: nonRepudiation set, emailProtection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardSignature;

impl CertificateUse for CardSignature {
    const NAME: &'static str = "card signature";
    const EXPECTED: &'static str = "nonRepudiation, and emailProtection";

    fn allows(certificate: &Certificate) -> bool {
        certificate.key_usage().contains(KeyUsage::NON_REPUDIATION)
            && certificate.has_extended_key_usage(ExtendedKeyUsage::EmailProtection)
    }
}
