//! Proof of possession of a key at every request (RFC 9449, DPoP): what a session is bound to, so that its token is useless to whoever
//! steals it.
//!
//! A proof is a JSON web signature (RFC 7515) of method, URL and time by the client's own key, which travels inside. [`verify`] checks one
//! against the request that it came with; [`VerifiedProof::first_use`] sees to it that it serves once. Made in two steps:
//! [`ProofDraft::prepare`], a signature elsewhere, [`PreparedProof::complete`].
//!
//! One algorithm: ES256, which every browser makes with a key that cannot be taken out. Refused: any other, a key that is not a public
//! P-256 key, a private key in the proof, a proof above [`MAX_PROOF_BYTES`].

mod draft;
mod jwk;
mod proof;

pub use draft::{PreparedProof, ProofDraft};
pub use jwk::{JwkError, P256PublicJwk};
pub use proof::{
    FirstUseError, FreshProof, MAX_PROOF_BYTES, PROOF_WINDOW_SECONDS, ProofError, ProofExpectation,
    VerifiedProof, verify,
};
