//! The store of one server that forgets everything when it stops. Handles are clones of one another.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paraphe_certs::UnixTime;

use super::{Consumed, REMEMBERED_SECONDS, SingleUseStore};

/// A store in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    nonces: HashMap<[u8; 32], Nonce>,
    /// With the time when each is forgotten.
    seen: HashMap<[u8; 32], UnixTime>,
}

#[derive(Debug)]
struct Nonce {
    expires_at: UnixTime,
    consumed: bool,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SingleUseStore for MemoryStore {
    type Error = Infallible;

    fn outstanding(&mut self, now: UnixTime) -> Result<u64, Infallible> {
        let held = self.held();
        let nonces = held.nonces.values();
        let outstanding = nonces.filter(|nonce| nonce.expires_at > now && !nonce.consumed);
        Ok(u64::try_from(outstanding.count()).unwrap_or(u64::MAX))
    }

    fn keep(
        &mut self,
        digest: [u8; 32],
        issued_at: UnixTime,
        expires_at: UnixTime,
    ) -> Result<(), Infallible> {
        let oldest = issued_at.plus_seconds(-REMEMBERED_SECONDS);
        let mut held = self.held();
        held.nonces.retain(|_, nonce| nonce.expires_at >= oldest);
        let nonce = Nonce {
            expires_at,
            consumed: false,
        };
        held.nonces.insert(digest, nonce);
        Ok(())
    }

    fn consume(&mut self, digest: [u8; 32], _now: UnixTime) -> Result<Consumed, Infallible> {
        Ok(match self.held().nonces.get_mut(&digest) {
            None => Consumed::Unknown,
            Some(nonce) if nonce.consumed => Consumed::Before,
            Some(nonce) => {
                nonce.consumed = true;
                Consumed::Now {
                    expires_at: nonce.expires_at,
                }
            }
        })
    }

    fn first_use(
        &mut self,
        digest: [u8; 32],
        now: UnixTime,
        forget_at: UnixTime,
    ) -> Result<bool, Infallible> {
        let mut held = self.held();
        held.seen.retain(|_, forget_at| *forget_at > now);
        Ok(held.seen.insert(digest, forget_at).is_none())
    }
}
