//! Laying a CAdES-B signature out (EN 319 122-1 clause 6.3): signed attributes content-type, message-digest, signing-time and
//! signing-certificate-v2; the bytes to sign are the SET of them.

use std::borrow::Cow;
use std::fmt;

use super::file::CadesFile;
use crate::algorithm::SignatureAlgorithm;
use crate::cms::{Attribute, SignedData, SignerInfo, oid, signing_certificate_attribute};
use crate::signature::{PreparedSignature, SignatureFile, Signer, SigningError};

/// A CAdES signature that waits for its value.
struct PreparedCades {
    algorithm: SignatureAlgorithm,
    spki: Vec<u8>,
    content_digest: Vec<u8>,
    signed_data: SignedData<'static>,
    to_be_signed: Vec<u8>,
}

/// Lays a signature out that stands beside its document. `content_digest` is the document's, by the digest of the signer's
/// algorithm ([`SignatureAlgorithm::digest`]).
///
/// # Errors
/// [`SigningError`].
pub fn prepare_detached(
    content_digest: &[u8],
    signer: &Signer<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    prepare(None, content_digest, signer)
}

/// Lays a signature out that has its document inside.
///
/// # Errors
/// [`SigningError`].
pub fn prepare_attached(
    content: Vec<u8>,
    signer: &Signer<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    let digest = signer.algorithm.digest().digest(&content)?;
    prepare(Some(content), &digest, signer)
}

fn prepare(
    content: Option<Vec<u8>>,
    content_digest: &[u8],
    signer: &Signer<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    signer.check()?;
    if content_digest.len() != signer.algorithm.digest().length() {
        return Err(SigningError::Document {
            reason: format!(
                "its digest is not one of {}, which {} needs",
                signer.algorithm.digest().name(),
                signer.algorithm
            ),
        });
    }
    let attributes = [
        Attribute::content_type(oid::DATA),
        Attribute::message_digest(content_digest),
        Attribute::signing_time(signer.signing_time).ok_or(SigningError::SigningTime)?,
        signing_certificate_attribute(signer.certificate),
    ];
    let signer_info = SignerInfo::to_sign(signer.certificate, signer.algorithm, &attributes);
    let mut signed_data = SignedData::of_one_signer(content.map(Cow::Owned), signer_info);
    for certificate in signer.certificates() {
        signed_data.add_certificate(certificate.der());
    }
    let to_be_signed = signed_data.signer()?.to_be_signed().to_vec();
    Ok(Box::new(PreparedCades {
        algorithm: signer.algorithm,
        spki: signer.certificate.spki_der().to_vec(),
        content_digest: content_digest.to_vec(),
        signed_data,
        to_be_signed,
    }))
}

impl PreparedSignature for PreparedCades {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    fn complete(
        mut self: Box<Self>,
        signature_value: &[u8],
    ) -> Result<Box<dyn SignatureFile>, SigningError> {
        self.algorithm
            .verify(&self.spki, &self.to_be_signed, signature_value)?;
        let value = self.algorithm.cms_value(signature_value)?;
        self.signed_data.signer_mut()?.signature = Cow::Owned(value);
        Ok(Box::new(CadesFile::new(
            self.signed_data,
            self.algorithm.digest(),
            self.content_digest,
        )))
    }
}

impl fmt::Debug for PreparedCades {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedCades({})", self.algorithm)
    }
}
