//! A certificate to be issued, field by field, so that a test can ask for any shape, also a wrong one.

use crate::certificate::Extension;
use crate::distinguished_name::attribute_type;
use crate::key_usage::KeyUsage;
use crate::unix_time::UnixTime;

use super::authority::ORGANIZATION;
use super::extension_writer::SIMULATOR_POLICY;
use super::key::KeyAlgorithm;
use super::name::{self, Rdn};

/// From when to when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First second.
    pub not_before: UnixTime,
    /// Last second.
    pub not_after: UnixTime,
}

impl Validity {
    /// Three years (of 365 days) from a time on: the life of a card's certificates.
    #[must_use]
    pub const fn of_card(from: UnixTime) -> Self {
        Self {
            not_before: from,
            not_after: from.plus_days(3 * 365),
        }
    }
}

/// Digest of the signature on the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureDigest {
    /// sha256WithRSAEncryption.
    Sha256,
    /// sha1WithRSAEncryption: only to make what must be refused.
    Sha1,
}

/// What a certificate will say. Start from one of the `CardPerson` templates or fill it by hand.
#[derive(Debug, Clone)]
pub struct CertificateTemplate {
    /// Subject, most significant RDN first.
    pub subject: Vec<Rdn>,
    /// Leave the attributes of each RDN in the order given, which DER forbids and old cards do.
    pub unsorted_rdns: bool,
    /// Validity.
    pub validity: Validity,
    /// keyUsage, critical; no extension where none.
    pub key_usage: Option<KeyUsage>,
    /// extendedKeyUsage, dotted; no extension where empty.
    pub extended_key_usage: Vec<String>,
    /// Whether basicConstraints says CA; it is critical then.
    pub is_ca: bool,
    /// Whether a privateKeyUsagePeriod equal to the validity is written.
    pub private_key_usage_period: bool,
    /// certificatePolicies, dotted, with the authority's policy address.
    pub policy: Option<String>,
    /// Addresses of revocation lists and of the authority (CRLDP, freshestCRL, AIA).
    pub publication_addresses: bool,
    /// Extensions written last, in this order.
    pub extensions: Vec<Extension>,
    /// Digest of the issuer's signature.
    pub digest: SignatureDigest,
    /// Kind of key to make.
    pub key: KeyAlgorithm,
    /// DER of a Name to write as issuer in place of the real one: a forgery.
    pub forged_issuer: Option<Vec<u8>>,
}

impl CertificateTemplate {
    /// What all holders' certificates have in common: the simulator's policy, published addresses, an RSA key; nothing that says
    /// for what beyond the key usage.
    pub(super) fn of_holder(subject: Vec<Rdn>, validity: Validity, key_usage: KeyUsage) -> Self {
        Self {
            subject,
            unsorted_rdns: false,
            validity,
            key_usage: Some(key_usage),
            extended_key_usage: Vec::new(),
            is_ca: false,
            private_key_usage_period: false,
            policy: Some(SIMULATOR_POLICY.into()),
            publication_addresses: true,
            extensions: Vec::new(),
            digest: SignatureDigest::Sha256,
            key: KeyAlgorithm::RSA_2048,
            forged_issuer: None,
        }
    }

    /// A service of the authorities that signs its answers.
    pub(super) fn of_service(common_name: &str, validity: Validity) -> Self {
        let subject = vec![
            vec![name::printable(attribute_type::COUNTRY, "FR")],
            vec![name::utf8(attribute_type::ORGANIZATION, ORGANIZATION)],
            vec![name::utf8(attribute_type::COMMON_NAME, common_name)],
        ];
        Self::of_holder(subject, validity, KeyUsage::DIGITAL_SIGNATURE)
    }
}
