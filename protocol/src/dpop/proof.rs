//! Checking a proof against the request that it came with (RFC 9449 section 4.3), in this order: form, key, signature, method, URL,
//! nonce, token, time; then, by [`VerifiedProof::first_use`], that it was not used before.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_certs::UnixTime;
use serde::Deserialize;

use super::draft::token_hash;
use super::jwk::WrittenJwk;
use super::{JwkError, P256PublicJwk};
use crate::digest::{Sha256Digest, Sha256Hasher};
use crate::login_server::SingleUseStore;

/// Most bytes of a proof.
pub const MAX_PROOF_BYTES: usize = 4096;

/// How far the time of a proof may be from the server's, seconds, either way.
pub const PROOF_WINDOW_SECONDS: i64 = 120;

/// Most characters of a proof's own identifier.
const MAX_IDENTIFIER: usize = 256;

pub(super) const TYPE: &str = "dpop+jwt";
pub(super) const ALGORITHM: &str = "ES256";

/// The request that a proof must be for.
#[derive(Clone, Copy, Debug)]
pub struct ProofExpectation<'a> {
    /// Method of the request.
    pub method: &'a str,
    /// The URLs by which the server knows itself, with the request's path, without query: one of them must be named, byte by byte.
    pub urls: &'a [String],
    /// The token that came with the request, where one did.
    pub access_token: Option<&'a str>,
    /// What must be repeated, where anything must.
    pub nonce: Option<&'a str>,
    /// The server's clock.
    pub now: UnixTime,
}

/// A proof that holds for its request; it may have been used before.
#[derive(Debug)]
#[must_use = "a proof may be a repetition until `first_use` says otherwise"]
pub struct VerifiedProof {
    thumbprint: Sha256Digest,
    identifier: Sha256Digest,
    issued_at: UnixTime,
}

/// A proof that holds for its request and was never used. Only [`VerifiedProof::first_use`] makes one.
#[derive(Debug)]
pub struct FreshProof {
    thumbprint: Sha256Digest,
}

/// Why a proof does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// Not three parts of base64url with the JSON that belongs there, or too long.
    #[error("the proof is malformed")]
    Malformed,
    /// Another type, or an algorithm but ES256.
    #[error("a proof is of type {TYPE} and signed by {ALGORITHM}")]
    Kind,
    /// Its key.
    #[error(transparent)]
    Key(#[from] JwkError),
    /// Its own key did not sign it.
    #[error("the proof's signature is not its key's")]
    Signature,
    /// For another method.
    #[error("the proof is for another method")]
    Method,
    /// For another URL.
    #[error("the proof is for another URL")]
    Url,
    /// It does not repeat what it must.
    #[error("the proof does not repeat the nonce")]
    Nonce,
    /// For another token, or for none.
    #[error("the proof is for another token")]
    Token,
    /// Too old, or from the future.
    #[error("the proof is not of this moment; is the workstation's clock right?")]
    Time,
}

/// Why a proof that holds cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FirstUseError<E> {
    /// It was used before.
    #[error("the proof was used before")]
    Replayed,
    /// The store failed.
    #[error("the store of what serves once failed")]
    Store(#[source] E),
}

#[derive(Deserialize)]
struct Header {
    typ: String,
    alg: String,
    jwk: WrittenJwk,
}

#[derive(Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    iat: i64,
    ath: Option<String>,
    nonce: Option<String>,
}

/// Checks the value of a `DPoP` header. A request with two such headers is the caller's to refuse.
///
/// # Errors
/// [`ProofError`], the first check that fails.
pub fn verify(proof: &str, expected: &ProofExpectation<'_>) -> Result<VerifiedProof, ProofError> {
    if proof.len() > MAX_PROOF_BYTES {
        return Err(ProofError::Malformed);
    }
    let (signed, signature) = proof.rsplit_once('.').ok_or(ProofError::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(ProofError::Malformed)?;
    let decode = |part: &str| {
        URL_SAFE_NO_PAD
            .decode(part)
            .map_err(|_| ProofError::Malformed)
    };
    let header: Header =
        serde_json::from_slice(&decode(header)?).map_err(|_| ProofError::Malformed)?;
    let claims: Claims =
        serde_json::from_slice(&decode(claims)?).map_err(|_| ProofError::Malformed)?;
    if header.typ != TYPE || header.alg != ALGORITHM {
        return Err(ProofError::Kind);
    }
    let key = P256PublicJwk::from_written(&header.jwk)?;
    key.verify(signed.as_bytes(), &decode(signature)?)
        .map_err(|_| ProofError::Signature)?;
    if !(1..=MAX_IDENTIFIER).contains(&claims.jti.len()) {
        return Err(ProofError::Malformed);
    }
    if claims.htm != expected.method {
        return Err(ProofError::Method);
    }
    let url = claims.htu.split(['?', '#']).next().unwrap_or_default();
    if !expected.urls.iter().any(|known| known == url) {
        return Err(ProofError::Url);
    }
    if expected.nonce.is_some() && claims.nonce.as_deref() != expected.nonce {
        return Err(ProofError::Nonce);
    }
    if claims.ath != expected.access_token.map(token_hash) {
        return Err(ProofError::Token);
    }
    let away = expected.now.0.saturating_sub(claims.iat);
    if away.saturating_abs() > PROOF_WINDOW_SECONDS {
        return Err(ProofError::Time);
    }
    let thumbprint = key.thumbprint();
    let mut identifier = Sha256Hasher::new();
    identifier.update(b"DPoP proof\0");
    identifier.update(thumbprint.as_bytes());
    identifier.update(claims.jti.as_bytes());
    Ok(VerifiedProof {
        thumbprint,
        identifier: identifier.finish(),
        issued_at: UnixTime(claims.iat),
    })
}

impl VerifiedProof {
    /// Takes note of the proof for as long as it could be repeated.
    ///
    /// # Errors
    /// [`FirstUseError`].
    pub fn first_use<S: SingleUseStore>(
        self,
        store: &mut S,
        now: UnixTime,
    ) -> Result<FreshProof, FirstUseError<S::Error>> {
        // One second more than the window: the store forgets at the second that it is told.
        let forget_at = self.issued_at.plus_seconds(PROOF_WINDOW_SECONDS + 1);
        let first = store
            .first_use(*self.identifier.as_bytes(), now, forget_at)
            .map_err(FirstUseError::Store)?;
        if first {
            Ok(FreshProof {
                thumbprint: self.thumbprint,
            })
        } else {
            Err(FirstUseError::Replayed)
        }
    }
}

impl FreshProof {
    /// Thumbprint of the key that was proven.
    #[must_use]
    pub fn thumbprint(&self) -> Sha256Digest {
        self.thumbprint
    }
}
