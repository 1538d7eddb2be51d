//! The second level of verification: the documents presented are exactly those that were signed.
//!
//! A record server knows documents by unique id; a person at a command line has files only, matched
//! by content. Every difference is found and named, not just the first one.

use std::collections::{HashMap, VecDeque};

use crate::digest::Sha256Digest;
use crate::identifiers::Oid;

use super::draft::LotDocument;
use super::report::DocumentOutcome;

/// The documents to compare with the manifest.
#[derive(Clone, Copy, Debug)]
pub enum PresentedDocuments<'a> {
    /// By unique id and digest: what a record server received.
    ById(&'a [LotDocument]),
    /// By digest alone: files given on a command line.
    ByContent(&'a [Sha256Digest]),
}

/// One difference between what was signed and what is presented.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CoverageFinding {
    /// The document's content is not the one that was signed.
    #[error("document {unique_id} was changed after signing")]
    DocumentChanged {
        /// Its id.
        unique_id: Oid,
        /// Position among the presented documents, from 0.
        index: usize,
    },
    /// A signed document was not presented.
    #[error("document {unique_id} of the lot is missing")]
    DocumentMissing {
        /// Its id.
        unique_id: Oid,
    },
    /// A presented document was not signed: unknown id, or unknown content.
    #[error("number {} of the documents presented is not of this lot", .index.saturating_add(1))]
    DocumentUnknown {
        /// Position among the presented documents, from 0.
        index: usize,
    },
    /// A document was presented more often than it was signed.
    #[error("number {} of the documents presented was already presented", .index.saturating_add(1))]
    DocumentRepeated {
        /// Position among the presented documents, from 0.
        index: usize,
    },
}

impl CoverageFinding {
    /// Stable name of the reason, for programs.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::DocumentChanged { .. } => "document-changed",
            Self::DocumentMissing { .. } => "document-missing",
            Self::DocumentUnknown { .. } => "document-unknown",
            Self::DocumentRepeated { .. } => "document-repeated",
        }
    }
}

/// All differences, at least one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the documents are not exactly those that were signed: {}", summary(.findings))]
pub struct CoverageError {
    /// The differences: presented documents first, in their order, then missing ones.
    pub findings: Vec<CoverageFinding>,
}

fn summary(findings: &[CoverageFinding]) -> String {
    let first = findings.first().map(ToString::to_string);
    match findings.len() {
        0 | 1 => first.unwrap_or_default(),
        count => format!("{} ({} more)", first.unwrap_or_default(), count - 1),
    }
}

/// What became of a signed document, with its position among the presented ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Missing,
    Intact(usize),
    Changed(usize),
}

pub(super) struct Coverage {
    /// One for each signed document, in order.
    pub(super) outcomes: Vec<Outcome>,
    pub(super) findings: Vec<CoverageFinding>,
}

impl Outcome {
    /// As reports tell it, with the position among the presented ones.
    pub(super) fn described(self) -> (DocumentOutcome, Option<usize>) {
        match self {
            Self::Intact(index) => (DocumentOutcome::Intact, Some(index)),
            Self::Changed(index) => (DocumentOutcome::Changed, Some(index)),
            Self::Missing => (DocumentOutcome::Missing, None),
        }
    }
}

impl Coverage {
    /// Adds a finding for each document that was not presented.
    pub(super) fn with_missing<'a>(
        signed: impl Iterator<Item = &'a Oid>,
        outcomes: Vec<Outcome>,
        mut findings: Vec<CoverageFinding>,
    ) -> Self {
        for (unique_id, outcome) in signed.zip(&outcomes) {
            if *outcome == Outcome::Missing {
                findings.push(CoverageFinding::DocumentMissing {
                    unique_id: unique_id.clone(),
                });
            }
        }
        Self { outcomes, findings }
    }
}

pub(super) fn compare(signed: &[LotDocument], presented: PresentedDocuments<'_>) -> Coverage {
    let coverage = match presented {
        PresentedDocuments::ById(documents) => compare_by_id(signed, documents),
        PresentedDocuments::ByContent(digests) => compare_by_content(signed, digests),
    };
    Coverage::with_missing(
        signed.iter().map(|document| &document.unique_id),
        coverage.outcomes,
        coverage.findings,
    )
}

fn compare_by_id(signed: &[LotDocument], presented: &[LotDocument]) -> Coverage {
    let mut outcomes = vec![Outcome::Missing; signed.len()];
    let mut findings = Vec::new();
    let mut awaited: HashMap<&Oid, (&LotDocument, &mut Outcome)> = signed
        .iter()
        .zip(&mut outcomes)
        .map(|(document, outcome)| (&document.unique_id, (document, outcome)))
        .collect();
    for (index, document) in presented.iter().enumerate() {
        match awaited.get_mut(&document.unique_id) {
            None => findings.push(CoverageFinding::DocumentUnknown { index }),
            Some((_, outcome)) if **outcome != Outcome::Missing => {
                findings.push(CoverageFinding::DocumentRepeated { index });
            }
            Some((expected, outcome)) if expected.sha256 == document.sha256 => {
                **outcome = Outcome::Intact(index);
            }
            Some((expected, outcome)) => {
                **outcome = Outcome::Changed(index);
                findings.push(CoverageFinding::DocumentChanged {
                    unique_id: expected.unique_id.clone(),
                    index,
                });
            }
        }
    }
    Coverage { outcomes, findings }
}

fn compare_by_content(signed: &[LotDocument], presented: &[Sha256Digest]) -> Coverage {
    let mut outcomes = vec![Outcome::Missing; signed.len()];
    let mut findings = Vec::new();
    let mut awaited: HashMap<Sha256Digest, VecDeque<&mut Outcome>> = HashMap::new();
    for (document, outcome) in signed.iter().zip(&mut outcomes) {
        awaited
            .entry(document.sha256)
            .or_default()
            .push_back(outcome);
    }
    for (index, digest) in presented.iter().enumerate() {
        match awaited.get_mut(digest).map(VecDeque::pop_front) {
            Some(Some(outcome)) => *outcome = Outcome::Intact(index),
            Some(None) => findings.push(CoverageFinding::DocumentRepeated { index }),
            None => findings.push(CoverageFinding::DocumentUnknown { index }),
        }
    }
    Coverage { outcomes, findings }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn document(id: u128, content: &[u8]) -> LotDocument {
        LotDocument {
            unique_id: Oid::from_uuid(id),
            sha256: Sha256Digest::of(content),
        }
    }

    #[test]
    fn differences_by_id() {
        let signed = [document(1, b"a"), document(2, b"b"), document(3, b"c")];
        let presented = [
            document(2, b"x"),
            document(4, b"a"),
            document(1, b"a"),
            document(1, b"a"),
        ];
        let coverage = compare(&signed, PresentedDocuments::ById(&presented));
        assert_eq!(
            coverage.findings,
            [
                CoverageFinding::DocumentChanged {
                    unique_id: Oid::from_uuid(2),
                    index: 0
                },
                CoverageFinding::DocumentUnknown { index: 1 },
                CoverageFinding::DocumentRepeated { index: 3 },
                CoverageFinding::DocumentMissing {
                    unique_id: Oid::from_uuid(3)
                },
            ]
        );
        assert_eq!(
            coverage.outcomes,
            [Outcome::Intact(2), Outcome::Changed(0), Outcome::Missing]
        );
    }

    #[test]
    fn swapped_contents_are_two_changes() {
        let signed = [document(1, b"a"), document(2, b"b")];
        let presented = [document(1, b"b"), document(2, b"a")];
        let coverage = compare(&signed, PresentedDocuments::ById(&presented));
        assert_eq!(coverage.findings.len(), 2);
    }

    #[test]
    fn differences_by_content_with_equal_documents() {
        let signed = [document(1, b"a"), document(2, b"a"), document(3, b"c")];
        let digests = |contents: &[&[u8]]| -> Vec<Sha256Digest> {
            contents
                .iter()
                .map(|content| Sha256Digest::of(content))
                .collect()
        };
        let all = digests(&[b"c", b"a", b"a"]);
        let coverage = compare(&signed, PresentedDocuments::ByContent(&all));
        assert_eq!(coverage.findings, []);
        assert_eq!(
            coverage.outcomes,
            [Outcome::Intact(1), Outcome::Intact(2), Outcome::Intact(0)]
        );
        let other = digests(&[b"a", b"a", b"a", b"x"]);
        let coverage = compare(&signed, PresentedDocuments::ByContent(&other));
        assert_eq!(
            coverage.findings,
            [
                CoverageFinding::DocumentRepeated { index: 2 },
                CoverageFinding::DocumentUnknown { index: 3 },
                CoverageFinding::DocumentMissing {
                    unique_id: Oid::from_uuid(3)
                },
            ]
        );
    }
}
