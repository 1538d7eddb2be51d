//! Verification of a lot, at two levels; what comes out cannot be made otherwise.
//!
//! Level one, [`verify_signature`]: structure and digests of the signed parts, the certificate
//! that the signer named, key and algorithm, signature value, path and use of the certificate, and
//! the signing time against the verifier's time and the certificate's validity. Level two,
//! [`SignedLot::check_documents`]: every presented document and exact coverage. The time of
//! verification decides revocation and expiry: the signing time is only the signer's word.

use paraphe_certs::{
    CardSignature, Certificate, Holder, NamedSubject, PatientSignature, Structure, StructureSeal,
    TrustStore, UnixTime, VerifiedCertificate,
};

use super::coverage::{self, CoverageError, PresentedDocuments};
use super::draft::{LotDocument, LotLimits, SubmissionSet};
use super::error::LotError;
use super::read::{self, ReadLot};
use crate::digest::Sha256Digest;
use crate::identifiers::{Ins, Oid};

/// How far the signer's clock may be ahead of the verifier's, in seconds.
pub const SIGNING_TIME_TOLERANCE_SECONDS: i64 = 120;

/// Who signed a lot, with the certificate verified for that.
#[derive(Debug)]
#[non_exhaustive]
pub enum LotSigner {
    /// A person, in their own name.
    Person(VerifiedCertificate<CardSignature>),
    /// A structure's software, by its seal.
    Structure(VerifiedCertificate<StructureSeal>),
    /// A patient's token. Only [`verify_patient`] gives it.
    Patient(VerifiedCertificate<PatientSignature>),
}

impl LotSigner {
    /// The professional; `None` for a structure's seal and for a patient.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        match self {
            Self::Person(certificate) => Some(certificate.holder()),
            Self::Structure(_) | Self::Patient(_) => None,
        }
    }

    /// The structure; `None` for anybody else.
    #[must_use]
    pub fn structure(&self) -> Option<&Structure> {
        match self {
            Self::Person(_) | Self::Patient(_) => None,
            Self::Structure(certificate) => Some(certificate.subject()),
        }
    }

    /// The patient as their certificate names them, which nothing else is to be concluded from; `None` for anybody else.
    #[must_use]
    pub fn patient(&self) -> Option<&NamedSubject> {
        match self {
            Self::Person(_) | Self::Structure(_) => None,
            Self::Patient(certificate) => Some(certificate.subject()),
        }
    }

    /// The certificate itself.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        match self {
            Self::Person(certificate) => certificate.certificate(),
            Self::Structure(certificate) => certificate.certificate(),
            Self::Patient(certificate) => certificate.certificate(),
        }
    }
}

/// A lot whose signature is verified; its documents are not compared yet.
#[derive(Debug)]
pub struct SignedLot {
    signer: LotSigner,
    signing_time: UnixTime,
    submission_set: SubmissionSet,
    documents: Vec<LotDocument>,
}

/// A lot whose signature is verified and whose documents are exactly those that were presented.
#[derive(Debug)]
pub struct VerifiedLot {
    lot: SignedLot,
}

/// Verifies signature, documents and exact coverage.
///
/// # Errors
/// [`LotError`].
pub fn verify(
    xml: &[u8],
    documents: PresentedDocuments<'_>,
    trust: &TrustStore,
    at: UnixTime,
    limits: &LotLimits,
) -> Result<VerifiedLot, LotError> {
    Ok(verify_signature(xml, trust, at, limits)?.check_documents(documents)?)
}

/// As [`verify`], of a lot that a patient signs with a token of their own. `patients` is the store of their authorities alone, never
/// that of professionals. Which patient it is the certificate does not say: the caller must know this very certificate.
///
/// # Errors
/// [`LotError`]; a certificate of the professionals' profile is refused whatever authority issued it.
pub fn verify_patient(
    xml: &[u8],
    documents: PresentedDocuments<'_>,
    patients: &TrustStore,
    at: UnixTime,
    limits: &LotLimits,
) -> Result<VerifiedLot, LotError> {
    let verified = |certificate: &Certificate| {
        let verified = patients.verify(certificate, at).map(LotSigner::Patient);
        verified.map_err(LotError::Path)
    };
    let lot = check_signature(read::read(xml, limits)?, at, verified)?;
    Ok(lot.check_documents(documents)?)
}

/// Verifies the signature, not the documents.
///
/// # Errors
/// [`LotError`], any but [`LotError::Documents`].
pub fn verify_signature(
    xml: &[u8],
    trust: &TrustStore,
    at: UnixTime,
    limits: &LotLimits,
) -> Result<SignedLot, LotError> {
    check_signer(read::read(xml, limits)?, trust, at)
}

pub(super) fn check_signer(
    lot: ReadLot,
    trust: &TrustStore,
    at: UnixTime,
) -> Result<SignedLot, LotError> {
    check_signature(lot, at, |certificate| {
        professional_or_structure(certificate, trust, at)
    })
}

fn check_signature(
    lot: ReadLot,
    at: UnixTime,
    verified: impl FnOnce(&Certificate) -> Result<LotSigner, LotError>,
) -> Result<SignedLot, LotError> {
    let certificate = lot
        .certificates
        .first()
        .filter(|certificate| {
            Sha256Digest::from_bytes(certificate.sha256()) == lot.certificate_sha256
        })
        .ok_or(LotError::CertificateMismatch)?;
    let implied = crate::algorithm::SignatureAlgorithm::for_key(certificate.spki_der())
        .map_err(LotError::Key)?;
    if implied != lot.algorithm {
        return Err(LotError::UnknownAlgorithm {
            uri: lot.algorithm.xml_uri().to_owned(),
        });
    }
    lot.algorithm
        .verify(certificate.spki_der(), &lot.signed_info, &lot.signature)
        .map_err(|_| LotError::Signature)?;
    let signer = verified(certificate)?;
    check_signing_time(certificate, lot.signing_time, at)?;
    Ok(SignedLot {
        signer,
        signing_time: lot.signing_time,
        submission_set: lot.submission_set,
        documents: lot.documents,
    })
}

/// The certificate verified for its use at the time of verification, and the signing time against both.
pub(super) fn verified_signer(
    certificate: &Certificate,
    signing_time: UnixTime,
    trust: &TrustStore,
    at: UnixTime,
) -> Result<LotSigner, LotError> {
    let signer = professional_or_structure(certificate, trust, at)?;
    check_signing_time(certificate, signing_time, at)?;
    Ok(signer)
}

/// What the certificate says it is about decides which use it is verified for.
fn professional_or_structure(
    certificate: &Certificate,
    trust: &TrustStore,
    at: UnixTime,
) -> Result<LotSigner, LotError> {
    let signer = if Structure::from_certificate(certificate).is_ok() {
        trust.verify(certificate, at).map(LotSigner::Structure)
    } else {
        trust.verify(certificate, at).map(LotSigner::Person)
    };
    signer.map_err(LotError::Path)
}

fn check_signing_time(
    certificate: &Certificate,
    signing_time: UnixTime,
    at: UnixTime,
) -> Result<(), LotError> {
    if signing_time > at.plus_seconds(SIGNING_TIME_TOLERANCE_SECONDS) {
        return Err(LotError::SignedInTheFuture);
    }
    let validity = certificate.not_before()..=certificate.not_after();
    if !validity.contains(&signing_time) {
        return Err(LotError::SignedOutsideValidity);
    }
    Ok(())
}

impl SignedLot {
    /// Compares the documents presented with those that were signed.
    ///
    /// # Errors
    /// [`CoverageError`], with every difference.
    pub fn check_documents(
        self,
        presented: PresentedDocuments<'_>,
    ) -> Result<VerifiedLot, CoverageError> {
        let findings = coverage::compare(&self.documents, presented).findings;
        if findings.is_empty() {
            Ok(VerifiedLot { lot: self })
        } else {
            Err(CoverageError { findings })
        }
    }

    /// Demands the submission set and patient that the verifier knows from elsewhere.
    ///
    /// # Errors
    /// [`LotError::SubmissionSetMismatch`] or [`LotError::PatientMismatch`].
    pub fn expect_submission_set(&self, unique_id: &Oid, patient: &Ins) -> Result<(), LotError> {
        if self.submission_set.unique_id != *unique_id {
            return Err(LotError::SubmissionSetMismatch {
                expected: unique_id.clone(),
                found: self.submission_set.unique_id.clone(),
            });
        }
        if self.submission_set.patient != *patient {
            return Err(LotError::PatientMismatch {
                signed: self.submission_set.patient.clone(),
            });
        }
        Ok(())
    }

    /// Who signed, with the certificate that was verified for signing documents.
    #[must_use]
    pub fn signer(&self) -> &LotSigner {
        &self.signer
    }

    /// When it was signed, by the signer's own clock.
    #[must_use]
    pub fn signing_time(&self) -> UnixTime {
        self.signing_time
    }

    /// The submission set and its patient.
    #[must_use]
    pub fn submission_set(&self) -> &SubmissionSet {
        &self.submission_set
    }

    /// The documents that were signed, in the order of the manifest.
    #[must_use]
    pub fn documents(&self) -> &[LotDocument] {
        &self.documents
    }
}

impl std::ops::Deref for VerifiedLot {
    type Target = SignedLot;

    fn deref(&self) -> &SignedLot {
        &self.lot
    }
}
