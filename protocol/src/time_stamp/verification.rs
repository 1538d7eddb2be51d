//! Whether a token was made with the key of a certificate for time stamping (RFC 3161, 2.3 and 2.4.2; RFC 5652, 5.6): the signed
//! attributes bind content type, content and certificate, and the signature is of them.
//!
//! The certificate is bound by ESSCertIDv2 (RFC 5816) or, as the older standard has it, by ESSCertID: there SHA-1 only names a
//! certificate that an authority issued, and a second one with the same digest is out of reach.

use openssl::sha::sha1;
use paraphe_certs::der::{OCTET_STRING, Reader, SEQUENCE};
use paraphe_certs::{Certificate, CertificateUse as _, SignatureScheme, TimeStamping};

use super::TimeStampError;
use super::signed_data::{SignedToken, TST_INFO};
use crate::signature::DigestAlgorithm;

const CONTENT_TYPE: &str = "1.2.840.113549.1.9.3";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_CERTIFICATE: &str = "1.2.840.113549.1.9.16.2.12";
const SIGNING_CERTIFICATE_V2: &str = "1.2.840.113549.1.9.16.2.47";
/// directoryName of GeneralName.
const DIRECTORY_NAME: u8 = 0xa4;

impl SignedToken {
    /// The signer's certificate, from the token or from `additional`, after all checks that need no trust.
    pub(super) fn verify(&self, additional: &[Certificate]) -> Result<Certificate, TimeStampError> {
        let certificate = self
            .certificates
            .iter()
            .chain(additional)
            .find(|certificate| self.signer.names(certificate))
            .ok_or(TimeStampError::CertificateMissing)?;
        self.check_reference(certificate)?;
        if !TimeStamping::allows(certificate) || certificate.is_ca() {
            return Err(TimeStampError::CertificatePurpose);
        }
        self.check_content()?;
        let scheme = SignatureScheme::of_cms(&self.signature_algorithm, &self.digest_algorithm)?;
        scheme.verify(
            certificate.spki_der(),
            &self.signed_attributes,
            &self.signature,
        )?;
        Ok(certificate.clone())
    }

    fn check_content(&self) -> Result<(), TimeStampError> {
        let required = |oid, name| {
            self.signed_attribute(oid, name)?
                .ok_or(TimeStampError::Attribute { name })
        };
        let name = "content-type";
        if Reader::new(required(CONTENT_TYPE, name)?).object_identifier(name)? != TST_INFO {
            return Err(TimeStampError::Attribute { name });
        }
        let name = "message-digest";
        let signed = Reader::new(required(MESSAGE_DIGEST, name)?).octet_string(name)?;
        let digest = digest_algorithm(&self.digest_algorithm)?;
        let computed = digest
            .digest(&self.content)
            .map_err(|_| TimeStampError::Unavailable)?;
        if signed == computed {
            Ok(())
        } else {
            Err(TimeStampError::Content)
        }
    }

    /// One of the two attributes must be there; each that is there must name the certificate.
    fn check_reference(&self, certificate: &Certificate) -> Result<(), TimeStampError> {
        let first = self.signed_attribute(SIGNING_CERTIFICATE, "signing-certificate")?;
        let second = self.signed_attribute(SIGNING_CERTIFICATE_V2, "signing-certificate-v2")?;
        if first.is_none() && second.is_none() {
            return Err(TimeStampError::Attribute {
                name: "signing-certificate-v2",
            });
        }
        if let Some(value) = first {
            let mut identifier = first_identifier(value)?;
            check_identifier(&mut identifier, &sha1(certificate.der()), certificate)?;
        }
        if let Some(value) = second {
            let mut identifier = first_identifier(value)?;
            let digest = match identifier.optional(SEQUENCE, "hashAlgorithm")? {
                Some(algorithm) => digest_algorithm(
                    &Reader::new(algorithm.content).object_identifier("hashAlgorithm")?,
                )?,
                None => DigestAlgorithm::Sha256,
            };
            let digest = digest
                .digest(certificate.der())
                .map_err(|_| TimeStampError::Unavailable)?;
            check_identifier(&mut identifier, &digest, certificate)?;
        }
        Ok(())
    }
}

/// The fields of the first ESSCertID: the signer's (RFC 2634, 5.4). Those after it restrict the path and bind nothing here.
fn first_identifier(value: &[u8]) -> Result<Reader<'_>, TimeStampError> {
    let what = "signing-certificate";
    let mut fields = Reader::of_sequence(value, what)?;
    Ok(fields.sequence(what)?.sequence(what)?)
}

fn check_identifier(
    identifier: &mut Reader<'_>,
    digest: &[u8],
    certificate: &Certificate,
) -> Result<(), TimeStampError> {
    let what = "ESSCertID";
    if identifier.expect(OCTET_STRING, what)?.content != digest {
        return Err(TimeStampError::CertificateReference);
    }
    let Some(issuer_serial) = identifier.optional(SEQUENCE, what)? else {
        return Ok(());
    };
    let mut fields = Reader::new(issuer_serial.content);
    let mut names = fields.sequence(what)?;
    let issuer = names.expect(DIRECTORY_NAME, what)?.content;
    let serial = fields.integer(what)?;
    if issuer == certificate.raw_issuer() && serial == certificate.serial_number() {
        Ok(())
    } else {
        Err(TimeStampError::CertificateReference)
    }
}

fn digest_algorithm(oid: &str) -> Result<DigestAlgorithm, TimeStampError> {
    DigestAlgorithm::from_oid(oid).ok_or_else(|| TimeStampError::DigestAlgorithm {
        oid: oid.to_owned(),
    })
}
