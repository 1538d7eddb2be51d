//! Documents that a verifier presents beside a signature: each read once, piece by piece, with every digest that the
//! signature needs; matched by name, then by content, and none left over.

use std::collections::{BTreeSet, HashMap};

use openssl::hash::Hasher;

use super::{Contents, DigestAlgorithm, ReadError, SubIndication, document_name};

/// What the caller presents. `names` has one entry for each document, in the order of [`Contents::read`].
pub struct Presented<'a> {
    /// File name or relative path, where there is one.
    pub names: &'a [Option<String>],
    /// Their contents.
    pub contents: &'a mut dyn Contents,
}

/// Digests of the presented documents, and which of them were found to be signed.
pub(crate) struct Digests {
    documents: Vec<Digested>,
}

struct Digested {
    bytes: u64,
    digests: HashMap<DigestAlgorithm, Vec<u8>>,
    is_signed: bool,
}

impl Digests {
    pub(crate) fn of(
        presented: &mut Presented<'_>,
        algorithms: &BTreeSet<DigestAlgorithm>,
    ) -> Result<Self, ReadError> {
        let mut documents = Vec::with_capacity(presented.names.len());
        for index in 0..presented.names.len() {
            documents.push(digest(presented.contents, index, algorithms)?);
        }
        Ok(Self { documents })
    }

    /// The document that a reference is of: the one of its name, which must then have its digest, or one of its content.
    /// Gives its position and length.
    pub(crate) fn find(
        &mut self,
        names: &[Option<String>],
        uri: &str,
        algorithm: DigestAlgorithm,
        expected: &[u8],
    ) -> Result<(usize, u64), ReadError> {
        let has_digest = |document: &Digested| {
            document.digests.get(&algorithm).map(Vec::as_slice) == Some(expected)
        };
        let named = self.named(names, uri);
        let position = match named {
            Some(index) if self.documents.get(index).is_some_and(has_digest) => Some(index),
            Some(_) => return Err(changed(uri)),
            None => self
                .documents
                .iter()
                .position(|document| !document.is_signed && has_digest(document)),
        };
        let is_any_left = self.documents.iter().any(|document| !document.is_signed);
        match position.and_then(|index| Some((index, self.documents.get_mut(index)?))) {
            Some((index, document)) => {
                document.is_signed = true;
                Ok((index, document.bytes))
            }
            None if is_any_left => Err(changed(uri)),
            None => Err(ReadError::new(
                SubIndication::SignedDataNotFound,
                "document-missing",
                "a signed document was not presented",
            )),
        }
    }

    /// The presented document of this name, by its whole path or its last part; only where it is the only one.
    fn named(&self, names: &[Option<String>], uri: &str) -> Option<usize> {
        let name = document_name::from_uri(uri);
        let last = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let by = |matches: &dyn Fn(&str) -> bool| {
            let mut found = names
                .iter()
                .zip(&self.documents)
                .enumerate()
                .filter(|(_, (candidate, document))| {
                    !document.is_signed && candidate.as_deref().is_some_and(matches)
                })
                .map(|(index, _)| index);
            found.next().filter(|_| found.next().is_none())
        };
        by(&|candidate| candidate == name)
            .or_else(|| by(&|candidate| last(candidate) == last(&name)))
    }

    /// Marks the one of these bytes as signed: content that stands in the signature too.
    pub(crate) fn mark(&mut self, bytes: &[u8]) -> Result<Option<usize>, ReadError> {
        for (index, document) in self.documents.iter_mut().enumerate() {
            for (algorithm, digest) in &document.digests {
                let same = algorithm.digest(bytes).is_ok_and(|found| found == *digest);
                if same && !document.is_signed {
                    document.is_signed = true;
                    return Ok(Some(index));
                }
            }
        }
        Ok(None)
    }

    /// Marks one whose content was judged elsewhere.
    pub(crate) fn mark_at(&mut self, index: usize) -> u64 {
        self.documents.get_mut(index).map_or(0, |document| {
            document.is_signed = true;
            document.bytes
        })
    }

    /// Demands that every presented document is signed.
    pub(crate) fn check_all_signed(&self) -> Result<(), ReadError> {
        match self
            .documents
            .iter()
            .position(|document| !document.is_signed)
        {
            None => Ok(()),
            Some(index) => Err(ReadError::new(
                SubIndication::HashFailure,
                "document-unknown",
                format!(
                    "number {} of the documents presented is not covered by this signature",
                    index.saturating_add(1)
                ),
            )),
        }
    }
}

fn changed(uri: &str) -> ReadError {
    let uri: String = uri.chars().take(128).collect();
    ReadError::new(
        SubIndication::HashFailure,
        "document-changed",
        format!("the document {uri} is not the one that was signed"),
    )
}

fn digest(
    contents: &mut dyn Contents,
    index: usize,
    algorithms: &BTreeSet<DigestAlgorithm>,
) -> Result<Digested, ReadError> {
    let unavailable = || {
        ReadError::new(
            SubIndication::CryptoConstraintsFailure,
            "unavailable-algorithm",
            "a digest algorithm is not available on this system",
        )
    };
    let mut hashers: Vec<(DigestAlgorithm, Hasher)> = Vec::with_capacity(algorithms.len());
    for algorithm in algorithms {
        hashers.push((*algorithm, algorithm.hasher().map_err(|_| unavailable())?));
    }
    let (mut bytes, mut failed) = (0u64, false);
    contents
        .read(index, &mut |piece| {
            bytes = bytes.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            for (_, hasher) in &mut hashers {
                failed |= hasher.update(piece).is_err();
            }
        })
        .map_err(|error| {
            ReadError::new(
                SubIndication::SignedDataNotFound,
                "document-unreadable",
                error.to_string(),
            )
        })?;
    let mut digests = HashMap::with_capacity(hashers.len());
    for (algorithm, mut hasher) in hashers {
        let digest = hasher.finish().map_err(|_| unavailable())?;
        digests.insert(algorithm, digest.to_vec());
    }
    if failed {
        return Err(unavailable());
    }
    Ok(Digested {
        bytes,
        digests,
        is_signed: false,
    })
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presented")
            .field("documents", &self.names.len())
            .finish_non_exhaustive()
    }
}
