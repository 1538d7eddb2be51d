//! The bytes that the card's authentication key signs for a login.
//!
//! `docs/login-assertion.md` lays them out, on the ground of what all statements of ours share (`signed_fields`).

use paraphe_certs::UnixTime;

use super::{AgentNonce, Audience, ChannelBinding, ChannelBindingKind, Origin, ServerNonce};
use crate::algorithm::SignatureAlgorithm;
use crate::digest::Sha256Digest;
use crate::signed_fields::SignedFields;

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
        WrittenFields {
            algorithm: self.algorithm,
            audience: self.audience.as_str(),
            origin: self.origin.as_str(),
            server_nonce: self.server_nonce.as_bytes(),
            agent_nonce: self.agent_nonce,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            certificate_sha256: self.certificate_sha256,
            binding: self.channel_binding.kind(),
            binding_value: self.channel_binding.value(),
            shown: self.shown,
            offered: self.offered,
        }
        .to_bytes()
    }
}

/// The same with the terms as somebody wrote them, who need not have written what a server would accept: for telling why a
/// signature that does not hold was made ([`super::StatedTerms`]).
#[derive(Clone, Copy)]
pub(super) struct WrittenFields<'a> {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) audience: &'a str,
    pub(super) origin: &'a str,
    pub(super) server_nonce: &'a [u8],
    pub(super) agent_nonce: &'a AgentNonce,
    pub(super) issued_at: UnixTime,
    pub(super) expires_at: UnixTime,
    pub(super) certificate_sha256: Sha256Digest,
    pub(super) binding: ChannelBindingKind,
    pub(super) binding_value: &'a [u8],
    pub(super) shown: Sha256Digest,
    pub(super) offered: Sha256Digest,
}

impl WrittenFields<'_> {
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut fields = SignedFields::begin(CONTEXT);
        fields.field(self.algorithm.name().as_bytes());
        fields.field(self.audience.as_bytes());
        fields.field(self.origin.as_bytes());
        fields.field(self.server_nonce);
        fields.field(self.agent_nonce.as_bytes());
        fields.time(self.issued_at);
        fields.time(self.expires_at);
        fields.field(PURPOSE);
        fields.field(self.certificate_sha256.as_bytes());
        fields.field(self.binding.name().as_bytes());
        fields.field(self.binding_value);
        fields.field(self.shown.as_bytes());
        fields.field(self.offered.as_bytes());
        fields.finish()
    }
}
