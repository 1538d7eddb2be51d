//! Nonces: 32 random bytes for one login, or one approval of one lot, each (security facts 3.2). A nonce is consumed atomically *before* anything
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
    issue_as(store, Token::digest, now, lifetime, maximum_outstanding)
}

/// Issues a nonce for the approval of this lot; it is none for anything else.
///
/// # Errors
/// As [`issue`].
pub fn issue_for_lot<S>(
    store: &mut S,
    lot: &str,
    now: UnixTime,
    lifetime: i64,
    maximum_outstanding: u64,
) -> Result<(Token, UnixTime), Refusal>
where
    S: NonceStore,
    Refusal: From<S::Error>,
{
    let kept = |nonce: &Token| nonce.digest_for_lot(lot);
    issue_as(store, kept, now, lifetime, maximum_outstanding)
}

fn issue_as<S>(
    store: &mut S,
    kept: impl FnOnce(&Token) -> [u8; 32],
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
    store.keep(kept(&nonce), now, expires_at)?;
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
    consume_as(store, nonce.digest(), now)
}

/// The same for the nonce of this lot's approval.
///
/// # Errors
/// As [`consume`].
pub fn consume_for_lot<S>(
    store: &mut S,
    lot: &str,
    nonce: &Token,
    now: UnixTime,
) -> Result<(), Refusal>
where
    S: NonceStore,
    Refusal: From<S::Error>,
{
    consume_as(store, nonce.digest_for_lot(lot), now)
}

fn consume_as<S>(store: &mut S, kept: [u8; 32], now: UnixTime) -> Result<(), Refusal>
where
    S: NonceStore,
    Refusal: From<S::Error>,
{
    match store.consume(kept, now)? {
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

    use std::collections::HashMap;
    use std::convert::Infallible;

    use paraphe_certs::UnixTime;

    use super::{Consumed, NonceStore, consume, issue};
    use crate::problem::{Code, Refusal};
    use crate::storage::in_memory;
    use crate::token::Token;

    const NOW: UnixTime = UnixTime(1_795_000_000);

    /// What a store must do, in the fewest words; the database is held against it.
    #[derive(Default)]
    struct Memory(HashMap<[u8; 32], (UnixTime, bool)>);

    impl From<Infallible> for Refusal {
        fn from(never: Infallible) -> Self {
            match never {}
        }
    }

    impl NonceStore for Memory {
        type Error = Infallible;

        fn outstanding(&self, now: UnixTime) -> Result<u64, Infallible> {
            let outstanding = self
                .0
                .values()
                .filter(|(expires_at, consumed)| *expires_at > now && !consumed);
            Ok(u64::try_from(outstanding.count()).unwrap())
        }

        fn keep(
            &mut self,
            digest: [u8; 32],
            issued_at: UnixTime,
            expires_at: UnixTime,
        ) -> Result<(), Infallible> {
            let oldest = issued_at.plus_seconds(-super::REMEMBERED);
            self.0.retain(|_, (expires_at, _)| *expires_at >= oldest);
            self.0.insert(digest, (expires_at, false));
            Ok(())
        }

        fn consume(&mut self, digest: [u8; 32], _now: UnixTime) -> Result<Consumed, Infallible> {
            Ok(match self.0.get_mut(&digest) {
                None => Consumed::Unknown,
                Some((_, true)) => Consumed::Before,
                Some((expires_at, consumed)) => {
                    *consumed = true;
                    Consumed::Now {
                        expires_at: *expires_at,
                    }
                }
            })
        }
    }

    fn code<S: NonceStore>(store: &mut S, nonce: &Token, now: UnixTime) -> Code
    where
        Refusal: From<S::Error>,
    {
        consume(store, nonce, now).unwrap_err().code
    }

    fn rules<S: NonceStore>(store: &mut S)
    where
        Refusal: From<S::Error>,
    {
        // Serves once.
        let (nonce, expires_at) = issue(store, NOW, 120, 2).unwrap();
        assert_eq!(expires_at, NOW.plus_seconds(120));
        consume(store, &nonce, NOW).unwrap();
        assert_eq!(code(store, &nonce, NOW), Code::NonceUsed);
        // Expired at its very second, and burnt by the attempt.
        let (late, expires_at) = issue(store, NOW, 120, 2).unwrap();
        assert_eq!(code(store, &late, expires_at), Code::NonceExpired);
        assert_eq!(code(store, &late, NOW), Code::NonceUsed);
        // Never issued here.
        assert_eq!(
            code(store, &Token::random().unwrap(), NOW),
            Code::NonceUnknown
        );
        // Bounded: used and expired ones do not count.
        issue(store, NOW, 120, 2).unwrap();
        let (second, _) = issue(store, NOW, 120, 2).unwrap();
        assert_eq!(issue(store, NOW, 120, 2).unwrap_err().code, Code::TooBusy);
        consume(store, &second, NOW).unwrap();
        issue(store, NOW, 120, 2).unwrap();
        // Forgotten in the end.
        let much_later = NOW.plus_days(1);
        issue(store, much_later, 120, 2).unwrap();
        assert_eq!(code(store, &nonce, much_later), Code::NonceUnknown);
    }

    #[test]
    fn the_database_keeps_the_rules() {
        rules(&mut in_memory());
    }

    #[test]
    fn the_rules_hold_for_the_plainest_store() {
        rules(&mut Memory::default());
    }
}
