//! CertID (RFC 6960, 4.1.1): a certificate named by digests of its issuer's name and key and by its serial number. SHA-1 is what
//! responders know everywhere, and here it hides nothing: it only names; SHA-256 is read as well.

use crate::certificate::Certificate;
use crate::der::{self, DerError, Reader};

const SHA1: &str = "1.3.14.3.2.26";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";

/// The fields of a CertID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CertificateId {
    digest: String,
    issuer_name: Vec<u8>,
    issuer_key: Vec<u8>,
    /// Content bytes of the INTEGER.
    serial: Vec<u8>,
}

impl CertificateId {
    pub(super) fn read(fields: &mut Reader<'_>) -> Result<Self, DerError> {
        let what = "CertID";
        let mut fields = fields.sequence(what)?;
        let id = Self {
            digest: fields.sequence(what)?.object_identifier(what)?,
            issuer_name: fields.octet_string(what)?.to_vec(),
            issuer_key: fields.octet_string(what)?.to_vec(),
            serial: fields.integer(what)?.to_vec(),
        };
        fields.end(what)?;
        Ok(id)
    }

    /// Whether this is the certificate, issued by this issuer. Never with a digest that is not known.
    pub(super) fn names(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        let expected = match self.digest.as_str() {
            SHA1 => digests(issuer, |bytes| openssl::sha::sha1(bytes).to_vec()),
            SHA256 => digests(issuer, |bytes| openssl::sha::sha256(bytes).to_vec()),
            _ => None,
        };
        expected.is_some_and(|(name, key)| {
            self.issuer_name == name
                && self.issuer_key == key
                && self.serial == certificate.serial_number()
                && certificate.raw_issuer() == issuer.raw_subject()
        })
    }
}

/// DER of the CertID with SHA-1, which every responder takes.
pub(super) fn encode(certificate: &Certificate, issuer: &Certificate) -> Option<Vec<u8>> {
    let (name, key) = digests(issuer, |bytes| openssl::sha::sha1(bytes).to_vec())?;
    Some(der::sequence(&[
        der::sequence(&[der::object_identifier(SHA1)?, der::NULL.to_vec()]),
        der::value(der::OCTET_STRING, &name),
        der::value(der::OCTET_STRING, &key),
        der::value(der::INTEGER, certificate.serial_number()),
    ]))
}

/// The bits of a certificate's public key, without tag, length and the count of unused bits.
pub(super) fn public_key_bits(certificate: &Certificate) -> Option<&[u8]> {
    let mut fields = Reader::of_sequence(certificate.spki_der(), "spki").ok()?;
    fields.sequence("algorithm").ok()?;
    fields.bit_string("subjectPublicKey").ok()
}

fn digests(issuer: &Certificate, digest: impl Fn(&[u8]) -> Vec<u8>) -> Option<(Vec<u8>, Vec<u8>)> {
    Some((
        digest(issuer.raw_subject()),
        digest(public_key_bits(issuer)?),
    ))
}
