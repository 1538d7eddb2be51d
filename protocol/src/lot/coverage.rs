//! The second level of verification: the documents presented are exactly those that were signed.
//!
//! A record server knows documents by unique id; a person at a command line has files only, matched
//! by content. Every difference is found and named, not just the first one.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::digest::Sha256Digest;
use crate::identifiers::Oid;

use super::draft::LotDocument;

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
    #[error("the document presented at position {index} is not of this lot")]
    DocumentUnknown {
        /// Position among the presented documents, from 0.
        index: usize,
    },
    /// A document was presented more often than it was signed.
    #[error("the document presented at position {index} was already presented")]
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

/// What became of each signed document: its position among the presented ones.
pub(super) struct Coverage {
    pub(super) matched: Vec<Option<usize>>,
    pub(super) findings: Vec<CoverageFinding>,
}

pub(super) fn compare(signed: &[LotDocument], presented: PresentedDocuments<'_>) -> Coverage {
    let mut coverage = match presented {
        PresentedDocuments::ById(documents) => compare_by_id(signed, documents),
        PresentedDocuments::ByContent(digests) => compare_by_content(signed, digests),
    };
    let changed: HashSet<Oid> = coverage
        .findings
        .iter()
        .filter_map(|finding| match finding {
            CoverageFinding::DocumentChanged { unique_id, .. } => Some(unique_id.clone()),
            _ => None,
        })
        .collect();
    for (document, matched) in signed.iter().zip(&coverage.matched) {
        if matched.is_none() && !changed.contains(&document.unique_id) {
            coverage.findings.push(CoverageFinding::DocumentMissing {
                unique_id: document.unique_id.clone(),
            });
        }
    }
    coverage
}

fn compare_by_id(signed: &[LotDocument], presented: &[LotDocument]) -> Coverage {
    let positions: HashMap<&Oid, usize> = signed
        .iter()
        .enumerate()
        .map(|(position, document)| (&document.unique_id, position))
        .collect();
    let mut matched = vec![None; signed.len()];
    let mut findings = Vec::new();
    let mut seen = HashSet::new();
    for (index, document) in presented.iter().enumerate() {
        let position = positions.get(&document.unique_id).copied();
        let expected = position.and_then(|position| signed.get(position));
        match (
            expected,
            position.and_then(|position| matched.get_mut(position)),
        ) {
            (Some(_), Some(_)) if !seen.insert(&document.unique_id) => {
                findings.push(CoverageFinding::DocumentRepeated { index });
            }
            (Some(expected), Some(slot)) if expected.sha256 == document.sha256 => {
                *slot = Some(index);
            }
            (Some(expected), Some(_)) => findings.push(CoverageFinding::DocumentChanged {
                unique_id: expected.unique_id.clone(),
                index,
            }),
            _ => findings.push(CoverageFinding::DocumentUnknown { index }),
        }
    }
    Coverage { matched, findings }
}

fn compare_by_content(signed: &[LotDocument], presented: &[Sha256Digest]) -> Coverage {
    let mut positions: HashMap<Sha256Digest, VecDeque<usize>> = HashMap::new();
    for (position, document) in signed.iter().enumerate() {
        positions
            .entry(document.sha256)
            .or_default()
            .push_back(position);
    }
    let mut matched = vec![None; signed.len()];
    let mut findings = Vec::new();
    for (index, digest) in presented.iter().enumerate() {
        match positions.get_mut(digest).map(VecDeque::pop_front) {
            Some(Some(position)) => {
                if let Some(slot) = matched.get_mut(position) {
                    *slot = Some(index);
                }
            }
            Some(None) => findings.push(CoverageFinding::DocumentRepeated { index }),
            None => findings.push(CoverageFinding::DocumentUnknown { index }),
        }
    }
    Coverage { matched, findings }
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
        assert_eq!(coverage.matched, [Some(2), None, None]);
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
        assert_eq!(coverage.matched, [Some(1), Some(2), Some(0)]);
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
