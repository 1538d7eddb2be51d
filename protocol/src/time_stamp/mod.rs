//! Time stamps (RFC 3161, RFC 5816): what an authority signs to say that a digest existed at a time.

/// A time-stamp token, DER of the `ContentInfo` as the authority sent it, never encoded again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeStampToken {
    der: Vec<u8>,
}

impl TimeStampToken {
    /// The bytes.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}
