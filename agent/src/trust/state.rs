//! What the directory of the HTTPS door's certificate holds, as it is at one moment: the pair in use and the one that follows.

use paraphe_certs::localhost::LocalhostProblem;
use paraphe_certs::{Certificate, UnixTime};

use super::{TrustError, fingerprint};
use crate::door::https::ServerIdentity;

/// A root, its leaf and what is wrong with them.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) root: Certificate,
    pub(super) leaf: Certificate,
    pub(super) problems: Vec<LocalhostProblem>,
    pub(super) identity: ServerIdentity,
}

impl Pair {
    /// Less than a fifth of its life is left.
    fn is_in_its_last_fifth(&self, now: UnixTime) -> bool {
        let life = self
            .leaf
            .not_after()
            .0
            .saturating_sub(self.leaf.not_before().0);
        let left = self.leaf.not_after().0.saturating_sub(now.0);
        left.saturating_mul(5) < life
    }
}

/// What the directory holds, as it is now.
#[derive(Debug)]
pub struct TrustState {
    used: Pair,
    next: Option<Certificate>,
    has_taken_over: bool,
}

impl TrustState {
    /// Which pair is used at `now`: the next one as soon as the present one is in its last fifth and the next one holds.
    pub(super) fn new(present: Pair, next: Option<Pair>, now: UnixTime) -> Self {
        let is_over = !present.problems.is_empty() || present.is_in_its_last_fifth(now);
        match next {
            Some(next) if is_over && next.problems.is_empty() => Self {
                used: next,
                next: None,
                has_taken_over: true,
            },
            next => Self {
                used: present,
                next: next.map(|next| next.root),
                has_taken_over: false,
            },
        }
    }

    /// The root in use, to be given to browsers.
    #[must_use]
    pub fn root(&self) -> &Certificate {
        &self.used.root
    }

    pub(super) fn leaf(&self) -> &Certificate {
        &self.used.leaf
    }

    /// The root of the pair that will take over; `None`: there is none, or it has.
    #[must_use]
    pub fn next(&self) -> Option<&Certificate> {
        self.next.as_ref()
    }

    /// The roots that browsers must know: the one in use, and the one that follows.
    #[must_use]
    pub fn roots(&self) -> Vec<&Certificate> {
        std::iter::once(&self.used.root).chain(&self.next).collect()
    }

    /// The pair that was made to follow is the one in use.
    pub(super) fn has_taken_over(&self) -> bool {
        self.has_taken_over
    }

    /// SHA-256 of the root's DER form, as people compare it: capitals, a colon between bytes.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.used.root)
    }

    /// When the HTTPS door's certificate ends.
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        self.used.leaf.not_after()
    }

    /// Whole days left at `now`; negative once it has ended.
    #[must_use]
    pub fn days_left(&self, now: UnixTime) -> i64 {
        self.not_after()
            .0
            .saturating_sub(now.0)
            .div_euclid(UnixTime::DAY)
    }

    /// No pair follows the one in use: it has taken over already, or it is in its last fifth.
    #[must_use]
    pub fn should_be_renewed(&self, now: UnixTime) -> bool {
        self.has_taken_over || self.used.is_in_its_last_fifth(now)
    }

    /// What is wrong; nothing where the door can be opened with it.
    #[must_use]
    pub fn problems(&self) -> &[LocalhostProblem] {
        &self.used.problems
    }

    /// What the HTTPS door needs.
    ///
    /// # Errors
    /// Something is wrong with the certificates.
    pub fn into_identity(self) -> Result<ServerIdentity, TrustError> {
        if self.used.problems.is_empty() {
            Ok(self.used.identity)
        } else {
            Err(TrustError::Unusable(self.used.problems))
        }
    }
}
