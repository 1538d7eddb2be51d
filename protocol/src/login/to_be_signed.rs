//! The bytes that the card's authentication key signs for a login.
//!
//! `docs/login-assertion.md` lays them out. 64 spaces, a context string and a NUL come first, as in
//! TLS 1.3 (RFC 8446 section 4.4.3), so that they can be neither CMS signed attributes, nor a TLS
//! transcript, nor an XML SignedInfo. Every field of variable length carries its length, so that
//! borders cannot slide: distinct fields give distinct bytes.

use paraphe_certs::UnixTime;

use super::{AgentNonce, Audience, ChannelBinding, Origin, ServerNonce};
use crate::algorithm::SignatureAlgorithm;
use crate::digest::Sha256Digest;

/// The context string between the 64 spaces and the NUL; it names the version of the layout.
pub const CONTEXT: &[u8] = b"card-agent authentication v1";

/// What the act is; an assertion is never a consent to sign, nor a session.
const PURPOSE: &[u8] = b"authenticate";

/// The fields of a login, all of them signed.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// Algorithm of the signature.
    pub algorithm: SignatureAlgorithm,
    /// Record server that is logged in to.
    pub audience: &'a Audience,
    /// Origin of the page that asked.
    pub origin: &'a Origin,
    /// The record server's nonce.
    pub server_nonce: &'a ServerNonce,
    /// The agent's nonce.
    pub agent_nonce: &'a AgentNonce,
    /// When the agent made it.
    pub issued_at: UnixTime,
    /// When it stops being acceptable.
    pub expires_at: UnixTime,
    /// SHA-256 of the authentication certificate's DER.
    pub certificate_sha256: Sha256Digest,
    /// What the login is bound to.
    pub channel_binding: &'a ChannelBinding,
    /// SHA-256 of the text that the user was shown.
    pub shown: Sha256Digest,
    /// SHA-256 of the algorithms that the record server offered.
    pub offered: Sha256Digest,
}

impl Fields<'_> {
    /// Lays the bytes out. Times before 1970 count as 0: no verifier accepts them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(768);
        bytes.resize(64, b' ');
        bytes.extend_from_slice(CONTEXT);
        bytes.push(0);
        push_field(&mut bytes, self.algorithm.name().as_bytes());
        push_field(&mut bytes, self.audience.as_str().as_bytes());
        push_field(&mut bytes, self.origin.as_str().as_bytes());
        push_field(&mut bytes, self.server_nonce.as_bytes());
        push_field(&mut bytes, self.agent_nonce.as_bytes());
        push_time(&mut bytes, self.issued_at);
        push_time(&mut bytes, self.expires_at);
        push_field(&mut bytes, PURPOSE);
        push_field(&mut bytes, self.certificate_sha256.as_bytes());
        push_field(&mut bytes, self.channel_binding.kind().name().as_bytes());
        push_field(&mut bytes, self.channel_binding.value());
        push_field(&mut bytes, self.shown.as_bytes());
        push_field(&mut bytes, self.offered.as_bytes());
        bytes
    }
}

/// Length in 4 bytes, big-endian, then the bytes. Every field's own type bounds it to 267 bytes.
fn push_field(bytes: &mut Vec<u8>, field: &[u8]) {
    let length = u32::try_from(field.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(field);
}

/// Seconds since 1970-01-01T00:00:00Z in 8 bytes, big-endian, unsigned.
fn push_time(bytes: &mut Vec<u8>, time: UnixTime) {
    bytes.extend_from_slice(&u64::try_from(time.0).unwrap_or(0).to_be_bytes());
}
