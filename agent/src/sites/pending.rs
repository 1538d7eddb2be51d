//! Requests for rights that wait for the person, and what became of the last ones. Few at a time, of one origin never two, few in a
//! while: a page cannot bury the person under questions, and memory is bounded whatever asks. A request that is not answered in time
//! is over; an origin that was refused, or not answered, waits before it may ask again. No clock is read here.

use std::collections::{BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use paraphe_protocol::api::{ErrorCode, PAIRING_SECONDS, PairingState, Right};

use crate::config::{Origin, RecordServerName};
use crate::problem::Failure;

/// How long a request waits.
const WAITS: Duration = Duration::from_secs(PAIRING_SECONDS as u64);
/// Requests that wait at once, of all origins together.
const MAXIMUM_WAITING: usize = 4;
/// How long what became of a request is told.
const TOLD: Duration = Duration::from_secs(300);
/// Requests whose outcome is told.
const MAXIMUM_TOLD: usize = 32;
/// New requests of all origins together within [`WINDOW`].
const MAXIMUM_NEW: usize = 12;
const WINDOW: Duration = Duration::from_secs(600);
/// How long an origin that was refused may not ask.
const AFTER_REFUSAL: Duration = Duration::from_secs(300);
/// How long one that was not answered may not ask.
const AFTER_SILENCE: Duration = Duration::from_secs(60);
/// Refused origins that are remembered.
const MAXIMUM_REFUSED: usize = 256;

/// Requests, the oldest first.
#[derive(Debug, Default)]
pub(super) struct PendingPairings {
    pairings: VecDeque<Pairing>,
    /// Origins that may not ask before that time.
    resting: VecDeque<(Origin, Instant)>,
    /// When the last requests came.
    new: VecDeque<Instant>,
}

/// A site that asks for rights.
#[derive(Debug, Clone)]
pub(crate) struct Pairing {
    pub(crate) id: String,
    /// Four digits.
    pub(crate) number: String,
    pub(crate) origin: Origin,
    pub(crate) rights: BTreeSet<Right>,
    pub(crate) record_server: Option<RecordServerName>,
    /// Seconds since 1970-01-01 UTC.
    pub(crate) asked_at: i64,
    asked: Instant,
    outcome: Option<(PairingState, Instant)>,
    /// A question after its outcome is waiting for it.
    pub(super) is_awaited: bool,
}

impl Pairing {
    /// What became of it.
    pub(crate) fn state(&self) -> PairingState {
        self.outcome
            .map_or(PairingState::Pending, |(state, _)| state)
    }

    pub(super) fn expires_at(&self) -> i64 {
        self.asked_at.saturating_add(i64::from(PAIRING_SECONDS))
    }
}

/// What identifies a new request.
#[derive(Debug, Clone)]
pub(super) struct Fresh {
    pub(super) id: String,
    /// Below 10,000; the next one that no waiting request has is taken.
    pub(super) number: u16,
    pub(super) at: i64,
    pub(super) now: Instant,
}

impl PendingPairings {
    /// The request of this origin that waits for these rights, or a new one; whether it is new.
    pub(super) fn ask(
        &mut self,
        origin: &Origin,
        rights: &BTreeSet<Right>,
        record_server: Option<&RecordServerName>,
        fresh: Fresh,
    ) -> Result<(Pairing, bool), Failure> {
        let now = fresh.now;
        let waiting: Vec<_> = self.waiting().collect();
        if let Some(own) = waiting.iter().find(|pairing| &pairing.origin == origin) {
            if &own.rights == rights && own.record_server.as_ref() == record_server {
                return Ok(((*own).clone(), false));
            }
            return Err(too_many(
                "Une autre demande de ce site attend déjà une réponse.",
                "Another request of this site waits for an answer.",
            ));
        }
        if waiting.len() >= MAXIMUM_WAITING {
            return Err(too_many(
                "D'autres sites attendent déjà une réponse.",
                "Other sites wait for an answer.",
            ));
        }
        self.new.retain(|at| now.duration_since(*at) < WINDOW);
        self.resting.retain(|(_, until)| *until > now);
        let resting = self.resting.iter().find(|(other, _)| other == origin);
        if let Some((_, until)) = resting {
            let seconds = until.duration_since(now).as_secs().saturating_add(1);
            return Err(too_many(
                &format!("Ce site pourra demander à nouveau dans {seconds} s."),
                &format!("This site may ask again in {seconds} s."),
            ));
        }
        if self.new.len() >= MAXIMUM_NEW {
            return Err(too_many(
                "Trop de demandes en peu de temps, tous sites confondus.",
                "Too many requests in a short time, of all sites together.",
            ));
        }
        let number = self.free_number(fresh.number);
        let pairing = Pairing {
            id: fresh.id,
            number,
            origin: origin.clone(),
            rights: rights.clone(),
            record_server: record_server.cloned(),
            asked_at: fresh.at,
            asked: now,
            outcome: None,
            is_awaited: false,
        };
        self.new.push_back(now);
        self.pairings.push_back(pairing.clone());
        Ok((pairing, true))
    }

    /// Those that wait, the oldest first.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Pairing> {
        self.pairings
            .iter()
            .filter(|pairing| pairing.outcome.is_none())
    }

    /// The request of this name.
    pub(super) fn find(&self, id: &str) -> Option<&Pairing> {
        self.pairings.iter().find(|pairing| pairing.id == id)
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Option<&mut Pairing> {
        self.pairings.iter_mut().find(|pairing| pairing.id == id)
    }

    /// Ends a request that waits; `None` where none of this name does.
    pub(super) fn end(&mut self, id: &str, state: PairingState, now: Instant) -> Option<Pairing> {
        let pairing = self.pairings.iter_mut().find(|pairing| pairing.id == id)?;
        if pairing.outcome.is_some() {
            return None;
        }
        pairing.outcome = Some((state, now));
        let pairing = pairing.clone();
        let rest = match state {
            PairingState::Refused => Some(AFTER_REFUSAL),
            PairingState::Expired => Some(AFTER_SILENCE),
            _ => None,
        };
        if let Some(rest) = rest {
            if self.resting.len() >= MAXIMUM_REFUSED {
                self.resting.pop_front();
            }
            self.resting.push_back((pairing.origin.clone(), now + rest));
        }
        Some(pairing)
    }

    /// What became of a request is told otherwise: its grant could not be kept.
    pub(super) fn revise(&mut self, id: &str, state: PairingState) {
        if let Some((told, _)) = self
            .find_mut(id)
            .and_then(|pairing| pairing.outcome.as_mut())
        {
            *told = state;
        }
    }

    /// Ends those that waited long enough, and forgets outcomes that were told long enough.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Pairing> {
        let over: Vec<_> = self
            .waiting()
            .filter(|pairing| now.duration_since(pairing.asked) >= WAITS)
            .map(|pairing| pairing.id.clone())
            .collect();
        let over = over
            .iter()
            .filter_map(|id| self.end(id, PairingState::Expired, now))
            .collect();
        self.pairings.retain(|pairing| {
            pairing
                .outcome
                .is_none_or(|(_, since)| now.duration_since(since) < TOLD)
        });
        while self.pairings.len() > MAXIMUM_TOLD + MAXIMUM_WAITING
            && let Some(oldest) = self
                .pairings
                .iter()
                .position(|pairing| pairing.outcome.is_some())
        {
            self.pairings.remove(oldest);
        }
        over
    }

    fn free_number(&self, wanted: u16) -> String {
        let mut number = wanted % 10_000;
        // Fewer wait than there are numbers.
        loop {
            let digits = format!("{number:04}");
            if self.waiting().all(|pairing| pairing.number != digits) {
                return digits;
            }
            number = (number + 1) % 10_000;
        }
    }
}

fn too_many(french: &str, english: &str) -> Failure {
    Failure::new(ErrorCode::PairingTooMany).with_detail(french, english)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;
    use std::time::{Duration, Instant};

    use paraphe_protocol::api::{ErrorCode, PairingState, Right};

    use super::{
        AFTER_REFUSAL, AFTER_SILENCE, Fresh, MAXIMUM_NEW, MAXIMUM_REFUSED, MAXIMUM_TOLD,
        MAXIMUM_WAITING, Pairing, PendingPairings, WAITS, WINDOW,
    };
    use crate::problem::Failure;

    struct Desk {
        pending: PendingPairings,
        now: Instant,
        asked: u32,
    }

    impl Desk {
        fn new() -> Self {
            Self {
                pending: PendingPairings::default(),
                now: Instant::now(),
                asked: 0,
            }
        }

        fn later(&mut self, time: Duration) -> Vec<Pairing> {
            self.now += time;
            self.pending.expire(self.now)
        }

        fn ask(&mut self, origin: &str, rights: &[Right]) -> Result<(Pairing, bool), Failure> {
            self.asked += 1;
            let fresh = Fresh {
                id: format!("{:032x}", self.asked),
                number: 42,
                at: 0,
                now: self.now,
            };
            let rights: BTreeSet<_> = rights.iter().copied().collect();
            self.pending
                .ask(&origin.parse().unwrap(), &rights, None, fresh)
        }

        fn refused(&mut self, origin: &str) -> ErrorCode {
            self.ask(origin, &[Right::Sign]).unwrap_err().code()
        }
    }

    #[test]
    fn an_origin_has_one_request_and_few_wait_at_once() {
        let mut desk = Desk::new();
        let (first, is_new) = desk.ask("https://a.example", &[Right::Sign]).unwrap();
        assert!(is_new && first.number == "0042");
        let (same, is_new) = desk.ask("https://a.example", &[Right::Sign]).unwrap();
        assert!(!is_new && same.id == first.id);
        let other = desk.ask("https://a.example", &[Right::Sign, Right::LogIn]);
        assert_eq!(other.unwrap_err().code(), ErrorCode::PairingTooMany);
        for number in 1..MAXIMUM_WAITING {
            let (pairing, _) = desk
                .ask(&format!("https://b{number}.example"), &[Right::Sign])
                .unwrap();
            assert_eq!(pairing.number, format!("{:04}", 42 + number));
        }
        assert_eq!(desk.refused("https://c.example"), ErrorCode::PairingTooMany);
        let first = first.id;
        assert!(
            desk.pending
                .end(&first, PairingState::Granted, desk.now)
                .is_some()
        );
        assert!(
            desk.pending
                .end(&first, PairingState::Refused, desk.now)
                .is_none(),
            "answered once"
        );
        desk.ask("https://c.example", &[Right::Sign]).unwrap();
    }

    #[test]
    fn silence_ends_a_request_and_who_was_not_granted_waits() {
        let mut desk = Desk::new();
        let (asked, _) = desk.ask("https://a.example", &[Right::Sign]).unwrap();
        assert!(desk.later(WAITS - Duration::from_secs(1)).is_empty());
        let over = desk.later(Duration::from_secs(1));
        assert_eq!(over.len(), 1);
        assert_eq!(over[0].id, asked.id);
        let state = desk.pending.find(&asked.id).unwrap().state();
        assert_eq!(state, PairingState::Expired);
        assert_eq!(desk.refused("https://a.example"), ErrorCode::PairingTooMany);
        desk.later(AFTER_SILENCE);
        let (again, _) = desk.ask("https://a.example", &[Right::Sign]).unwrap();
        desk.pending.end(&again.id, PairingState::Refused, desk.now);
        desk.later(AFTER_REFUSAL - Duration::from_secs(1));
        assert_eq!(desk.refused("https://a.example"), ErrorCode::PairingTooMany);
        desk.later(Duration::from_secs(1));
        desk.ask("https://a.example", &[Right::Sign]).unwrap();
    }

    #[test]
    fn whatever_asks_memory_and_questions_are_bounded() {
        let mut desk = Desk::new();
        let mut taken = 0;
        for number in 0..2000 {
            if let Ok((pairing, _)) =
                desk.ask(&format!("https://a{number}.example"), &[Right::Sign])
            {
                taken += 1;
                desk.pending
                    .end(&pairing.id, PairingState::Refused, desk.now);
            }
        }
        assert_eq!(taken, MAXIMUM_NEW);
        for _ in 0..100 {
            desk.later(WINDOW);
            for number in 0..MAXIMUM_NEW {
                let origin = format!("https://b{}-{number}.example", desk.asked);
                let (pairing, _) = desk.ask(&origin, &[Right::Sign]).unwrap();
                desk.pending
                    .end(&pairing.id, PairingState::Refused, desk.now);
            }
            assert!(desk.pending.pairings.len() <= MAXIMUM_TOLD + MAXIMUM_WAITING);
            assert!(desk.pending.resting.len() <= MAXIMUM_REFUSED);
            assert!(desk.pending.new.len() <= MAXIMUM_NEW);
        }
    }
}
