//! An X.509 certificate (RFC 5280), owned, read once, leniently, and never encoded again.
//!
//! Lenient where real cards need it: T61String holding Latin-1, multi-valued RDNs in any order, SETs that are not sorted,
//! private extensions. Refused: more than [`MAX_CERTIFICATE_BYTES`], bytes after the certificate, an extension that
//! appears twice, a keyUsage, extendedKeyUsage or basicConstraints that cannot be read. Reading says nothing about trust:
//! that is [`TrustStore::verify`](crate::TrustStore::verify).

use thiserror::Error;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::distinguished_name::DistinguishedName;
use crate::key_usage::{ExtendedKeyUsage, KeyUsage};
use crate::pem;
use crate::unix_time::UnixTime;

/// Largest certificate that is read, in bytes. Those of the field are 1 to 2.5 KB.
pub const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// Most extensions that a certificate may hold.
pub const MAX_EXTENSIONS: usize = 64;

/// One extension of a certificate, not interpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// extnID, dotted.
    pub oid: String,
    /// Whether a reader that does not know it must refuse the certificate.
    pub critical: bool,
    /// Content of extnValue: the DER of the extension's own type.
    pub value: Vec<u8>,
}

/// A certificate that was read. Nothing about it is verified.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    tbs: Vec<u8>,
    raw_subject: Vec<u8>,
    raw_issuer: Vec<u8>,
    spki: Vec<u8>,
    serial: Vec<u8>,
    subject: DistinguishedName,
    issuer: DistinguishedName,
    not_before: UnixTime,
    not_after: UnixTime,
    key_usage: KeyUsage,
    extended_key_usage: Vec<String>,
    is_ca: bool,
    rsa_modulus_bits: Option<u32>,
    extensions: Vec<Extension>,
}

impl Certificate {
    /// Reads one certificate that fills `der` exactly.
    ///
    /// # Errors
    /// [`CertificateError`] where the bytes are not one readable certificate within the limits.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::TooLong { length: der.len() });
        }
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|error| CertificateError::Malformed {
                detail: error.to_string(),
            })?;
        if !rest.is_empty() {
            return Err(CertificateError::TrailingBytes { count: rest.len() });
        }
        Self::from_parsed(der, &parsed)
    }

    /// Reads a certificate from a card file that is longer than it: what follows the outer DER length must be only `00`
    /// or only `FF` bytes, as cards leave in the unused end of a file.
    ///
    /// # Errors
    /// [`CertificateError`] as [`Certificate::from_der`], and [`CertificateError::TrailingBytes`] where anything else follows.
    pub fn from_padded_der(file: &[u8]) -> Result<Self, CertificateError> {
        let length = outer_length(file).ok_or_else(|| CertificateError::Malformed {
            detail: "no definite DER SEQUENCE at the start of the file".into(),
        })?;
        let (der, padding) =
            file.split_at_checked(length)
                .ok_or_else(|| CertificateError::Malformed {
                    detail: format!(
                        "the file holds {} bytes of a certificate of {length}",
                        file.len()
                    ),
                })?;
        let is_padding = |byte: u8| padding.iter().all(|&b| b == byte);
        if !is_padding(0x00) && !is_padding(0xff) {
            return Err(CertificateError::TrailingBytes {
                count: padding.len(),
            });
        }
        Self::from_der(der)
    }

    /// Reads a PEM text that holds exactly one `CERTIFICATE` block and no other block.
    ///
    /// # Errors
    /// [`CertificateError`] where there is none, more than one, or an unreadable one.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        // Base64 takes a third more; the rest is for the lines of text that some tools write before the block.
        if pem.len() > 4 * MAX_CERTIFICATE_BYTES {
            return Err(CertificateError::TooLong { length: pem.len() });
        }
        let blocks = pem::blocks(pem).map_err(|error| CertificateError::Malformed {
            detail: error.to_string(),
        })?;
        match blocks.as_slice() {
            [block] if block.label == pem::CERTIFICATE => Self::from_der(&block.contents),
            _ => Err(CertificateError::NotOnePemCertificate {
                blocks: blocks.len(),
            }),
        }
    }

    fn from_parsed(der: &[u8], parsed: &X509Certificate<'_>) -> Result<Self, CertificateError> {
        if parsed.extensions().len() > MAX_EXTENSIONS {
            return Err(CertificateError::TooManyExtensions {
                count: parsed.extensions().len(),
            });
        }
        let mut extensions: Vec<Extension> = Vec::with_capacity(parsed.extensions().len());
        let (mut key_usage, mut extended_key_usage, mut is_ca) =
            (KeyUsage::default(), Vec::new(), false);
        for extension in parsed.extensions() {
            let oid = extension.oid.to_id_string();
            if extensions.iter().any(|seen| seen.oid == oid) {
                return Err(CertificateError::RepeatedExtension { oid });
            }
            match extension.parsed_extension() {
                ParsedExtension::KeyUsage(usage) => key_usage = KeyUsage::from_bits(usage.flags),
                // RFC 5280, 4.2.1.12: at least one purpose
                ParsedExtension::ExtendedKeyUsage(usage) if !purposes(usage).is_empty() => {
                    extended_key_usage = purposes(usage);
                }
                ParsedExtension::BasicConstraints(constraints) => is_ca = constraints.ca,
                _ if matches!(oid.as_str(), "2.5.29.15" | "2.5.29.19" | "2.5.29.37") => {
                    return Err(CertificateError::MalformedExtension { oid });
                }
                _ => {}
            }
            extensions.push(Extension {
                oid,
                critical: extension.critical,
                value: extension.value.to_vec(),
            });
        }
        let name = |name| DistinguishedName::from_parsed(name).ok_or(CertificateError::NameTooLong);
        Ok(Self {
            der: der.to_vec(),
            tbs: parsed.tbs_certificate.as_ref().to_vec(),
            raw_subject: parsed.subject().as_raw().to_vec(),
            raw_issuer: parsed.issuer().as_raw().to_vec(),
            spki: parsed.public_key().raw.to_vec(),
            serial: parsed.raw_serial().to_vec(),
            subject: name(parsed.subject())?,
            issuer: name(parsed.issuer())?,
            not_before: UnixTime(parsed.validity().not_before.timestamp()),
            not_after: UnixTime(parsed.validity().not_after.timestamp()),
            key_usage,
            extended_key_usage,
            is_ca,
            rsa_modulus_bits: rsa_modulus_bits(parsed),
            extensions,
        })
    }

    /// The certificate, byte for byte as it was read.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as one PEM block (RFC 7468).
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode(pem::CERTIFICATE, &self.der)
    }

    /// SHA-256 of the whole DER.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        openssl::sha::sha256(&self.der)
    }

    /// DER of TBSCertificate, the bytes that the issuer signed.
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        &self.tbs
    }

    /// DER of the subject Name, as encoded.
    #[must_use]
    pub fn raw_subject(&self) -> &[u8] {
        &self.raw_subject
    }

    /// DER of the issuer Name, as encoded.
    #[must_use]
    pub fn raw_issuer(&self) -> &[u8] {
        &self.raw_issuer
    }

    /// The subject, decoded.
    #[must_use]
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// The issuer, decoded.
    #[must_use]
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// The subject as text; see [`DistinguishedName::rfc2253`].
    #[must_use]
    pub fn subject_rfc2253(&self) -> String {
        self.subject.rfc2253()
    }

    /// The issuer as text; see [`DistinguishedName::rfc2253`].
    #[must_use]
    pub fn issuer_rfc2253(&self) -> String {
        self.issuer.rfc2253()
    }

    /// Content bytes of the serialNumber INTEGER, big-endian, as encoded (a leading `00` included).
    #[must_use]
    pub fn serial_number(&self) -> &[u8] {
        &self.serial
    }

    /// The serial number in decimal, as XML signatures write it (`X509SerialNumber`).
    #[must_use]
    pub fn serial_number_decimal(&self) -> String {
        x509_parser::num_bigint::BigInt::from_signed_bytes_be(&self.serial).to_string()
    }

    /// First second at which the certificate is valid.
    #[must_use]
    pub fn not_before(&self) -> UnixTime {
        self.not_before
    }

    /// Last second at which the certificate is valid.
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        self.not_after
    }

    /// DER of SubjectPublicKeyInfo, as encoded.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// Bits of the RSA modulus; none where the key is not RSA.
    #[must_use]
    pub fn rsa_modulus_bits(&self) -> Option<u32> {
        self.rsa_modulus_bits
    }

    /// The keyUsage bits; none set where the extension is absent.
    #[must_use]
    pub fn key_usage(&self) -> KeyUsage {
        self.key_usage
    }

    /// Whether the extendedKeyUsage extension names this purpose. `anyExtendedKeyUsage` does not count.
    #[must_use]
    pub fn has_extended_key_usage(&self, purpose: ExtendedKeyUsage) -> bool {
        self.extended_key_usage
            .iter()
            .any(|oid| oid == purpose.oid())
    }

    /// The purposes of extendedKeyUsage, dotted, each once, in no particular order.
    #[must_use]
    pub fn extended_key_usage_oids(&self) -> &[String] {
        &self.extended_key_usage
    }

    /// Whether basicConstraints says that the subject is a certification authority.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.is_ca
    }

    /// Whether the subject is named as the authorities of the test environment are.
    #[must_use]
    pub fn is_named_test(&self) -> bool {
        self.subject.common_name().starts_with("TEST ")
    }

    /// Whether subject and issuer are the same name, byte for byte.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.raw_subject == self.raw_issuer
    }

    /// Whether this certificate names that one as its issuer and was signed with its key, with an algorithm that is accepted. A path
    /// is more than that: see [`TrustStore::verify`](crate::TrustStore::verify).
    #[must_use]
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        self.raw_issuer == issuer.raw_subject
            && crate::signed_structure::verify(&self.der, &issuer.spki).is_ok()
    }

    /// Every extension in the order of the encoding.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The extension with this dotted OID. There is at most one.
    #[must_use]
    pub fn extension(&self, oid: &str) -> Option<&Extension> {
        self.extensions
            .iter()
            .find(|extension| extension.oid == oid)
    }
}

impl std::fmt::Debug for Certificate {
    /// Issuer, serial number and dates: enough to find the certificate, without the holder's name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate")
            .field("issuer", &self.issuer_rfc2253())
            .field("serial_number", &self.serial_number_decimal())
            .field("not_before", &self.not_before.to_string())
            .field("not_after", &self.not_after.to_string())
            .finish_non_exhaustive()
    }
}

/// Why bytes are not a certificate that this crate reads.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateError {
    /// Longer than [`MAX_CERTIFICATE_BYTES`], or a PEM text longer than four times that.
    #[error("the certificate has {length} bytes; the limit is {MAX_CERTIFICATE_BYTES}")]
    TooLong {
        /// Length found, in bytes.
        length: usize,
    },
    /// Not an X.509 certificate, or a truncated one.
    #[error("the certificate cannot be read: {detail}")]
    Malformed {
        /// What the parser met.
        detail: String,
    },
    /// Bytes follow the certificate.
    #[error("{count} bytes follow the certificate")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The PEM text does not hold exactly one certificate.
    #[error("expected one PEM certificate, found {blocks} PEM blocks")]
    NotOnePemCertificate {
        /// PEM blocks found, of any label.
        blocks: usize,
    },
    /// RFC 5280, 4.2: no extension may appear twice.
    #[error("the extension {oid} appears twice")]
    RepeatedExtension {
        /// Its OID.
        oid: String,
    },
    /// More than [`MAX_EXTENSIONS`].
    #[error("the certificate has {count} extensions; the limit is {MAX_EXTENSIONS}")]
    TooManyExtensions {
        /// How many.
        count: usize,
    },
    /// An extension that decides on the use of the key cannot be read.
    #[error("the extension {oid} cannot be read")]
    MalformedExtension {
        /// Its OID.
        oid: String,
    },
    /// A name holds more attributes than [`MAX_ATTRIBUTES`](crate::distinguished_name::MAX_ATTRIBUTES).
    #[error("the subject or the issuer holds too many attributes")]
    NameTooLong,
}

fn purposes(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.server_auth, ExtendedKeyUsage::ServerAuth),
        (usage.client_auth, ExtendedKeyUsage::ClientAuth),
        (usage.email_protection, ExtendedKeyUsage::EmailProtection),
    ];
    let mut oids: Vec<String> = known
        .into_iter()
        .filter(|(set, _)| *set)
        .map(|(_, purpose)| purpose.oid().to_owned())
        .collect();
    let flags = [
        (usage.any, "2.5.29.37.0"),
        (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
        (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
        (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
    ];
    oids.extend(
        flags
            .into_iter()
            .filter(|(set, _)| *set)
            .map(|(_, oid)| oid.to_owned()),
    );
    oids.extend(
        usage
            .other
            .iter()
            .map(x509_parser::oid_registry::Oid::to_id_string),
    );
    oids
}

fn rsa_modulus_bits(parsed: &X509Certificate<'_>) -> Option<u32> {
    let Ok(PublicKey::RSA(key)) = parsed.public_key().parsed() else {
        return None;
    };
    let significant = key.modulus.iter().skip_while(|byte| **byte == 0);
    let first = *significant.clone().next()?;
    let bytes = u32::try_from(significant.count()).ok()?;
    bytes.checked_mul(8)?.checked_sub(first.leading_zeros())
}

/// Length of the first TLV, header included, where it is a SEQUENCE of definite length.
fn outer_length(bytes: &[u8]) -> Option<usize> {
    let (&[0x30, first], rest) = bytes.split_first_chunk::<2>()? else {
        return None;
    };
    let count = match first {
        0..=0x7f => return usize::from(first).checked_add(2),
        0x81..=0x83 => usize::from(first & 0x7f),
        _ => return None,
    };
    let length = rest
        .get(..count)?
        .iter()
        .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    length.checked_add(2)?.checked_add(count)
}
