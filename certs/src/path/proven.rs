//! Issuing authorities whose own path was verified, so that the next certificate of the same authority costs one signature and not those of
//! the whole path and of its lists again. A record server meets thousands of cards of three authorities.
//!
//! A proof is learnt from a path that the engine accepted with its lists. It serves a certificate that is alike the one that it was learnt from
//! ([`Likeness`]), within the time in which that certificate, every authority and every list of the proof hold, that the authority's list
//! does not name, and whose signature the authority's key verifies: then the engine would meet nothing that it has not accepted. Not
//! learnt: a path with constraints on names or policies, because they speak of what differs; and any path as long as the store has a delta or an
//! indirect list, or two lists of one issuer, because then more than one list may have to be asked. A certificate that no proof serves has its
//! whole path verified, so that every refusal is the engine's.

use std::sync::{Arc, PoisonError, RwLock};

use crate::certificate::Certificate;
use crate::crl::RevocationList;
use crate::path::freshness::Freshness;
use crate::path::likeness::Likeness;
use crate::path::rules::PathRules;
use crate::signature_scheme::{SchemeKey, SignatureScheme};
use crate::signed_structure::SignedStructure;
use crate::unix_time::UnixTime;

/// Most proofs that are kept; with one more the oldest is forgotten.
const MAX_PROOFS: usize = 256;
/// nameConstraints, policyMappings, policyConstraints, inhibitAnyPolicy.
const CONSTRAINTS: [&str; 4] = ["2.5.29.30", "2.5.29.33", "2.5.29.36", "2.5.29.54"];

/// An issuing authority, and why it is believed for a time.
#[derive(Debug)]
pub(super) struct Proof {
    /// The authority first, the anchor last.
    path: Vec<Certificate>,
    /// The authority's, for signatures of the scheme that alike certificates have.
    key: SchemeKey,
    likeness: Likeness,
    rules: PathRules,
    /// The one list that speaks of the authority's certificates.
    list: RevocationList,
    from: UnixTime,
    /// The first second at which something of the proof no longer holds.
    until: UnixTime,
}

/// What a store learnt. A copy of a store has learnt nothing.
#[derive(Default)]
pub(super) struct Proofs(RwLock<Vec<Arc<Proof>>>);

impl Proof {
    /// What a path that the engine accepted, the certificate first, proves for the next one.
    fn of(
        path: &[Certificate],
        rules: &PathRules,
        lists: &[RevocationList],
        freshness: &Freshness,
    ) -> Option<Self> {
        let (leaf, authorities) = path.split_first()?;
        let authority = authorities.first()?;
        if path.iter().any(is_constrained) || lists.iter().any(|list| !list.speaks_for_itself()) {
            return None;
        }
        let (mut from, mut until) = (UnixTime(i64::MIN), UnixTime(i64::MAX));
        let mut holds = |since: UnixTime, end: UnixTime| {
            from = from.max(since);
            until = until.min(end);
        };
        for certificate in authorities {
            holds(certificate.not_before(), certificate.not_after());
        }
        for pair in path.windows(2) {
            let [certificate, issuer] = pair else {
                return None;
            };
            let list = only_list(lists, certificate)?;
            if !list.is_signed_by(issuer) || list.names(certificate) {
                return None;
            }
            holds(list.this_update(), freshness.end_of_list(list));
        }
        let algorithm = SignedStructure::read(leaf.der()).ok()?.algorithm;
        let scheme = SignatureScheme::from_der(algorithm).ok()?;
        Some(Self {
            path: authorities.to_vec(),
            key: scheme.with_key(authority.spki_der()).ok()?,
            likeness: Likeness::of(leaf)?,
            rules: rules.clone(),
            list: only_list(lists, leaf)?.clone(),
            from,
            until,
        })
    }

    /// Whether the engine would accept this certificate at a time by these rules.
    fn serves(
        &self,
        leaf: &Certificate,
        likeness: &Likeness,
        at: UnixTime,
        rules: &PathRules,
    ) -> bool {
        // The likeness holds the issuer's name and all about lists.
        self.likeness == *likeness
            && self.rules == *rules
            && (self.from..self.until).contains(&at)
            && (leaf.not_before()..leaf.not_after()).contains(&at)
            && !leaf.is_self_issued()
            && !self.list.names(leaf)
            && SignedStructure::read(leaf.der()).is_ok_and(|signed| {
                let verified = self.key.verify(signed.to_be_signed, signed.signature);
                verified.is_ok()
            })
    }

    fn is_of(&self, other: &Self) -> bool {
        self.rules == other.rules
            && self.likeness == other.likeness
            && self.path.first() == other.path.first()
    }
}

impl Proofs {
    /// The path of a certificate that a proof serves, the certificate first and the anchor last.
    pub(super) fn path_of(
        &self,
        leaf: &Certificate,
        at: UnixTime,
        rules: &PathRules,
    ) -> Option<Vec<Certificate>> {
        let likeness = Likeness::of(leaf)?;
        let proofs = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let proof = proofs
            .iter()
            .find(|proof| proof.serves(leaf, &likeness, at, rules))?;
        let leaf = std::iter::once(leaf);
        Some(leaf.chain(&proof.path).cloned().collect())
    }

    /// Keeps what an accepted path proves.
    pub(super) fn learn(
        &self,
        path: &[Certificate],
        rules: &PathRules,
        lists: &[RevocationList],
        freshness: &Freshness,
    ) {
        let Some(proof) = Proof::of(path, rules, lists, freshness) else {
            return;
        };
        // A panic cannot leave the list inconsistent.
        let mut proofs = self.0.write().unwrap_or_else(PoisonError::into_inner);
        proofs.retain(|known| !known.is_of(&proof));
        if proofs.len() >= MAX_PROOFS {
            proofs.remove(0);
        }
        proofs.push(Arc::new(proof));
    }

    /// Forgets everything: the store changed.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    #[cfg(feature = "test-pki")]
    pub(super) fn count(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Clone for Proofs {
    fn clone(&self) -> Self {
        Self::default()
    }
}

fn is_constrained(certificate: &Certificate) -> bool {
    CONSTRAINTS
        .iter()
        .any(|constraint| certificate.extension(constraint).is_some())
}

/// The list of a certificate's issuer, where there is exactly one.
fn only_list<'a>(
    lists: &'a [RevocationList],
    certificate: &Certificate,
) -> Option<&'a RevocationList> {
    let mut of_issuer = lists
        .iter()
        .filter(|list| list.raw_issuer() == certificate.raw_issuer());
    let list = of_issuer.next()?;
    of_issuer.next().is_none().then_some(list)
}
