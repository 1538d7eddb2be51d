//! The bytes that the card's signature key signs for an approval.
//!
//! `docs/signer-modes.md` lays them out, on the ground of what all statements of ours share (`signed_fields`). The context string
//! differs from a login's at its 13th byte, before any field that a caller can choose.

use paraphe_certs::UnixTime;

use super::{ApprovalManifest, ApprovalPurpose};
use crate::algorithm::SignatureAlgorithm;
use crate::digest::Sha256Digest;
use crate::login::{AgentNonce, Audience, Origin, ServerNonce};
use crate::signed_fields::SignedFields;

/// The context string between the 64 spaces and the NUL; it names the version of the layout.
pub const CONTEXT: &[u8] = b"card-agent approval of documents v1";

/// The fields of an approval, all of them signed.
#[derive(Clone, Copy, Debug)]
pub struct Fields<'a> {
    /// Algorithm of the signature.
    pub algorithm: SignatureAlgorithm,
    /// Record server that asks.
    pub audience: &'a Audience,
    /// Origin of the page through which it asks.
    pub origin: &'a Origin,
    /// The record server's nonce.
    pub server_nonce: &'a ServerNonce,
    /// The agent's nonce.
    pub agent_nonce: &'a AgentNonce,
    /// When the agent made it.
    pub issued_at: UnixTime,
    /// When it stops being acceptable.
    pub expires_at: UnixTime,
    /// Who signs after it.
    pub purpose: ApprovalPurpose,
    /// SHA-256 of the signature certificate's DER.
    pub certificate_sha256: Sha256Digest,
    /// What is approved.
    pub manifest: &'a ApprovalManifest,
    /// SHA-256 of the text that the person was shown.
    pub shown: Sha256Digest,
}

impl Fields<'_> {
    /// Lays the bytes out. Times before 1970 count as 0: no verifier accepts them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut fields = SignedFields::begin(CONTEXT);
        fields.field(self.algorithm.name().as_bytes());
        fields.field(self.audience.as_str().as_bytes());
        fields.field(self.origin.as_str().as_bytes());
        fields.field(self.server_nonce.as_bytes());
        fields.field(self.agent_nonce.as_bytes());
        fields.time(self.issued_at);
        fields.time(self.expires_at);
        fields.field(self.purpose.name().as_bytes());
        fields.field(self.certificate_sha256.as_bytes());
        fields.count(self.manifest.documents().len());
        fields.field(self.manifest.sha256().as_bytes());
        fields.field(self.shown.as_bytes());
        fields.finish()
    }
}
