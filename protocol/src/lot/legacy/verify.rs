//! Verification of a `dmp-legacy` lot at two levels, as for `dsg`; what comes out cannot be made otherwise.

use std::collections::HashMap;

use paraphe_certs::{TrustStore, UnixTime};

use super::digest::LegacyDigests;
use super::layout::RSA_SHA1;
use super::prepare::{self, LegacyDocument, LegacyTransform};
use super::{DmpLegacy, PROFILE, read};
use crate::identifiers::Oid;
use crate::lot::coverage::{Coverage, Outcome};
use crate::lot::report::{DocumentOutcome, DocumentReport, LotReport};
use crate::lot::verify::verified_signer;
use crate::lot::{CoverageError, CoverageFinding, LotError, LotLimits, LotSigner};

/// The documents to compare with the manifest.
#[derive(Clone, Copy, Debug)]
pub enum LegacyPresented<'a> {
    /// By unique id: what a record server received.
    ById(&'a [(Oid, LegacyDigests)]),
    /// By content alone: files given on a command line.
    ByContent(&'a [LegacyDigests]),
}

/// A lot whose signature is verified; its documents are not compared yet.
#[derive(Debug)]
pub struct SignedLegacyLot {
    signer: LotSigner,
    signing_time: UnixTime,
    submission_set: Oid,
    documents: Vec<LegacyDocument>,
}

/// A lot whose signature is verified and whose documents are exactly those that were presented. Nothing is said of the
/// patient: this profile does not sign it.
#[derive(Debug)]
pub struct VerifiedLegacyLot {
    lot: SignedLegacyLot,
}

/// Whether a file says that it is of this profile, before anything is checked.
pub(in crate::lot) fn is_legacy(xml: &[u8]) -> bool {
    memchr::memmem::find(xml, RSA_SHA1.as_bytes()).is_some()
}

impl SignedLegacyLot {
    /// Verifies the signature, not the documents.
    ///
    /// # Errors
    /// [`LotError`], any but [`LotError::Documents`].
    pub fn verify(
        legacy: DmpLegacy,
        xml: &[u8],
        trust: &TrustStore,
        at: UnixTime,
        limits: &LotLimits,
    ) -> Result<Self, LotError> {
        let lot = read::read(legacy, xml, limits)?;
        prepare::verify(legacy, &lot.certificate, &lot.signed_info, &lot.signature).map_err(
            |error| match error {
                crate::algorithm::SignatureError::Mismatch => LotError::Signature,
                other => LotError::Key(other),
            },
        )?;
        Ok(Self {
            signer: verified_signer(&lot.certificate, lot.signing_time, trust, at)?,
            signing_time: lot.signing_time,
            submission_set: lot.submission_set,
            documents: lot.documents,
        })
    }

    /// Compares the documents presented with those that were signed.
    ///
    /// # Errors
    /// [`CoverageError`], with every difference.
    pub fn check_documents(
        self,
        presented: LegacyPresented<'_>,
    ) -> Result<VerifiedLegacyLot, CoverageError> {
        let findings = compare(&self.documents, presented).findings;
        if findings.is_empty() {
            Ok(VerifiedLegacyLot { lot: self })
        } else {
            Err(CoverageError { findings })
        }
    }

    /// Who signed.
    #[must_use]
    pub fn signer(&self) -> &LotSigner {
        &self.signer
    }

    /// When, by the signer's own clock.
    #[must_use]
    pub fn signing_time(&self) -> UnixTime {
        self.signing_time
    }

    /// The submission set's id; its content is not signed.
    #[must_use]
    pub fn submission_set(&self) -> &Oid {
        &self.submission_set
    }

    /// The documents that were signed, in the order of the manifest.
    #[must_use]
    pub fn documents(&self) -> &[LegacyDocument] {
        &self.documents
    }
}

impl std::ops::Deref for VerifiedLegacyLot {
    type Target = SignedLegacyLot;

    fn deref(&self) -> &SignedLegacyLot {
        &self.lot
    }
}

fn is_of(document: &LegacyDocument, digests: &LegacyDigests) -> bool {
    match document.transform {
        LegacyTransform::None => digests.raw == document.sha1,
        LegacyTransform::Canonical => digests.canonical == Some(document.sha1),
    }
}

fn compare(signed: &[LegacyDocument], presented: LegacyPresented<'_>) -> Coverage {
    let mut outcomes = vec![Outcome::Missing; signed.len()];
    let mut findings = Vec::new();
    match presented {
        LegacyPresented::ById(documents) => {
            let mut awaited: HashMap<&Oid, (&LegacyDocument, &mut Outcome)> = signed
                .iter()
                .zip(&mut outcomes)
                .map(|(document, outcome)| (&document.unique_id, (document, outcome)))
                .collect();
            for (index, (unique_id, digests)) in documents.iter().enumerate() {
                match awaited.get_mut(unique_id) {
                    None => findings.push(CoverageFinding::DocumentUnknown { index }),
                    Some((_, outcome)) if **outcome != Outcome::Missing => {
                        findings.push(CoverageFinding::DocumentRepeated { index });
                    }
                    Some((document, outcome)) if is_of(document, digests) => {
                        **outcome = Outcome::Intact(index);
                    }
                    Some((document, outcome)) => {
                        **outcome = Outcome::Changed(index);
                        findings.push(CoverageFinding::DocumentChanged {
                            unique_id: document.unique_id.clone(),
                            index,
                        });
                    }
                }
            }
        }
        LegacyPresented::ByContent(contents) => {
            for (index, digests) in contents.iter().enumerate() {
                let mut of_this = signed
                    .iter()
                    .zip(&mut outcomes)
                    .filter(|(document, _)| is_of(document, digests))
                    .peekable();
                if of_this.peek().is_none() {
                    findings.push(CoverageFinding::DocumentUnknown { index });
                } else if let Some((_, outcome)) =
                    of_this.find(|(_, outcome)| **outcome == Outcome::Missing)
                {
                    *outcome = Outcome::Intact(index);
                } else {
                    findings.push(CoverageFinding::DocumentRepeated { index });
                }
            }
        }
    }
    Coverage::with_missing(
        signed.iter().map(|document| &document.unique_id),
        outcomes,
        findings,
    )
}

/// Tells everything of a signature that holds and of its documents; `None` for documents reports on the signature alone.
pub(in crate::lot) fn report_on(
    lot: &SignedLegacyLot,
    presented: Option<LegacyPresented<'_>>,
) -> LotReport {
    let mut report = LotReport::begin(PROFILE);
    report.tell_signer(&lot.signer, lot.signing_time);
    report.submission_set_id = Some(lot.submission_set.clone());
    let describe = |document: &LegacyDocument, outcome, presented| DocumentReport {
        unique_id: document.unique_id.clone(),
        sha256: None,
        sha1: Some(document.sha1.to_string()),
        outcome,
        presented,
    };
    let Some(presented) = presented else {
        let signed = lot.documents.iter();
        report.documents = signed
            .map(|document| describe(document, DocumentOutcome::NotChecked, None))
            .collect();
        report.add_documents_not_presented();
        return report;
    };
    let coverage = compare(&lot.documents, presented);
    report.documents = lot
        .documents
        .iter()
        .zip(&coverage.outcomes)
        .map(|(document, outcome)| {
            let (outcome, presented) = outcome.described();
            describe(document, outcome, presented)
        })
        .collect();
    report.add_findings(&coverage.findings);
    report
}
