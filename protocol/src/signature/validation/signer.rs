//! The signer's certificate, judged for the best signature time, and how each refusal is told (EN 319 102-1 tables 5 and 6).

use paraphe_certs::{
    Certificate, DocumentSigner, DocumentSigning, JudgedCertificate, JudgementError, JudgementTime,
    NamedSubject, PathError, UnixTime,
};

use super::material::Material;
use super::{Finding, SignatureTrust};
use crate::signature::{CheckedSignature, SubIndication};

/// The judgement.
pub(super) struct JudgedSigner {
    judged: Result<JudgedCertificate<DocumentSigning>, JudgementError>,
    /// Whom a certificate that holds is about.
    subject: Option<DocumentSigner>,
    /// The path, also where revocation is not known.
    chain: Vec<Certificate>,
}

impl JudgedSigner {
    pub(super) fn of(
        signature: &CheckedSignature,
        trust: &SignatureTrust<'_>,
        material: &Material,
        at: UnixTime,
        now: UnixTime,
    ) -> Self {
        let time = JudgementTime { at, now };
        let evidence = material.evidence();
        let leaf = &signature.signer;
        let first = trust
            .professionals
            .judge::<DocumentSigning>(leaf, time, &evidence);
        let is_unknown = matches!(
            first,
            Err(JudgementError::Path(PathError::UnknownIssuer { .. }))
        );
        let (store, judged, by_name) = match trust.others {
            Some(others) if is_unknown => {
                let judged = others.judge::<DocumentSigning>(leaf, time, &evidence);
                (others, judged, true)
            }
            _ => (trust.professionals, first, false),
        };
        let subject = judged.as_ref().ok().map(|judged| {
            if by_name {
                // Another authority cannot make a professional, whatever its certificate says.
                DocumentSigner::Other(NamedSubject::of(leaf))
            } else {
                judged.verified().subject().clone()
            }
        });
        let chain = match &judged {
            Ok(judged) => judged.verified().chain().to_vec(),
            Err(_) => store
                .judge_path::<DocumentSigning>(leaf, at, &evidence)
                .map(|verified| verified.chain().to_vec())
                .unwrap_or_default(),
        };
        Self {
            judged,
            subject,
            chain,
        }
    }

    pub(super) fn holds(&self) -> bool {
        self.judged.is_ok()
    }

    pub(super) fn subject(&self) -> Option<&DocumentSigner> {
        self.subject.as_ref()
    }

    pub(super) fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// `crl` or `ocsp`, for the signer's own certificate.
    pub(super) fn revocation_source(&self) -> Option<&'static str> {
        let judged = self.judged.as_ref().ok()?;
        judged
            .findings()
            .first()
            .map(|finding| finding.source.name())
    }

    /// Why the certificate does not hold; `is_proved`: whether a time stamp proves the time it was judged for.
    pub(super) fn finding(&self, is_proved: bool) -> Option<Finding> {
        let error = self.judged.as_ref().err()?;
        let (sub_indication, code) = told(error, is_proved);
        Some(Finding::new(sub_indication, code, error.to_string()))
    }
}

/// Sub-indication and stable name of a refusal.
pub(super) fn told(error: &JudgementError, is_proved: bool) -> (SubIndication, &'static str) {
    use SubIndication as Sub;
    match error {
        JudgementError::Revoked { is_authority, .. } => {
            if *is_authority {
                (Sub::RevokedCaNoPoe, "authority-revoked")
            } else {
                (Sub::RevokedNoPoe, "certificate-revoked")
            }
        }
        JudgementError::RevocationUnknown { .. } => (Sub::TryLater, "revocation-unknown"),
        JudgementError::Path(error) => match error {
            PathError::UnknownIssuer { .. } => (Sub::NoCertificateChainFound, "unknown-issuer"),
            PathError::Expired { .. } => (Sub::OutOfBoundsNoPoe, "certificate-expired"),
            // Only a time stamp proves that the signature is older than its certificate.
            PathError::NotYetValid { .. } if is_proved => {
                (Sub::NotYetValid, "certificate-not-yet-valid")
            }
            PathError::NotYetValid { .. } => (Sub::OutOfBoundsNoPoe, "certificate-not-yet-valid"),
            PathError::WeakAlgorithm { .. } => {
                (Sub::CryptoConstraintsFailure, "certificate-too-weak")
            }
            PathError::WrongUse { .. } | PathError::IsAuthority => {
                (Sub::ChainConstraintsFailure, "certificate-use")
            }
            PathError::InvalidAuthority { .. } => {
                (Sub::ChainConstraintsFailure, "invalid-authority")
            }
            PathError::CriticalExtension { .. } => {
                (Sub::ChainConstraintsFailure, "critical-extension")
            }
            PathError::TestCertificate => (Sub::ChainConstraintsFailure, "test-certificate"),
            PathError::MixedEnvironments { .. } => {
                (Sub::ChainConstraintsFailure, "mixed-environments")
            }
            PathError::Holder(_) => (Sub::ChainConstraintsFailure, "holder-unreadable"),
            _ => (Sub::CertificateChainGeneralFailure, "certificate-path"),
        },
        _ => (Sub::CertificateChainGeneralFailure, "certificate-path"),
    }
}
