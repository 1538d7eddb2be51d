//! Which certificate the signer meant, as a signed attribute: ESS signing-certificate-v2 (RFC 5035 section 3; EN 319 122-1 clause
//! 5.2.2), and its SHA-1 predecessor (RFC 2634 section 5.4), which is compared where it stands beside and refused alone.
//!
//! Written: one ESSCertIDv2 with SHA-256, whose identifier DER leaves out, without issuerSerial (the digest says it all).

use paraphe_certs::Certificate;
use paraphe_certs::der::{self, DerError, Element, Reader};

use super::CmsError;
use super::algorithm_identifier::read_digest_algorithm;
use super::attribute::{Attribute, single_value};
use super::object_identifiers as oid;
use crate::signature::DigestAlgorithm;

/// directoryName of GeneralName.
const DIRECTORY_NAME: u8 = 0xa4;

/// The attribute for a certificate.
pub(crate) fn attribute(certificate: &Certificate) -> Attribute<'static> {
    let identifier = der::sequence(&[der::value(der::OCTET_STRING, &certificate.sha256())]);
    let identifiers = der::sequence(&[identifier]);
    Attribute::of(oid::SIGNING_CERTIFICATE_V2, &der::sequence(&[identifiers]))
}

/// Checks that the signed attributes name this certificate.
pub(super) fn check(
    signed_attributes: &[Attribute<'_>],
    certificate: &Certificate,
) -> Result<(), CmsError> {
    let first = single_value(
        signed_attributes,
        oid::SIGNING_CERTIFICATE,
        "signing-certificate",
    )?;
    if let Some(value) = first {
        check_identifier(value, certificate, false)?;
    }
    let second = single_value(
        signed_attributes,
        oid::SIGNING_CERTIFICATE_V2,
        "signing-certificate-v2",
    )?;
    match second {
        Some(value) => check_identifier(value, certificate, true),
        None if first.is_some() => Err(CmsError::SigningCertificateSha1),
        None => Err(CmsError::Attribute {
            name: "signing-certificate-v2",
            problem: "missing",
        }),
    }
}

/// The first identifier is the signer's; those after it are of the path and bind nothing here.
fn check_identifier(
    value: Element<'_>,
    certificate: &Certificate,
    names_digest: bool,
) -> Result<(), CmsError> {
    let what = "the signing-certificate attribute";
    let mut identifiers = Reader::of_sequence(value.whole, what)?.sequence(what)?;
    let mut identifier = identifiers.sequence(what)?;
    let digest = match identifier.optional(der::SEQUENCE, what)? {
        Some(algorithm) if names_digest => Some(read_digest_algorithm(algorithm)?),
        Some(_) => return Err(DerError { what }.into()),
        None if names_digest => Some(DigestAlgorithm::Sha256),
        None => None,
    };
    let expected = match digest {
        Some(digest) => digest.digest(certificate.der())?,
        None => openssl::sha::sha1(certificate.der()).to_vec(),
    };
    if identifier.octet_string(what)? != expected {
        return Err(CmsError::SigningCertificate);
    }
    if let Some(issuer_serial) = identifier.optional(der::SEQUENCE, what)? {
        let mut inside = Reader::new(issuer_serial.content);
        let mut names = inside.sequence(what)?;
        let issuer = names.expect(DIRECTORY_NAME, what)?.content;
        names.end(what)?;
        let serial = inside.integer(what)?;
        if issuer != certificate.raw_issuer() || serial != certificate.serial_number() {
            return Err(CmsError::SigningCertificate);
        }
    }
    Ok(identifier.end(what)?)
}
