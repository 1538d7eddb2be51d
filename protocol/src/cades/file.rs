//! A CAdES signature on its way up the levels (EN 319 122-1 clause 6.3).

use std::fmt;

use super::archive;
use crate::cms::{Attribute, CmsError, SignedData, of_ocsp_response, oid};
use crate::signature::{
    Contents, DigestAlgorithm, Evidence, Level, Output, SignatureFile, SigningError,
};
use crate::time_stamp::TimeStampToken;

/// What a time stamp was asked for.
struct Asked {
    imprint: Vec<u8>,
    /// ats-hash-index-v3, DER, where it is an archive time stamp.
    hash_index: Option<Vec<u8>>,
}

/// A signature file of level B or above.
pub(super) struct CadesFile {
    signed_data: SignedData<'static>,
    level: Level,
    digest: DigestAlgorithm,
    /// By `digest`, of what is signed.
    content_digest: Vec<u8>,
    asked: Option<Asked>,
}

impl CadesFile {
    pub(super) fn new(
        signed_data: SignedData<'static>,
        digest: DigestAlgorithm,
        content_digest: Vec<u8>,
    ) -> Self {
        Self {
            signed_data,
            level: Level::B,
            digest,
            content_digest,
            asked: None,
        }
    }

    /// Digest of the content by any algorithm: the known one, of what stands inside, or of the document read once more.
    fn content_digest(
        &self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Vec<u8>, SigningError> {
        if digest == self.digest {
            return Ok(self.content_digest.clone());
        }
        match &self.signed_data.content {
            Some(content) => Ok(digest.digest(content)?),
            None => archive::digest_of_document(digest, contents),
        }
    }
}

/// Digest that a signature time stamp is of: the signature value's octets (EN 319 122-1 clause 5.3).
pub(crate) fn imprint_of_signature(
    signed_data: &SignedData<'_>,
    digest: DigestAlgorithm,
) -> Result<Vec<u8>, CmsError> {
    Ok(digest.digest(&signed_data.signer()?.signature)?)
}

/// The attribute that holds a signature time stamp.
pub(crate) fn signature_time_stamp(token: &TimeStampToken) -> Attribute<'static> {
    Attribute::of(oid::SIGNATURE_TIME_STAMP, token.der())
}

impl SignatureFile for CadesFile {
    fn level(&self) -> Level {
        self.level
    }

    fn imprint(
        &mut self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Vec<u8>, SigningError> {
        let asked = match self.level {
            Level::B => Asked {
                imprint: imprint_of_signature(&self.signed_data, digest)?,
                hash_index: None,
            },
            Level::LT => {
                let content_digest = self.content_digest(digest, contents)?;
                let hash_index = archive::hash_index(&self.signed_data, digest)?;
                Asked {
                    imprint: archive::imprint(
                        &self.signed_data,
                        digest,
                        &content_digest,
                        &hash_index,
                    )?,
                    hash_index: Some(hash_index),
                }
            }
            level @ (Level::T | Level::LTA) => return Err(SigningError::OutOfOrder { level }),
        };
        let imprint = asked.imprint.clone();
        self.asked = Some(asked);
        Ok(imprint)
    }

    fn add_time_stamp(&mut self, token: &TimeStampToken) -> Result<(), SigningError> {
        let Some(asked) = &self.asked else {
            return Err(SigningError::OutOfOrder { level: self.level });
        };
        if token.info().imprint() != asked.imprint {
            return Err(SigningError::TimeStampImprint);
        }
        let (attribute, level) = match &asked.hash_index {
            None => (signature_time_stamp(token), Level::T),
            Some(hash_index) => {
                let indexed = archive::with_hash_index(token, hash_index)?;
                let attribute = Attribute::of(oid::ARCHIVE_TIME_STAMP_V3, &indexed);
                (attribute, Level::LTA)
            }
        };
        self.signed_data.signer_mut()?.add_unsigned(attribute);
        self.level = level;
        self.asked = None;
        Ok(())
    }

    fn add_evidence(&mut self, evidence: &Evidence) -> Result<(), SigningError> {
        if self.level != Level::T {
            return Err(SigningError::OutOfOrder { level: self.level });
        }
        for certificate in evidence.certificates() {
            self.signed_data.add_certificate(certificate.der());
        }
        for list in evidence.revocation_lists() {
            self.signed_data.add_revocation(list.der().to_vec());
        }
        for response in evidence.ocsp_responses() {
            self.signed_data.add_revocation(of_ocsp_response(response));
        }
        self.level = Level::LT;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Output, SigningError> {
        Ok(Output::Whole(self.signed_data.encode()))
    }
}

impl fmt::Debug for CadesFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CadesFile({})", self.level.name())
    }
}
