//! Making a proof: what the request is in, bytes to sign out, signature in, header value out (RFC 9449 section 4.2).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_certs::UnixTime;
use serde::Serialize;

use super::P256PublicJwk;
use super::jwk::Members;
use super::proof::{ALGORITHM, TYPE};
use crate::algorithm::SignatureError;
use crate::digest::Sha256Digest;

/// A request that a key is to be proven for.
#[derive(Clone, Copy, Debug)]
pub struct ProofDraft<'a> {
    /// The client's key.
    pub key: &'a P256PublicJwk,
    /// Method of the request, such as `POST`.
    pub method: &'a str,
    /// Its URL, without query and fragment.
    pub url: &'a str,
    /// Now.
    pub issued_at: UnixTime,
    /// 16 fresh random bytes.
    pub identifier: [u8; 16],
    /// The session's token, where the request carries one.
    pub access_token: Option<&'a str>,
    /// What the server gave to be repeated: at a login the login's nonce.
    pub nonce: Option<&'a str>,
}

/// A proof that waits for its signature.
#[derive(Clone, Debug)]
pub struct PreparedProof {
    to_be_signed: String,
    key: P256PublicJwk,
}

#[derive(Serialize)]
struct Header<'a> {
    typ: &'static str,
    alg: &'static str,
    jwk: Members<'a>,
}

#[derive(Serialize)]
struct Claims<'a> {
    jti: String,
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

impl ProofDraft<'_> {
    /// Lays out the bytes to sign.
    ///
    /// # Errors
    /// None that can happen: every member is text or a number.
    pub fn prepare(&self) -> Result<PreparedProof, serde_json::Error> {
        let header = Header {
            typ: TYPE,
            alg: ALGORITHM,
            jwk: self.key.members(),
        };
        let claims = Claims {
            jti: URL_SAFE_NO_PAD.encode(self.identifier),
            htm: self.method,
            htu: self.url,
            iat: self.issued_at.0,
            ath: self.access_token.map(token_hash),
            nonce: self.nonce,
        };
        let part = |json: Vec<u8>| URL_SAFE_NO_PAD.encode(json);
        let header = part(serde_json::to_vec(&header)?);
        let claims = part(serde_json::to_vec(&claims)?);
        Ok(PreparedProof {
            to_be_signed: format!("{header}.{claims}"),
            key: self.key.clone(),
        })
    }
}

impl PreparedProof {
    /// The bytes to sign, ECDSA on P-256 with SHA-256.
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        self.to_be_signed.as_bytes()
    }

    /// Takes r and s, one after the other, and gives the value of the `DPoP` header.
    ///
    /// # Errors
    /// The signature is not the key's.
    pub fn complete(self, signature: &[u8]) -> Result<String, SignatureError> {
        self.key.verify(self.to_be_signed.as_bytes(), signature)?;
        Ok(format!(
            "{}.{}",
            self.to_be_signed,
            URL_SAFE_NO_PAD.encode(signature)
        ))
    }
}

/// `ath`: base64url of the token's SHA-256 (RFC 9449 section 4.2).
pub(super) fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256Digest::of(token.as_bytes()).as_bytes())
}
