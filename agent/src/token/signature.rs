//! Signatures as they leave a token: one type for each purpose of a key, whatever made them.

use paraphe_protocol::card;

/// A signature by an authentication key. It proves presence and signs no document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthenticationSignature(Vec<u8>);

/// A signature by a signature key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DocumentSignature(Vec<u8>);

impl AuthenticationSignature {
    /// One that was checked with the certificate of an authentication key.
    pub(super) fn checked(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, big-endian as RFC 8017 writes them.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl DocumentSignature {
    /// One that was checked with the certificate of a signature key.
    pub(super) fn checked(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The value as keys give it: RSA big-endian, ECDSA r and s one after the other.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A card's driver checked it with the card's certificate already.
impl From<card::AuthenticationSignature> for AuthenticationSignature {
    fn from(signature: card::AuthenticationSignature) -> Self {
        Self(signature.into_bytes())
    }
}

/// A card's driver checked it with the card's certificate already.
impl From<card::DocumentSignature> for DocumentSignature {
    fn from(signature: card::DocumentSignature) -> Self {
        Self(signature.into_bytes())
    }
}
