//! Nonces: 32 random bytes for one login each (security facts 3.2). A nonce is consumed atomically *before* anything
//! is verified, so that an attempt that fails later has burnt it and, of many submissions of one assertion, at most
//! one goes on. Only the SHA-256 is kept. A consumed nonce is remembered for a while, so that "used" and "never
//! issued" are told apart.

use paraphe_certs::UnixTime;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use crate::problem::{Code, Refusal};
use crate::token::Token;

/// Answer to `POST /v1/nonce`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonceResponse {
    /// 32 bytes, base64url without padding.
    pub nonce: String,
    /// From this time on it is refused.
    pub expires_at: UnixTime,
    /// What the assertion must be made for.
    pub audience: String,
}

/// How long an expired or consumed nonce is remembered after its expiry, seconds.
const REMEMBERED: i64 = 3_600;

/// Where nonces are kept. An implementation must make `consume` atomic.
pub trait NonceStore {
    /// What can go wrong underneath.
    type Error;

    /// Nonces that are neither consumed nor expired.
    ///
    /// # Errors
    /// The store failed.
    fn outstanding(&self, now: UnixTime) -> Result<u64, Self::Error>;

    /// Keeps a new nonce and forgets those that expired more than an hour ago.
    ///
    /// # Errors
    /// The store failed.
    fn keep(
        &mut self,
        digest: [u8; 32],
        issued_at: UnixTime,
        expires_at: UnixTime,
    ) -> Result<(), Self::Error>;

    /// Marks the nonce consumed if it was not, in one step.
    ///
    /// # Errors
    /// The store failed.
    fn consume(&mut self, digest: [u8; 32], now: UnixTime) -> Result<Consumed, Self::Error>;
}

/// What consuming found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consumed {
    /// It was there, unused; it is used now. Its expiry is still to be judged.
    Now {
        /// From this time on it is refused.
        expires_at: UnixTime,
    },
    /// Somebody consumed it before.
    Before,
    /// It was never issued, or is forgotten.
    Unknown,
}

/// Issues a nonce.
///
/// # Errors
/// `too-busy` where as many as allowed are outstanding; the store failed.
pub fn issue<S>(
    store: &mut S,
    now: UnixTime,
    lifetime: i64,
    maximum_outstanding: u64,
) -> Result<(Token, UnixTime), Refusal>
where
    S: NonceStore,
    Refusal: From<S::Error>,
{
    if store.outstanding(now)? >= maximum_outstanding {
        return Err(Code::TooBusy.into());
    }
    let nonce = Token::random()?;
    let expires_at = now.plus_seconds(lifetime);
    store.keep(nonce.digest(), now, expires_at)?;
    Ok((nonce, expires_at))
}

/// Consumes the nonce, then says whether it could be used.
///
/// # Errors
/// `nonce-unknown`, `nonce-used`, `nonce-expired`; the store failed.
pub fn consume<S>(store: &mut S, nonce: &Token, now: UnixTime) -> Result<(), Refusal>
where
    S: NonceStore,
    Refusal: From<S::Error>,
{
    match store.consume(nonce.digest(), now)? {
        Consumed::Now { expires_at } if now < expires_at => Ok(()),
        Consumed::Now { .. } => Err(Code::NonceExpired.into()),
        Consumed::Before => Err(Code::NonceUsed.into()),
        Consumed::Unknown => Err(Code::NonceUnknown.into()),
    }
}

impl NonceStore for Connection {
    type Error = rusqlite::Error;

    fn outstanding(&self, now: UnixTime) -> Result<u64, Self::Error> {
        self.prepare_cached(
            "SELECT count(*) FROM nonce WHERE expires_at > ?1 AND consumed_at IS NULL",
        )?
        .query_row([now.0], |row| row.get(0))
    }

    fn keep(
        &mut self,
        digest: [u8; 32],
        issued_at: UnixTime,
        expires_at: UnixTime,
    ) -> Result<(), Self::Error> {
        let transaction = self.transaction()?;
        transaction.execute(
            "DELETE FROM nonce WHERE expires_at < ?1",
            [issued_at.plus_seconds(-REMEMBERED).0],
        )?;
        transaction.execute(
            "INSERT INTO nonce (digest, issued_at, expires_at) VALUES (?1, ?2, ?3)",
            params![digest, issued_at.0, expires_at.0],
        )?;
        transaction.commit()
    }

    fn consume(&mut self, digest: [u8; 32], now: UnixTime) -> Result<Consumed, Self::Error> {
        let taken: Option<i64> = self
            .prepare_cached("UPDATE nonce SET consumed_at = ?2 WHERE digest = ?1 AND consumed_at IS NULL RETURNING expires_at")?
            .query_row(params![digest, now.0], |row| row.get(0))
            .optional()?;
        if let Some(expires_at) = taken {
            return Ok(Consumed::Now {
                expires_at: UnixTime(expires_at),
            });
        }
        let known: bool = self.query_row(
            "SELECT EXISTS (SELECT 1 FROM nonce WHERE digest = ?1)",
            [digest],
            |row| row.get(0),
        )?;
        Ok(if known {
            Consumed::Before
        } else {
            Consumed::Unknown
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use paraphe_certs::UnixTime;

    use super::{consume, issue};
    use crate::problem::Code;
    use crate::storage::in_memory;
    use crate::token::Token;

    const NOW: UnixTime = UnixTime(1_795_000_000);

    #[test]
    fn a_nonce_serves_once() {
        let mut store = in_memory();
        let (nonce, expires_at) = issue(&mut store, NOW, 120, 10).unwrap();
        assert_eq!(expires_at, NOW.plus_seconds(120));
        consume(&mut store, &nonce, NOW).unwrap();
        assert_eq!(
            consume(&mut store, &nonce, NOW).unwrap_err().code,
            Code::NonceUsed
        );
    }

    #[test]
    fn an_expired_nonce_is_refused_and_burnt() {
        let mut store = in_memory();
        let (nonce, expires_at) = issue(&mut store, NOW, 120, 10).unwrap();
        assert_eq!(
            consume(&mut store, &nonce, expires_at).unwrap_err().code,
            Code::NonceExpired
        );
        assert_eq!(
            consume(&mut store, &nonce, NOW).unwrap_err().code,
            Code::NonceUsed
        );
    }

    #[test]
    fn a_foreign_nonce_is_unknown() {
        let mut store = in_memory();
        let foreign = Token::random().unwrap();
        assert_eq!(
            consume(&mut store, &foreign, NOW).unwrap_err().code,
            Code::NonceUnknown
        );
    }

    #[test]
    fn outstanding_nonces_are_bounded_and_old_ones_forgotten() {
        let mut store = in_memory();
        let (first, _) = issue(&mut store, NOW, 120, 2).unwrap();
        issue(&mut store, NOW, 120, 2).unwrap();
        assert_eq!(
            issue(&mut store, NOW, 120, 2).unwrap_err().code,
            Code::TooBusy
        );
        consume(&mut store, &first, NOW).unwrap();
        issue(&mut store, NOW, 120, 2).unwrap();
        let much_later = NOW.plus_days(1);
        issue(&mut store, much_later, 120, 2).unwrap();
        assert_eq!(
            consume(&mut store, &first, much_later).unwrap_err().code,
            Code::NonceUnknown
        );
    }
}
