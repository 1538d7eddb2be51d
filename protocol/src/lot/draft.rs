//! What a lot consists of before it is signed: the submission set and its documents.
//!
//! Refused: no document, more than the limit, the same unique id twice (among documents, or that of
//! the set itself), a submission time that no signature can carry. Two documents may have the same
//! content.

use std::collections::HashSet;

use paraphe_certs::UnixTime;
use serde::{Deserialize, Serialize};

use crate::digest::Sha256Digest;
use crate::identifiers::{Ins, Oid};

/// The submission set that the lot is, and the patient whom it is about. All of it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubmissionSet {
    /// Unique id of the set.
    pub unique_id: Oid,
    /// Id of the software installation that submits.
    pub source_id: Oid,
    /// The patient of every document of the set.
    pub patient: Ins,
    /// When the set was made; seconds since 1970, written in UTC.
    pub submission_time: UnixTime,
}

/// A document of the lot.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LotDocument {
    /// Unique id of the document (not the id of its registry entry).
    pub unique_id: Oid,
    /// SHA-256 of its bytes as they are stored.
    pub sha256: Sha256Digest,
}

/// Bounds of a lot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LotLimits {
    /// Most documents; at least 1.
    pub max_documents: usize,
}

impl Default for LotLimits {
    fn default() -> Self {
        Self {
            max_documents: 10_000,
        }
    }
}

/// A lot that can be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LotDraft {
    pub(super) submission_set: SubmissionSet,
    pub(super) documents: Vec<LotDocument>,
}

/// Why documents do not make a lot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DraftError {
    /// No document.
    #[error("a lot has at least one document")]
    Empty,
    /// More documents than the limit.
    #[error("a lot has at most {limit} documents, this one has {count}")]
    TooMany {
        /// Documents given.
        count: usize,
        /// Documents allowed.
        limit: usize,
    },
    /// Two documents, or a document and the set, have the same unique id.
    #[error("the unique id {unique_id} stands twice in the lot")]
    DuplicateId {
        /// The id.
        unique_id: Oid,
    },
    /// The submission time is before 1970 or after the year 9999.
    #[error("the submission time is out of range")]
    SubmissionTime,
}

impl LotDraft {
    /// Puts a lot together.
    ///
    /// # Errors
    /// [`DraftError`].
    pub fn new(
        submission_set: SubmissionSet,
        documents: Vec<LotDocument>,
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
        if !crate::xades::is_writable_time(submission_set.submission_time) {
            return Err(DraftError::SubmissionTime);
        }
        let mut seen = HashSet::with_capacity(documents.len() + 1);
        seen.insert(&submission_set.unique_id);
        for document in &documents {
            if !seen.insert(&document.unique_id) {
                return Err(DraftError::DuplicateId {
                    unique_id: document.unique_id.clone(),
                });
            }
        }
        Ok(Self {
            submission_set,
            documents,
        })
    }

    /// The submission set.
    #[must_use]
    pub fn submission_set(&self) -> &SubmissionSet {
        &self.submission_set
    }

    /// The documents, in the order of the manifest.
    #[must_use]
    pub fn documents(&self) -> &[LotDocument] {
        &self.documents
    }
}
