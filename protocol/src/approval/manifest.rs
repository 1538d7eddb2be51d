//! What is approved: who will sign, the submission set, its patient, and each document by unique id, title and digest.
//!
//! Both sides build it, the agent from the documents that it hashed, the record server from those that it received; only its
//! digest and the number of documents are signed. Refused: no document, more than the limit, a unique id twice, a title that a
//! person cannot have read (empty, longer than [`MAX_TITLE_CHARACTERS`], control characters), a signer's name that is not an
//! identifier.

use std::collections::HashSet;

use crate::digest::{Sha256Digest, Sha256Hasher};
use crate::identifiers::{Ins, Oid};
use crate::lot::LotDocument;
#[cfg(doc)]
use crate::lot::LotLimits;

/// Longest title, characters (as in a CDA header).
pub const MAX_TITLE_CHARACTERS: usize = 128;

/// Longest identifier of the structure that will sign, bytes.
const MAX_SIGNER_BYTES: usize = 64;

/// A document to approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovedDocument {
    /// Unique id and digest, as in the lot.
    pub document: LotDocument,
    /// Title, as the person read it.
    pub title: String,
}

/// Everything that an approval is about. `Debug` shows its digest only: the rest names the patient.
#[derive(Clone, PartialEq, Eq)]
pub struct ApprovalManifest {
    signer: String,
    submission_set: Oid,
    patient: Ins,
    documents: Vec<ApprovedDocument>,
}

/// Why nothing can be approved that way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// No document.
    #[error("an approval is about at least one document")]
    Empty,
    /// More documents than the limit.
    #[error("an approval is about at most {limit} documents here, this one has {count}")]
    TooMany {
        /// Documents given.
        count: usize,
        /// Documents allowed.
        limit: usize,
    },
    /// Two documents, or a document and the set, have the same unique id.
    #[error("the unique id {unique_id} stands twice in what is to be approved")]
    DuplicateId {
        /// The id.
        unique_id: Oid,
    },
    /// A title that nobody can have read.
    #[error(
        "the title of document {number} is empty, longer than {MAX_TITLE_CHARACTERS} characters, or has control characters"
    )]
    Title {
        /// Number of the document, from 1.
        number: usize,
    },
    /// Not the identifier of a structure.
    #[error("who will sign is named by 1 to {MAX_SIGNER_BYTES} visible ASCII characters")]
    Signer,
}

impl ApprovalManifest {
    /// Puts together what is approved. `signer` is the national identifier, with its type digit, of the structure whose certificate
    /// will sign; `max_documents` is the limit of the lot ([`LotLimits`]).
    ///
    /// # Errors
    /// [`ManifestError`].
    pub fn new(
        signer: &str,
        submission_set: Oid,
        patient: Ins,
        documents: Vec<ApprovedDocument>,
        max_documents: usize,
    ) -> Result<Self, ManifestError> {
        let named = (1..=MAX_SIGNER_BYTES).contains(&signer.len())
            && signer.bytes().all(|byte| byte.is_ascii_graphic());
        if !named {
            return Err(ManifestError::Signer);
        }
        if documents.is_empty() {
            return Err(ManifestError::Empty);
        }
        if documents.len() > max_documents {
            return Err(ManifestError::TooMany {
                count: documents.len(),
                limit: max_documents,
            });
        }
        let mut seen = HashSet::with_capacity(documents.len().saturating_add(1));
        seen.insert(&submission_set);
        for (number, ApprovedDocument { document, title }) in (1..).zip(&documents) {
            if !seen.insert(&document.unique_id) {
                return Err(ManifestError::DuplicateId {
                    unique_id: document.unique_id.clone(),
                });
            }
            let length = title.chars().take(MAX_TITLE_CHARACTERS + 1).count();
            if title.trim().is_empty()
                || length > MAX_TITLE_CHARACTERS
                || title.chars().any(char::is_control)
            {
                return Err(ManifestError::Title { number });
            }
        }
        Ok(Self {
            signer: signer.to_owned(),
            submission_set,
            patient,
            documents,
        })
    }

    /// Who will sign: national identifier of the structure, with its type digit.
    #[must_use]
    pub fn signer(&self) -> &str {
        &self.signer
    }

    /// The submission set.
    #[must_use]
    pub fn submission_set(&self) -> &Oid {
        &self.submission_set
    }

    /// Its patient.
    #[must_use]
    pub fn patient(&self) -> &Ins {
        &self.patient
    }

    /// The documents, in order.
    #[must_use]
    pub fn documents(&self) -> &[ApprovedDocument] {
        &self.documents
    }

    /// SHA-256 of the manifest: signer, set, patient, number of documents, then of each its unique id, title and digest; each with
    /// its length before it (4 bytes, big-endian), in order.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        let mut hasher = Sha256Hasher::new();
        let mut field = |bytes: &[u8]| {
            // At most 512 bytes each, checked by the constructor and by the types.
            let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            hasher.update(&length.to_be_bytes());
            hasher.update(bytes);
        };
        field(self.signer.as_bytes());
        field(self.submission_set.as_str().as_bytes());
        field(self.patient.to_cx().as_bytes());
        let count = u32::try_from(self.documents.len()).unwrap_or(u32::MAX);
        field(&count.to_be_bytes());
        for ApprovedDocument { document, title } in &self.documents {
            field(document.unique_id.as_str().as_bytes());
            field(title.as_bytes());
            field(document.sha256.as_bytes());
        }
        hasher.finish()
    }
}

impl std::fmt::Debug for ApprovalManifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "ApprovalManifest({} documents, {})",
            self.documents.len(),
            self.sha256()
        )
    }
}
