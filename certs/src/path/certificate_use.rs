//! What a certificate may be used for, as types: a certificate verified for one use is not one verified for another.
//!
//! The rules are those of the IGC-Santé profile: a relying party checks keyUsage and extendedKeyUsage, both.

use crate::certificate::Certificate;
use crate::document_signer::{DocumentSigner, NamedSubject};
use crate::holder::{Holder, HolderError};
use crate::key_usage::{ExtendedKeyUsage, KeyUsage};
use crate::private_extension;
use crate::structure::Structure;

mod sealed {
    /// Uses are a closed list: a new one is a decision of this crate.
    pub trait Sealed: std::fmt::Debug + Clone + Copy + Send + Sync + 'static {}
    impl Sealed for super::CardLogin {}
    impl Sealed for super::CardSignature {}
    impl Sealed for super::StructureLogin {}
    impl Sealed for super::StructureSeal {}
    impl Sealed for super::DocumentSigning {}
    impl Sealed for super::PatientSignature {}
    impl Sealed for super::TimeStamping {}
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

    /// Whether certificates of this subject say at all if they are of a test product, as those of the profile do.
    fn states_environment(&self) -> bool {
        true
    }
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

impl CertificateSubject for NamedSubject {
    fn of(certificate: &Certificate) -> Result<Self, HolderError> {
        Ok(Self::of(certificate))
    }

    fn is_test(&self) -> bool {
        false
    }

    fn states_environment(&self) -> bool {
        false
    }
}

impl CertificateSubject for DocumentSigner {
    fn of(certificate: &Certificate) -> Result<Self, HolderError> {
        Self::from_certificate(certificate)
    }

    fn is_test(&self) -> bool {
        match self {
            Self::Holder(holder) => holder.is_test(),
            Self::Structure(structure) => structure.is_test(),
            Self::Other(_) => false,
        }
    }

    fn states_environment(&self) -> bool {
        !matches!(self, Self::Other(_))
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
    /// Whether somebody gets in by it: then OCSP counts besides lists.
    const IS_LOGIN: bool = false;

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
    const IS_LOGIN: bool = true;

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
    const IS_LOGIN: bool = true;

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

/// Signing documents in whosever name, as a verifier meets it: nonRepudiation, or digitalSignature with a purpose of documents or
/// mail. An authentication certificate of the profile has neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentSigning;

impl DocumentSigning {
    /// Purposes that have nothing to do with documents: a certificate that names only such ones signs none.
    const OTHER_PURPOSES: [&'static str; 6] = [
        ExtendedKeyUsage::ServerAuth.oid(),
        ExtendedKeyUsage::ClientAuth.oid(),
        ExtendedKeyUsage::SmartcardLogon.oid(),
        "1.3.6.1.5.5.7.3.3",
        TimeStamping::PURPOSE,
        "1.3.6.1.5.5.7.3.9",
    ];
    /// emailProtection, documentSigning (RFC 9336), and what two makers of office software wrote before that.
    const DOCUMENT_PURPOSES: [&'static str; 4] = [
        ExtendedKeyUsage::EmailProtection.oid(),
        "1.3.6.1.5.5.7.3.36",
        "1.3.6.1.4.1.311.10.3.12",
        "1.2.840.113583.1.1.5",
    ];
}

impl CertificateUse for DocumentSigning {
    type Subject = DocumentSigner;
    const NAME: &'static str = "document signing";
    const EXPECTED: &'static str = "nonRepudiation without only other purposes, or digitalSignature with a purpose of documents";

    fn allows(certificate: &Certificate) -> bool {
        let usage = certificate.key_usage();
        let purposes = certificate.extended_key_usage_oids();
        let is_in = |list: &[&str], purpose: &String| list.contains(&purpose.as_str());
        if usage.contains(KeyUsage::NON_REPUDIATION) {
            purposes.is_empty()
                || !purposes
                    .iter()
                    .all(|purpose| is_in(&Self::OTHER_PURPOSES, purpose))
        } else {
            usage.contains(KeyUsage::DIGITAL_SIGNATURE)
                && purposes
                    .iter()
                    .any(|purpose| is_in(&Self::DOCUMENT_PURPOSES, purpose))
        }
    }
}

/// Signing lots of their own documents, by a patient's token: nonRepudiation, not for other purposes only, and nothing of the
/// professionals' profile. Such a certificate is told by its name only; it never states a professional or a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatientSignature;

impl CertificateUse for PatientSignature {
    type Subject = NamedSubject;
    const NAME: &'static str = "patient's signature";
    const EXPECTED: &'static str =
        "nonRepudiation without only other purposes, and no product category of professionals";

    fn allows(certificate: &Certificate) -> bool {
        certificate.key_usage().contains(KeyUsage::NON_REPUDIATION)
            && DocumentSigning::allows(certificate)
            && certificate.extension(private_extension::CATEGORY).is_none()
    }
}

/// Stamping times (RFC 3161, 2.3): extendedKeyUsage is critical and names this purpose alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeStamping;

impl TimeStamping {
    const PURPOSE: &'static str = "1.3.6.1.5.5.7.3.8";
}

impl CertificateUse for TimeStamping {
    type Subject = NamedSubject;
    const NAME: &'static str = "time stamping";
    const EXPECTED: &'static str = "timeStamping alone, critical";

    fn allows(certificate: &Certificate) -> bool {
        let is_critical = certificate
            .extension("2.5.29.37")
            .is_some_and(|extension| extension.critical);
        is_critical && certificate.extended_key_usage_oids() == [Self::PURPOSE]
    }
}
