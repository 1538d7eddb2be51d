//! What a server must remember so that things serve once: nonces that it gave out, and proofs that it saw.
//!
//! Only SHA-256 digests are kept. A nonce is consumed in one step, so that of any number of submissions of one assertion, over any number
//! of servers that share the store, at most one goes on. Rows are forgotten some time after they expire.

use paraphe_certs::UnixTime;

/// How long an expired or consumed nonce is remembered after its expiry, seconds, so that "used" and "never issued" are told apart.
pub const REMEMBERED_SECONDS: i64 = 3_600;

/// Where it is kept. `consume` and `first_use` must be atomic over everybody who uses the same store.
pub trait SingleUseStore {
    /// What can go wrong underneath.
    type Error;

    /// Nonces that are neither consumed nor expired.
    ///
    /// # Errors
    /// The store failed.
    fn outstanding(&mut self, now: UnixTime) -> Result<u64, Self::Error>;

    /// Keeps a new nonce, and forgets those that expired more than [`REMEMBERED_SECONDS`] before `issued_at`.
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

    /// Whether this is the first time that this digest is seen, in one step. It is remembered until `forget_at`; those whose time came
    /// by `now` are forgotten.
    ///
    /// # Errors
    /// The store failed.
    fn first_use(
        &mut self,
        digest: [u8; 32],
        now: UnixTime,
        forget_at: UnixTime,
    ) -> Result<bool, Self::Error>;
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
