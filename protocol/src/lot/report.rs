//! A verification told to a person: indications as in ETSI EN 319 102-1 clause 5.1, with reasons.
//!
//! Information only: nothing in the program takes a report for a proof, that is [`VerifiedLot`].
//! Signature files without their documents are `INDETERMINATE`, since a manifest's documents are
//! not covered by the signature value alone.

use paraphe_certs::{Holder, PathError, Structure, TrustStore, UnixTime};
use serde::Serialize;

#[cfg(doc)]
use super::VerifiedLot;
use super::coverage::{self, CoverageFinding, PresentedDocuments};
use super::draft::{LotDocument, LotLimits, SubmissionSet};
use super::error::LotError;
use super::legacy::{self, DmpLegacy, LegacyPresented, SignedLegacyLot};
use super::verify::{LotSigner, SignedLot, verify_signature};
use crate::digest::Sha256Digest;
use crate::identifiers::Oid;
use crate::signature::{Indication, SubIndication};

/// What became of a signed document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentOutcome {
    /// Presented, unchanged.
    Intact,
    /// Presented with another content.
    Changed,
    /// Not presented.
    Missing,
    /// No documents were presented at all.
    NotChecked,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LotReason {
    /// Stable name, for programs: see [`LotError::code`] and [`CoverageFinding::code`].
    pub code: &'static str,
    /// The same in English.
    pub explanation: String,
}

/// A signed document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentReport {
    /// Its unique id.
    pub unique_id: Oid,
    /// The digest that was signed, in profile `dsg`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Sha256Digest>,
    /// The digest that was signed, in profile `dmp-legacy`; hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha1: Option<String>,
    /// What became of it.
    pub outcome: DocumentOutcome,
    /// Position among the presented documents, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presented: Option<usize>,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct LotReport {
    /// `dsg` or `dmp-legacy`.
    pub profile: &'static str,
    /// Overall outcome.
    pub indication: Indication,
    /// Main reason, where it is not `TOTAL-PASSED`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub_indication: Option<SubIndication>,
    /// Every reason, the first that decided first.
    pub reasons: Vec<LotReason>,
    /// Who signed, where the signature holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signer: Option<Holder>,
    /// The structure whose seal it is, where the signature holds and is no person's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub structure: Option<Structure>,
    /// When, by the signer's clock, seconds since 1970; where the signature holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signing_time: Option<UnixTime>,
    /// The id of the set, where the signature holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission_set_id: Option<Oid>,
    /// The set and patient, where the signature holds and is of profile `dsg`, which alone signs them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission_set: Option<SubmissionSet>,
    /// Each signed document, where the signature holds.
    pub documents: Vec<DocumentReport>,
    /// Positions of presented documents that are not of this lot, or presented twice.
    pub foreign_documents: Vec<usize>,
    /// The first error of the signature, for programs; documents' errors are above.
    #[serde(skip)]
    pub signature_error: Option<LotError>,
}

/// A lot's signature, examined; its documents are still to be compared. For a caller that reads them at the same time.
#[derive(Debug)]
pub struct ExaminedLot(Examined);

#[derive(Debug)]
enum Examined {
    Refused(Box<LotReport>),
    Dsg(Box<SignedLot>),
    DmpLegacy(Box<SignedLegacyLot>),
}

impl ExaminedLot {
    /// Examines the signature of a file of either profile; `legacy` where the administrator allows `dmp-legacy`. Where it is not
    /// allowed, such a file is refused for its algorithm.
    #[must_use]
    pub fn examine(
        xml: &[u8],
        legacy: Option<DmpLegacy>,
        trust: &TrustStore,
        at: UnixTime,
        limits: &LotLimits,
    ) -> Self {
        let (profile, signature) = match legacy {
            Some(legacy) if legacy::is_legacy(xml) => (
                legacy::PROFILE,
                SignedLegacyLot::verify(legacy, xml, trust, at, limits)
                    .map(|lot| Examined::DmpLegacy(Box::new(lot))),
            ),
            _ => (
                super::PROFILE,
                verify_signature(xml, trust, at, limits).map(|lot| Examined::Dsg(Box::new(lot))),
            ),
        };
        Self(signature.unwrap_or_else(|error| {
            let mut report = LotReport::begin(profile);
            report.add_error(error);
            Examined::Refused(Box::new(report))
        }))
    }

    /// Compares the documents with what was signed and tells everything. Those of the file's profile count; `None` reports on the
    /// signature alone.
    #[must_use]
    pub fn compare(
        self,
        documents: Option<PresentedDocuments<'_>>,
        legacy_documents: Option<LegacyPresented<'_>>,
    ) -> LotReport {
        match self.0 {
            Examined::Refused(report) => *report,
            Examined::Dsg(lot) => report_on(&lot, documents),
            Examined::DmpLegacy(lot) => legacy::report_on(&lot, legacy_documents),
        }
    }
}

/// Verifies and tells everything of a file of profile `dsg`; `None` for documents reports on the signature alone.
#[must_use]
pub fn examine(
    xml: &[u8],
    documents: Option<PresentedDocuments<'_>>,
    trust: &TrustStore,
    at: UnixTime,
    limits: &LotLimits,
) -> LotReport {
    ExaminedLot::examine(xml, None, trust, at, limits).compare(documents, None)
}

fn report_on(lot: &SignedLot, documents: Option<PresentedDocuments<'_>>) -> LotReport {
    let mut report = LotReport::begin(super::PROFILE);
    report.tell_signer(lot.signer(), lot.signing_time());
    report.submission_set_id = Some(lot.submission_set().unique_id.clone());
    report.submission_set = Some(lot.submission_set().clone());
    let describe = |document: &LotDocument, outcome, presented| DocumentReport {
        unique_id: document.unique_id.clone(),
        sha256: Some(document.sha256),
        sha1: None,
        outcome,
        presented,
    };
    let Some(presented) = documents else {
        let signed = lot.documents().iter();
        report.documents = signed
            .map(|document| describe(document, DocumentOutcome::NotChecked, None))
            .collect();
        report.add_documents_not_presented();
        return report;
    };
    let coverage = coverage::compare(lot.documents(), presented);
    let outcomes = lot.documents().iter().zip(&coverage.outcomes);
    report.documents = outcomes
        .map(|(document, outcome)| {
            let (outcome, presented) = outcome.described();
            describe(document, outcome, presented)
        })
        .collect();
    report.add_findings(&coverage.findings);
    report
}

impl LotReport {
    pub(super) fn begin(profile: &'static str) -> Self {
        Self {
            profile,
            indication: Indication::TotalPassed,
            sub_indication: None,
            reasons: Vec::new(),
            signer: None,
            structure: None,
            signing_time: None,
            submission_set_id: None,
            submission_set: None,
            documents: Vec::new(),
            foreign_documents: Vec::new(),
            signature_error: None,
        }
    }

    pub(super) fn tell_signer(&mut self, signer: &LotSigner, signing_time: UnixTime) {
        self.signer = signer.holder().cloned();
        self.structure = signer.structure().cloned();
        self.signing_time = Some(signing_time);
    }

    pub(super) fn add_error(&mut self, error: LotError) {
        let (indication, sub_indication) = indication_of(&error);
        self.worsen(indication, sub_indication, error.code(), error.to_string());
        self.signature_error = Some(error);
    }

    pub(super) fn add_documents_not_presented(&mut self) {
        self.worsen(
            Indication::Indeterminate,
            SubIndication::SignedDataNotFound,
            "documents-not-presented",
            "no document was presented: only the signature was verified".to_owned(),
        );
    }

    pub(super) fn add_findings(&mut self, findings: &[CoverageFinding]) {
        for finding in findings {
            self.add_finding(finding);
        }
    }

    fn add_finding(&mut self, finding: &CoverageFinding) {
        let (indication, sub_indication) = match finding {
            CoverageFinding::DocumentChanged { .. } => {
                (Indication::TotalFailed, SubIndication::HashFailure)
            }
            CoverageFinding::DocumentUnknown { index }
            | CoverageFinding::DocumentRepeated { index } => {
                self.foreign_documents.push(*index);
                (Indication::TotalFailed, SubIndication::HashFailure)
            }
            CoverageFinding::DocumentMissing { .. } => {
                (Indication::Indeterminate, SubIndication::SignedDataNotFound)
            }
        };
        self.worsen(
            indication,
            sub_indication,
            finding.code(),
            finding.to_string(),
        );
    }

    /// Adds a reason; the worst indication stays, with the first reason that led to it.
    fn worsen(
        &mut self,
        indication: Indication,
        sub: SubIndication,
        code: &'static str,
        explanation: String,
    ) {
        if indication > self.indication {
            self.indication = indication;
            self.sub_indication = Some(sub);
            self.reasons.insert(0, LotReason { code, explanation });
        } else {
            self.reasons.push(LotReason { code, explanation });
        }
    }
}

fn indication_of(error: &LotError) -> (Indication, SubIndication) {
    use Indication::{Indeterminate, TotalFailed};
    match error {
        LotError::PartAltered { .. } => (TotalFailed, SubIndication::HashFailure),
        LotError::Signature => (TotalFailed, SubIndication::SigCryptoFailure),
        LotError::WeakAlgorithm { .. } | LotError::UnknownAlgorithm { .. } | LotError::Key(_) => {
            (Indeterminate, SubIndication::CryptoConstraintsFailure)
        }
        LotError::Path(path) => path_indication(path),
        LotError::CertificateMismatch
        | LotError::SubmissionSetMismatch { .. }
        | LotError::PatientMismatch { .. }
        | LotError::SignedInTheFuture
        | LotError::SignedOutsideValidity => (Indeterminate, SubIndication::SigConstraintsFailure),
        _ => (TotalFailed, SubIndication::FormatFailure),
    }
}

fn path_indication(error: &PathError) -> (Indication, SubIndication) {
    use Indication::{Indeterminate, TotalFailed};
    match error {
        PathError::UnknownIssuer { .. } => (Indeterminate, SubIndication::NoCertificateChainFound),
        PathError::Revoked { .. } => (TotalFailed, SubIndication::Revoked),
        PathError::Expired { .. } | PathError::NotYetValid { .. } => {
            (Indeterminate, SubIndication::OutOfBoundsNoPoe)
        }
        PathError::RevocationUnknown { .. }
        | PathError::CrlExpired { .. }
        | PathError::CrlTooOld { .. }
        | PathError::CrlNotYetValid { .. } => (Indeterminate, SubIndication::TryLater),
        PathError::WeakAlgorithm { .. } => (Indeterminate, SubIndication::CryptoConstraintsFailure),
        _ => (Indeterminate, SubIndication::ChainConstraintsFailure),
    }
}
