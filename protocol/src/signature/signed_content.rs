//! What a signature file holds and signs, given out as the bytes that were hashed and in no other way.

/// Something that is signed, as the bytes that were hashed. Only the reader makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedContent {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl SignedContent {
    /// How the signature names it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its bytes: the document's own, or its canonical form where it was enclosed as XML.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for SignedContent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedContent")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
