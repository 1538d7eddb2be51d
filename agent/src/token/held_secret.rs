//! A secret that one token accepted, kept for a mandate. It is in one of three places: here, with the transaction that presents
//! it now, or nowhere any more. What comes back after it was forgotten is wiped on arrival; so is one that a token refused, which
//! never comes back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ProvenSecret;

/// A secret that is kept.
#[derive(Debug)]
pub(crate) struct HeldSecret(Mutex<Held>);

#[derive(Debug)]
enum Held {
    Here(ProvenSecret),
    InUse,
    Gone,
}

impl HeldSecret {
    /// Keeps it.
    pub(crate) fn new(secret: ProvenSecret) -> Self {
        Self(Mutex::new(Held::Here(secret)))
    }

    /// Takes it to be presented. `None` where it is in use or gone.
    pub(super) fn take(&self) -> Option<ProvenSecret> {
        let mut held = self.lock();
        match std::mem::replace(&mut *held, Held::InUse) {
            Held::Here(secret) => Some(secret),
            other => {
                *held = other;
                None
            }
        }
    }

    /// Brings it back, unless it was forgotten meanwhile.
    pub(super) fn put_back(&self, secret: ProvenSecret) {
        let mut held = self.lock();
        if matches!(*held, Held::InUse) {
            *held = Held::Here(secret);
        }
    }

    /// Wipes it, now or when it comes back.
    pub(crate) fn forget(&self) {
        *self.lock() = Held::Gone;
    }

    /// Whether it can be presented.
    pub(crate) fn is_here(&self) -> bool {
        matches!(*self.lock(), Held::Here(_))
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        // Every change is one assignment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
