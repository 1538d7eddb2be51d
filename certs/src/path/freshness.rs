//! How fresh revocation data must be for a certificate that is used now, and what of a store's data is fresh enough at a time: lists
//! (RFC 5280, 5.1.2.4 and 5.1.2.5), deltas (6.3.3), OCSP answers (RFC 6960, 4.2.2.1). Signatures of the past have their own rules,
//! see [`TrustStore::judge`].

use crate::certificate::Certificate;
use crate::crl::RevocationList;
use crate::ocsp::{CertificateStatus, OcspAnswer};
use crate::path::error::PathError;
use crate::path::trust_store::TrustStore;
use crate::unix_time::UnixTime;

/// Life of a list or an answer that does not say when a newer one is due, seconds.
pub(super) const LIFE_WITHOUT_NEXT_UPDATE: i64 = UnixTime::DAY;

/// How far an authority's clock may be ahead of ours, seconds.
pub(super) const CLOCK_TOLERANCE: i64 = 300;

/// Limits beside those that issuers set with nextUpdate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Freshness {
    /// Longest age of a list since its thisUpdate, seconds; `None`: as long as its issuer says.
    pub list_seconds: Option<u32>,
    /// Longest age of an OCSP answer since its thisUpdate and since it was signed, seconds.
    pub answer_seconds: u32,
    /// Whether a login needs an OCSP answer about the certificate itself besides the lists, and is refused without one.
    pub login_needs_answer: bool,
}

impl Default for Freshness {
    /// Lists as long as their issuers say, answers of an hour, none needed.
    fn default() -> Self {
        Self {
            list_seconds: None,
            answer_seconds: 3600,
            login_needs_answer: false,
        }
    }
}

impl Freshness {
    /// The last second at which a list proves something.
    pub(super) fn end_of_list(&self, list: &RevocationList) -> UnixTime {
        let made = list.this_update();
        let own = list
            .next_update()
            .unwrap_or_else(|| made.plus_seconds(LIFE_WITHOUT_NEXT_UPDATE));
        match self.list_seconds {
            Some(seconds) => own.min(made.plus_seconds(i64::from(seconds))),
            None => own,
        }
    }

    fn holds(&self, answer: &OcspAnswer, at: UnixTime) -> bool {
        let limit = i64::from(self.answer_seconds);
        let earliest = at.plus_seconds(limit.saturating_neg());
        let latest = at.plus_seconds(CLOCK_TOLERANCE);
        let is_of_the_time = |time: UnixTime| (earliest..=latest).contains(&time);
        is_of_the_time(answer.this_update)
            && is_of_the_time(answer.produced_at)
            && answer.next_update.is_none_or(|until| until >= at)
    }
}

impl TrustStore {
    /// The lists that the engine is given for a time: complete ones whatever their state, so that it can say what is wrong with them,
    /// but not those that the limits make too old or that have no number; of the deltas of one scope the newest that is in force. An expired delta is left
    /// out: the list that it amends still proves what it says.
    pub(super) fn lists_at(&self, at: UnixTime) -> Vec<&RevocationList> {
        let freshness = self.freshness();
        let mut given: Vec<&RevocationList> = Vec::new();
        for list in self.crls() {
            if !list.is_delta() {
                let is_too_old = freshness.end_of_list(list) < at;
                let is_expired = list.next_update().is_some_and(|until| until < at);
                if list.is_numbered() && (!is_too_old || is_expired) {
                    given.push(list);
                }
                continue;
            }
            if list.this_update() > at || freshness.end_of_list(list) < at {
                continue;
            }
            match given.iter().position(|other| list.supersedes(other)) {
                Some(older) => {
                    if let Some(place) = given.get_mut(older) {
                        *place = list;
                    }
                }
                None if given.iter().any(|other| other.supersedes(list)) => {}
                None => given.push(list),
            }
        }
        given
    }

    /// Of the lists of a certificate's issuer that are too old at a time, the newest.
    pub(super) fn newest_too_old(
        &self,
        certificate: &Certificate,
        at: UnixTime,
    ) -> Option<&RevocationList> {
        let of_issuer = self.crls().iter().filter(|list| {
            list.issuer().names_the_same(certificate.issuer())
                && self.freshness().end_of_list(list) < at
        });
        of_issuer.max_by_key(|list| list.this_update())
    }

    /// What OCSP says of a certificate that is used to log in. The newest answer counts, and a revocation whatever its age.
    ///
    /// # Errors
    /// [`PathError::Revoked`]; [`PathError::NoFreshAnswer`] where an answer is needed and none holds.
    pub(super) fn check_login_answer(
        &self,
        leaf: &Certificate,
        issuer: &Certificate,
        at: UnixTime,
    ) -> Result<(), PathError> {
        let freshness = self.freshness();
        let latest = at.plus_seconds(CLOCK_TOLERANCE);
        let answers = self.login_answers().iter();
        let newest = answers
            .filter_map(|response| response.answer(leaf, issuer).ok())
            .filter(|answer| answer.this_update <= latest && self.may_answer(answer, issuer))
            .max_by_key(|answer| answer.this_update);
        match newest {
            Some(answer) if matches!(answer.status, CertificateStatus::Revoked(_)) => {
                Err(PathError::Revoked {
                    subject: leaf.subject_rfc2253(),
                    serial_number: leaf.serial_number_decimal(),
                })
            }
            Some(answer)
                if answer.status == CertificateStatus::Good && freshness.holds(&answer, at) =>
            {
                Ok(())
            }
            _ if freshness.login_needs_answer => Err(PathError::NoFreshAnswer {
                issuer: leaf.issuer_rfc2253(),
            }),
            _ => Ok(()),
        }
    }

    /// A responder whose own revocation matters must be on none of its issuer's lists, and there must be one (RFC 6960, 4.2.2.2.1).
    fn may_answer(&self, answer: &OcspAnswer, issuer: &Certificate) -> bool {
        let Some(responder) = &answer.responder_to_check else {
            return true;
        };
        let mut lists = self
            .crls()
            .iter()
            .filter(|list| list.covers(responder) && list.is_signed_by(issuer))
            .peekable();
        lists.peek().is_some() && lists.all(|list| list.revocation_of(responder).is_none())
    }
}
