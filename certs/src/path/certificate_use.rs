//! What a certificate may be used for, as types: a certificate verified for one use is not one verified for another.
//!
//! The rules are those of the IGC-Santé profile: a relying party checks keyUsage and extendedKeyUsage, both.

use crate::certificate::Certificate;
use crate::holder::{Holder, HolderError};
use crate::key_usage::{ExtendedKeyUsage, KeyUsage};
use crate::structure::Structure;

mod sealed {
    /// Uses are a closed list: a new one is a decision of this crate.
    pub trait Sealed: std::fmt::Debug + Clone + Copy + Send + Sync + 'static {}
    impl Sealed for super::CardLogin {}
    impl Sealed for super::CardSignature {}
    impl Sealed for super::StructureLogin {}
    impl Sealed for super::StructureSeal {}
}

/// Whom a certificate can be about.
pub trait CertificateSubject: std::fmt::Debug + Clone + Send + Sync + 'static {
    /// Reads the subject of a certificate.
    ///
    /// # Errors
    /// The certificate is about somebody else.
    fn of(certificate: &Certificate) -> Result<Self, HolderError>;

    /// Whether the certificate is of a test product.
    fn is_test(&self) -> bool;
}

impl CertificateSubject for Holder {
    fn of(certificate: &Certificate) -> Result<Self, HolderError> {
        Self::from_certificate(certificate)
    }

    fn is_test(&self) -> bool {
        Self::is_test(self)
    }
}

impl CertificateSubject for Structure {
    fn of(certificate: &Certificate) -> Result<Self, HolderError> {
        Self::from_certificate(certificate)
    }

    fn is_test(&self) -> bool {
        Self::is_test(self)
    }
}

/// A use of a certificate. Sealed.
pub trait CertificateUse: sealed::Sealed {
    /// Whom a certificate of this use is about.
    type Subject: CertificateSubject;
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
    type Subject = Holder;
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
    type Subject = Holder;
    const NAME: &'static str = "card signature";
    const EXPECTED: &'static str = "nonRepudiation, and emailProtection";

    fn allows(certificate: &Certificate) -> bool {
        certificate.key_usage().contains(KeyUsage::NON_REPUDIATION)
            && certificate.has_extended_key_usage(ExtendedKeyUsage::EmailProtection)
    }
}

/// Authenticating a structure's software (ORG_AUTH_CLI): the same bits as [`CardLogin`], of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StructureLogin;

impl CertificateUse for StructureLogin {
    type Subject = Structure;
    const NAME: &'static str = "structure login";
    const EXPECTED: &'static str = CardLogin::EXPECTED;

    fn allows(certificate: &Certificate) -> bool {
        CardLogin::allows(certificate)
    }
}

/// Sealing documents and lots in a structure's name (ORG_SIGN): the same bits as [`CardSignature`], of a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StructureSeal;

impl CertificateUse for StructureSeal {
    type Subject = Structure;
    const NAME: &'static str = "structure seal";
    const EXPECTED: &'static str = CardSignature::EXPECTED;

    fn allows(certificate: &Certificate) -> bool {
        CardSignature::allows(certificate)
    }
}
