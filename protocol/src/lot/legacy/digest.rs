//! SHA-1 (FIPS 180-4) for profile `dmp-legacy` and nothing else: of a document's bytes, and of its canonical form where it is
//! XML, computed in one pass. XML beyond a limit has no canonical digest: it would have to be wholly in memory.

use std::fmt;

use openssl::sha::Sha1;

use super::DmpLegacy;
use crate::xml::{Canonicalization, Selection, gate};

/// Largest XML document of the profile, in bytes.
pub const MAXIMUM_CANONICAL_BYTES: usize = 64 * 1024 * 1024;

/// A SHA-1 digest of this profile.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LegacyDigest([u8; 20]);

/// Both digests that a document can be signed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyDigests {
    /// Of its bytes.
    pub raw: LegacyDigest,
    /// Of its canonical form with comments; `None` where it is not XML that passes the gate.
    pub canonical: Option<LegacyDigest>,
}

/// Computes them piece by piece.
pub struct LegacyHasher {
    raw: Sha1,
    /// `None` once it is too long.
    whole: Option<Vec<u8>>,
}

impl LegacyDigest {
    pub(super) fn of(_: DmpLegacy, bytes: &[u8]) -> Self {
        Self(openssl::sha::sha1(bytes))
    }

    pub(super) fn from_bytes(_: DmpLegacy, bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The 20 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }
}

impl LegacyHasher {
    /// Starts a computation.
    #[must_use]
    pub fn new(_: DmpLegacy) -> Self {
        Self {
            raw: Sha1::new(),
            whole: Some(Vec::new()),
        }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.raw.update(bytes);
        if let Some(whole) = &mut self.whole {
            let is_xml = whole.is_empty() || begins_as_xml(whole);
            if is_xml && whole.len().saturating_add(bytes.len()) <= MAXIMUM_CANONICAL_BYTES {
                whole.extend_from_slice(bytes);
            } else {
                self.whole = None;
            }
        }
    }

    /// Ends the computation.
    #[must_use]
    pub fn finish(self) -> LegacyDigests {
        LegacyDigests {
            raw: LegacyDigest(self.raw.finish()),
            canonical: self.whole.as_deref().and_then(canonical),
        }
    }
}

fn begins_as_xml(bytes: &[u8]) -> bool {
    bytes
        .trim_ascii_start()
        .first()
        .is_none_or(|byte| *byte == b'<')
}

fn canonical(bytes: &[u8]) -> Option<LegacyDigest> {
    if !begins_as_xml(bytes) {
        return None;
    }
    let limits = gate::Limits {
        bytes: MAXIMUM_CANONICAL_BYTES,
        elements: 500_000,
        attributes: 64,
        depth: 100,
    };
    let document = gate::parse_document(bytes, &limits).ok()?;
    let selection = Selection {
        comments: true,
        ..Selection::document()
    };
    let form = Canonicalization::INCLUSIVE_WITH_COMMENTS.canonical(&document, selection);
    Some(LegacyDigest(openssl::sha::sha1(&form.ok()?)))
}

impl fmt::Display for LegacyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LegacyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LegacyDigest({self})")
    }
}

impl fmt::Debug for LegacyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LegacyHasher")
    }
}
