//! Making a `dmp-legacy` signature: draft in, bytes to sign out, signature in, XML out. Everything asks for the
//! administrator's permission first.

use std::collections::HashSet;
use std::fmt;

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Verifier;
use paraphe_certs::{CardSignature, Certificate, CertificateUse, UnixTime};

use super::digest::{LegacyDigest, LegacyDigests};
use super::{DmpLegacy, layout};
use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::identifiers::Oid;
use crate::lot::{DraftError, LotLimits, PrepareLotError};

/// Most certificates that the signed properties name.
const MAXIMUM_CERTIFICATES: usize = 4;

/// How a document was brought to octets before it was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegacyTransform {
    /// Not at all: its bytes.
    None,
    /// Inclusive canonical XML with comments.
    Canonical,
}

/// A document of the lot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegacyDocument {
    /// Its `uniqueId`.
    pub unique_id: Oid,
    /// What is hashed.
    pub transform: LegacyTransform,
    /// Its digest after that.
    pub sha1: LegacyDigest,
}

/// A lot to be signed in this profile.
#[derive(Clone, Debug)]
pub struct LegacyLotDraft {
    legacy: DmpLegacy,
    submission_set: Oid,
    documents: Vec<LegacyDocument>,
}

/// A lot that waits for its signature: the only thing that a key signs with SHA-1.
#[derive(Clone)]
pub struct PreparedLegacyLot {
    legacy: DmpLegacy,
    signer: Certificate,
    signed_info: String,
    manifest: String,
    signed_properties: String,
}

/// Why it cannot be made.
pub type LegacyPrepareError = PrepareLotError;

impl LegacyDocument {
    /// XML by its canonical form, anything else by its bytes.
    #[must_use]
    pub fn new(unique_id: Oid, digests: LegacyDigests) -> Self {
        let (transform, sha1) = match digests.canonical {
            Some(canonical) => (LegacyTransform::Canonical, canonical),
            None => (LegacyTransform::None, digests.raw),
        };
        Self {
            unique_id,
            transform,
            sha1,
        }
    }
}

impl LegacyLotDraft {
    /// Puts a lot together.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn new(
        legacy: DmpLegacy,
        submission_set: Oid,
        documents: Vec<LegacyDocument>,
        limits: &LotLimits,
    ) -> Result<Self, DraftError> {
        if documents.is_empty() {
            return Err(DraftError::Empty);
        }
        if documents.len() > limits.max_documents {
            return Err(DraftError::TooMany {
                count: documents.len(),
                limit: limits.max_documents,
            });
        }
        let mut seen = HashSet::with_capacity(documents.len().saturating_add(1));
        seen.insert(&submission_set);
        for document in &documents {
            if !seen.insert(&document.unique_id) {
                return Err(DraftError::DuplicateId {
                    unique_id: document.unique_id.clone(),
                });
            }
        }
        Ok(Self {
            legacy,
            submission_set,
            documents,
        })
    }

    /// Lays out what will be signed. `chain` holds the issuing certificates that are named beside the signer's, nearest first.
    ///
    /// # Errors
    /// [`LegacyPrepareError`].
    pub fn prepare(
        &self,
        certificate: &Certificate,
        chain: &[Certificate],
        signing_time: UnixTime,
    ) -> Result<PreparedLegacyLot, LegacyPrepareError> {
        if !CardSignature::allows(certificate) {
            return Err(PrepareLotError::WrongUse {
                expected: CardSignature::EXPECTED,
            });
        }
        if chain.len() >= MAXIMUM_CERTIFICATES {
            return Err(PrepareLotError::ChainTooLong);
        }
        if !crate::xades::is_writable_time(signing_time) {
            return Err(PrepareLotError::SigningTime);
        }
        // Only RSA keys of an acceptable size.
        SignatureAlgorithm::for_key(certificate.spki_der())?;
        let mut certificates = vec![certificate.clone()];
        certificates.extend_from_slice(chain);
        let manifest = layout::manifest(&self.submission_set, &self.documents);
        let signed_properties = layout::signed_properties(self.legacy, signing_time, &certificates);
        let signed_info = layout::signed_info(
            LegacyDigest::of(self.legacy, manifest.as_bytes()),
            LegacyDigest::of(self.legacy, signed_properties.as_bytes()),
        );
        Ok(PreparedLegacyLot {
            legacy: self.legacy,
            signer: certificate.clone(),
            signed_info,
            manifest,
            signed_properties,
        })
    }
}

impl PreparedLegacyLot {
    /// The bytes to sign by RSASSA-PKCS1-v1_5 with SHA-1.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        self.signed_info.as_bytes()
    }

    /// Their digest, for a card that takes one.
    #[must_use]
    pub fn sha1(&self) -> LegacyDigest {
        LegacyDigest::of(self.legacy, self.signed_info.as_bytes())
    }

    /// Takes the signature and writes the XML file, after checking that the certificate's key made it.
    ///
    /// # Errors
    /// [`LegacyPrepareError::Signature`].
    pub fn complete(&self, signature: &[u8]) -> Result<Vec<u8>, LegacyPrepareError> {
        let signed = self.signed_info.as_bytes();
        verify(self.legacy, &self.signer, signed, signature)?;
        let xml = layout::signature(
            &self.signed_info,
            signature,
            &self.signer,
            &self.manifest,
            &self.signed_properties,
        );
        Ok(xml.into_bytes())
    }
}

/// RSASSA-PKCS1-v1_5 with SHA-1.
pub(super) fn verify(
    _: DmpLegacy,
    signer: &Certificate,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    SignatureAlgorithm::for_key(signer.spki_der())?;
    let accepted = PKey::public_key_from_der(signer.spki_der()).and_then(|key| {
        Verifier::new(MessageDigest::sha1(), &key)?.verify_oneshot(signature, message)
    });
    match accepted {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(SignatureError::Mismatch),
    }
}

impl fmt::Debug for PreparedLegacyLot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedLegacyLot")
            .field("sha1", &self.sha1())
            .finish_non_exhaustive()
    }
}
