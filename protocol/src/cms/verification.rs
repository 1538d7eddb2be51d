//! Everything about a signer that needs no trust (RFC 5652 section 5.6, EN 319 122-1 clause 6): content type, digest of the
//! content, the certificate that the signature names and binds, the signature value.

use paraphe_certs::der::{DerError, Reader};
use paraphe_certs::{Certificate, UnixTime};

use super::algorithm_identifier::{read_digest_algorithm, read_signature_algorithm};
use super::attribute::{self, octets, required_value, single_value};
use super::object_identifiers as oid;
use super::signed_data::SignedData;
use super::{CmsError, revocation_information, signing_certificate, time};
use crate::algorithm::SignatureAlgorithm;
use crate::signature::{DigestAlgorithm, Evidence};

/// A signer whose signature holds. Nothing about its certificate is trusted.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedSigner {
    pub(crate) certificate: Certificate,
    pub(crate) algorithm: SignatureAlgorithm,
    /// By the signed attribute, where there is one.
    pub(crate) signing_time: Option<UnixTime>,
}

impl SignedData<'_> {
    /// The digest algorithm of the one signer.
    pub(crate) fn digest_algorithm(&self) -> Result<DigestAlgorithm, CmsError> {
        let der = &self.signer()?.digest_algorithm;
        read_digest_algorithm(Reader::new(der).any("a digest algorithm")?)
    }

    /// Verifies the one signer, whose content has this digest of [`SignedData::digest_algorithm`].
    pub(crate) fn verify(&self, content_digest: &[u8]) -> Result<VerifiedSigner, CmsError> {
        let signer = self.signer()?;
        let digest = self.digest_algorithm()?;
        self.check_announced(digest)?;
        let attributes = signer.signed_attributes()?;
        let content_type = required_value(&attributes, oid::CONTENT_TYPE, "content-type")?;
        if content_type.whole != self.content_type_der() {
            return Err(CmsError::ContentType);
        }
        let message_digest = required_value(&attributes, oid::MESSAGE_DIGEST, "message-digest")?;
        if octets(message_digest, "the message digest")? != content_digest {
            return Err(CmsError::MessageDigest);
        }
        let certificate = self.signer_certificate()?;
        signing_certificate::check(&attributes, &certificate)?;
        let algorithm_der = Reader::new(&signer.signature_algorithm).any("an algorithm")?;
        let algorithm = read_signature_algorithm(algorithm_der, digest)?;
        let value = algorithm.from_cms_value(&signer.signature)?;
        algorithm.verify(certificate.spki_der(), signer.to_be_signed(), &value)?;
        let signing_time = single_value(&attributes, oid::SIGNING_TIME, "signing-time")?
            .map(time::decode)
            .transpose()?;
        Ok(VerifiedSigner {
            certificate,
            algorithm,
            signing_time,
        })
    }

    /// RFC 5652 section 5.1: the digest algorithms of the signers are announced before the content.
    fn check_announced(&self, digest: DigestAlgorithm) -> Result<(), CmsError> {
        let what = "the announced digest algorithms";
        for der in &self.digest_algorithms {
            if read_digest_algorithm(Reader::new(der).any(what)?) == Ok(digest) {
                return Ok(());
            }
        }
        Err(DerError { what }.into())
    }

    fn signer_certificate(&self) -> Result<Certificate, CmsError> {
        for der in &self.certificates {
            // Others (RFC 5652 section 10.2.2: attribute certificates...) are nobody's to sign with.
            let Ok(certificate) = Certificate::from_der(der) else {
                continue;
            };
            if self.signer()?.names(&certificate)? {
                return Ok(certificate);
            }
        }
        Err(CmsError::SignerCertificateMissing)
    }

    /// Certificates and revocation data of the structure. What cannot be read is left out: it proves nothing.
    pub(crate) fn evidence(&self) -> Result<Evidence, CmsError> {
        let mut evidence = Evidence::default();
        for der in &self.certificates {
            if let Ok(certificate) = Certificate::from_der(der) {
                evidence.add_certificate(certificate)?;
            }
        }
        for der in &self.revocation {
            revocation_information::add_to(&mut evidence, der)?;
        }
        Ok(evidence)
    }

    /// Each value of an unsigned attribute of the one signer, DER.
    pub(crate) fn unsigned_values(&self, oid: &str) -> Result<Vec<&[u8]>, CmsError> {
        let values = attribute::values_of(&self.signer()?.unsigned_attributes, oid)?;
        Ok(values.into_iter().map(|value| value.whole).collect())
    }
}
