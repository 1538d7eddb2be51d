//! Nonces of a record server: 32 random bytes for one login, or one approval of one lot, each. What is kept is a digest over what the
//! nonce is for and the nonce, so that one of a login is none for an approval, nor for another server that shares the store.

use paraphe_certs::UnixTime;

use super::{Consumed, SingleUseStore};
use crate::digest::Sha256Hasher;
use crate::login::{Audience, Origin, ServerNonce};

/// A nonce that was given out.
#[derive(Clone, Debug)]
pub struct IssuedNonce {
    /// 32 bytes.
    pub nonce: ServerNonce,
    /// From this time on it is refused.
    pub expires_at: UnixTime,
}

/// The nonce of a login, used up. Only [`super::LoginServer::consume_nonce`] makes one, and verification takes it away.
#[derive(Debug)]
pub struct ConsumedNonce {
    pub(super) nonce: ServerNonce,
}

/// Why a nonce is refused, or none is given.
#[derive(Debug, thiserror::Error)]
pub enum NonceRefusal<E> {
    /// It was never issued for this, or is forgotten.
    #[error("the nonce was never issued here for this purpose")]
    Unknown,
    /// It served before.
    #[error("the nonce was used before")]
    Used,
    /// It is too old; it is used up now.
    #[error("the nonce has expired")]
    Expired,
    /// As many as allowed are outstanding.
    #[error("too many nonces are outstanding")]
    TooMany,
    /// The store failed.
    #[error("the store of what serves once failed")]
    Store(#[source] E),
}

/// What a nonce is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose<'a> {
    Login(&'a Audience, &'a Origin),
    Approval(&'a str),
}

impl Purpose<'_> {
    fn digest(self, nonce: &ServerNonce) -> [u8; 32] {
        let mut hasher = Sha256Hasher::new();
        let texts = match self {
            Self::Login(audience, origin) => ["login", audience.as_str(), origin.as_str()],
            Self::Approval(lot) => ["approval of lot", lot, ""],
        };
        for text in texts {
            // None of them holds a NUL: an audience and an origin are visible ASCII, a lot's name is the server's own.
            hasher.update(text.as_bytes());
            hasher.update(&[0]);
        }
        hasher.update(nonce.as_bytes());
        *hasher.finish().as_bytes()
    }
}

/// Issues a nonce of these 32 random bytes for the approval of one lot.
///
/// # Errors
/// [`NonceRefusal::TooMany`], [`NonceRefusal::Store`].
pub fn issue_for_approval<S: SingleUseStore>(
    store: &mut S,
    lot: &str,
    random: [u8; 32],
    (now, lifetime_seconds): (UnixTime, i64),
    maximum_outstanding: u64,
) -> Result<IssuedNonce, NonceRefusal<S::Error>> {
    let life = (now, lifetime_seconds);
    issue(
        store,
        Purpose::Approval(lot),
        random,
        life,
        maximum_outstanding,
    )
}

/// Consumes the nonce of the approval of one lot, base64url, then says whether it could be used.
///
/// # Errors
/// [`NonceRefusal`].
pub fn consume_for_approval<S: SingleUseStore>(
    store: &mut S,
    lot: &str,
    nonce: &str,
    now: UnixTime,
) -> Result<ServerNonce, NonceRefusal<S::Error>> {
    consume(store, Purpose::Approval(lot), nonce, now)
}

pub(super) fn issue<S: SingleUseStore>(
    store: &mut S,
    purpose: Purpose<'_>,
    random: [u8; 32],
    (now, lifetime_seconds): (UnixTime, i64),
    maximum_outstanding: u64,
) -> Result<IssuedNonce, NonceRefusal<S::Error>> {
    if store.outstanding(now).map_err(NonceRefusal::Store)? >= maximum_outstanding {
        return Err(NonceRefusal::TooMany);
    }
    let nonce = ServerNonce::of_32_bytes(random);
    let expires_at = now.plus_seconds(lifetime_seconds);
    store
        .keep(purpose.digest(&nonce), now, expires_at)
        .map_err(NonceRefusal::Store)?;
    Ok(IssuedNonce { nonce, expires_at })
}

pub(super) fn consume<S: SingleUseStore>(
    store: &mut S,
    purpose: Purpose<'_>,
    nonce: &str,
    now: UnixTime,
) -> Result<ServerNonce, NonceRefusal<S::Error>> {
    let nonce = ServerNonce::from_base64url(nonce).map_err(|_| NonceRefusal::Unknown)?;
    let consumed = store.consume(purpose.digest(&nonce), now);
    match consumed.map_err(NonceRefusal::Store)? {
        Consumed::Now { expires_at } if now < expires_at => Ok(nonce),
        Consumed::Now { .. } => Err(NonceRefusal::Expired),
        Consumed::Before => Err(NonceRefusal::Used),
        Consumed::Unknown => Err(NonceRefusal::Unknown),
    }
}
