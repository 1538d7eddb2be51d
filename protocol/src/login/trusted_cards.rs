//! The certificates that one trust store verified for card login, kept for a while: a card that logs in again costs one RSA verification
//! and not those of its whole path.
//!
//! A conclusion is used again only with the same store, that is with the same anchors, authorities and revocation lists: a server that
//! loads newer lists makes a new value and begins with nothing kept, so that a revocation that it knows of holds at once. It is used
//! from the time for which it was reached until the first of: the end of the revocation window, the end of any certificate of the path,
//! the next update, or the greatest age allowed, of any list of an authority of the path. A refusal is never kept. Bounded: the oldest makes room.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use paraphe_certs::{
    CardLogin, Certificate, RevocationList, TrustStore, UnixTime, VerifiedCertificate,
};

use super::LoginError;
use crate::algorithm::{SignatureError, VerificationKey};
use crate::digest::Sha256Digest;

/// How long a conclusion is used again unless said otherwise, seconds.
pub const REVOCATION_WINDOW_SECONDS: i64 = 600;

/// Most certificates kept unless said otherwise; each takes some 10 KiB.
pub const MAX_TRUSTED_CARDS: usize = 4096;

/// A trust store, and what it lately concluded about cards.
pub struct TrustedCards {
    store: Arc<TrustStore>,
    window_seconds: i64,
    capacity: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    cards: HashMap<Arc<[u8]>, Arc<TrustedCard>>,
    /// Oldest first.
    order: VecDeque<Arc<[u8]>>,
}

/// A certificate that was verified for card login, and what every verification with it needs.
#[derive(Debug)]
pub(super) struct TrustedCard {
    pub(super) certificate: VerifiedCertificate<CardLogin>,
    pub(super) sha256: Sha256Digest,
    /// Refused after the path, as the page of the checks orders.
    pub(super) key: Result<VerificationKey, SignatureError>,
    /// From this time on the store might conclude otherwise.
    until: UnixTime,
}

impl TrustedCards {
    /// Cards that this store verifies, with the usual window and number.
    #[must_use]
    pub fn new(store: Arc<TrustStore>) -> Self {
        Self::with_limits(store, REVOCATION_WINDOW_SECONDS, MAX_TRUSTED_CARDS)
    }

    /// The same with a window in seconds and a number of cards of the operator's; 0 keeps nothing.
    #[must_use]
    pub fn with_limits(store: Arc<TrustStore>, window_seconds: i64, capacity: usize) -> Self {
        Self {
            store,
            window_seconds,
            capacity,
            kept: Mutex::default(),
        }
    }

    /// The store.
    #[must_use]
    pub fn store(&self) -> &Arc<TrustStore> {
        &self.store
    }

    /// How many certificates are kept.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.lock().cards.len()
    }

    pub(super) fn card(&self, der: &[u8], now: UnixTime) -> Result<Arc<TrustedCard>, LoginError> {
        let found = self.lock().cards.get(der).cloned();
        if let Some(card) = found.filter(|card| self.holds(card, now)) {
            return Ok(card);
        }
        let card = Arc::new(TrustedCard::verify(&self.store, der, now)?);
        self.keep(der, &card);
        Ok(card)
    }

    fn holds(&self, card: &TrustedCard, now: UnixTime) -> bool {
        let verified_at = card.certificate.verified_at();
        let age = now.0.saturating_sub(verified_at.0);
        (0..self.window_seconds).contains(&age) && now < card.until
    }

    fn keep(&self, der: &[u8], card: &Arc<TrustedCard>) {
        if self.capacity == 0 {
            return;
        }
        let mut kept = self.lock();
        let name: Arc<[u8]> = der.into();
        if kept
            .cards
            .insert(Arc::clone(&name), Arc::clone(card))
            .is_none()
        {
            kept.order.push_back(name);
        }
        while kept.cards.len() > self.capacity {
            let Some(oldest) = kept.order.pop_front() else {
                break;
            };
            kept.cards.remove(&oldest);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TrustedCard {
    pub(super) fn verify(
        store: &TrustStore,
        der: &[u8],
        now: UnixTime,
    ) -> Result<Self, LoginError> {
        let certificate = Certificate::from_der(der).map_err(LoginError::Certificate)?;
        let verified = store
            .verify::<CardLogin>(&certificate, now)
            .map_err(LoginError::Path)?;
        Ok(Self {
            sha256: Sha256Digest::from_bytes(certificate.sha256()),
            key: VerificationKey::from_spki(certificate.spki_der()),
            until: until(store, verified.chain(), now),
            certificate: verified,
        })
    }
}

/// The first end of a certificate of the path, or of what a list of one of its authorities proves, after this time. A list that was out of
/// date already had no part in the conclusion. Where a login needs an OCSP answer, whose age is limited, nothing is used again.
fn until(store: &TrustStore, chain: &[Certificate], now: UnixTime) -> UnixTime {
    let freshness = store.freshness();
    if freshness.login_needs_answer {
        return now;
    }
    let of_path = |list: &&RevocationList| {
        let mut authorities = chain.iter().map(Certificate::subject);
        authorities.any(|authority| authority.names_the_same(list.issuer()))
    };
    let too_old = |list: &RevocationList| {
        let seconds = freshness.list_seconds?;
        Some(list.this_update().plus_seconds(i64::from(seconds)))
    };
    let lists = store.crls().iter().filter(of_path);
    lists
        .flat_map(|list| [list.next_update(), too_old(list)])
        .flatten()
        .filter(|end| *end > now)
        .chain(chain.iter().map(Certificate::not_after))
        .min()
        .unwrap_or(now)
}

impl std::fmt::Debug for TrustedCards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrustedCards")
            .field("store", &self.store)
            .field("window_seconds", &self.window_seconds)
            .field("kept", &self.kept())
            .finish_non_exhaustive()
    }
}
