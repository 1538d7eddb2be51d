//! The bytes of statements of our own that a card signs: a login, an approval.
//!
//! 64 spaces, a context string and a NUL come first, as in TLS 1.3 (RFC 8446 section 4.4.3), so that they can be neither CMS
//! signed attributes, nor a TLS transcript, nor an XML SignedInfo; the context string tells one kind of statement from another.
//! Every field of variable length carries its length, so that borders cannot slide: distinct fields give distinct bytes.

use paraphe_certs::UnixTime;

/// Statements that grow field by field.
pub(crate) struct SignedFields(Vec<u8>);

impl SignedFields {
    /// 64 spaces, the context string, a NUL.
    pub(crate) fn begin(context: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(768);
        bytes.resize(64, b' ');
        bytes.extend_from_slice(context);
        bytes.push(0);
        Self(bytes)
    }

    /// Length in 4 bytes, big-endian, then the bytes. Every field's own type bounds it to far less than that.
    pub(crate) fn field(&mut self, field: &[u8]) {
        self.count(field.len());
        self.0.extend_from_slice(field);
    }

    /// A number in 4 bytes, big-endian, unsigned.
    pub(crate) fn count(&mut self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&count.to_be_bytes());
    }

    /// Seconds since 1970-01-01T00:00:00Z in 8 bytes, big-endian, unsigned. Times before 1970 count as 0: no verifier accepts
    /// them.
    pub(crate) fn time(&mut self, time: UnixTime) {
        let seconds = u64::try_from(time.0).unwrap_or(0);
        self.0.extend_from_slice(&seconds.to_be_bytes());
    }

    /// The bytes.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}
