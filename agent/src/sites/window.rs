//! The window that asks about a site, one at a time, on a thread of its own that is there while a request waits. It never takes the
//! place of a PIN dialogue: it waits for one to end, and is closed when one begins, so that no digit or Enter meant for a PIN answers
//! it. A no, a window that is closed, silence and every failure grant nothing; a yes within [`SOONEST`] was not read and is asked
//! again. Where no window can be shown the request waits for the agent's own page or the command line.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, TryLockError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use paraphe_protocol::api::{Language, PairingAnswerRequest, PairingDecision};

use super::pending::Pairing;
use super::{Sites, appearance, question};
use crate::pin::{PinEntry, PinEntryError, Question};
use crate::service::Inner;

/// Nobody reads an address sooner.
const SOONEST: Duration = Duration::from_millis(700);
/// How often a question is asked again that was answered sooner.
const MAXIMUM_HASTY: u8 = 3;
/// Time between two looks at what waits.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Whether the thread is there.
#[derive(Debug, Default)]
pub(crate) struct PairingWindow {
    is_there: AtomicBool,
}

impl PairingWindow {
    /// Sees to it that what waits is asked.
    pub(crate) fn ask(&self, agent: &Arc<Inner>) {
        if self.is_there.swap(true, Ordering::SeqCst) {
            return;
        }
        let (entry, sites) = (Arc::clone(&agent.pin_entry), agent.sites.clone());
        let weak = Arc::downgrade(agent);
        let started = thread::Builder::new()
            .name("pairing".to_owned())
            .spawn(move || look(&weak, &sites, &*entry));
        if let Err(error) = started {
            tracing::warn!(%error, "no window can ask about a site");
            self.is_there.store(false, Ordering::SeqCst);
        }
    }

    /// Whether the thread may end: nothing waits, and what comes from now on starts another.
    fn ends(&self, sites: &Sites) -> bool {
        if !sites.pairings().is_empty() {
            return false;
        }
        self.is_there.store(false, Ordering::SeqCst);
        sites.pairings().is_empty() || self.is_there.swap(true, Ordering::SeqCst)
    }
}

fn look(agent: &Weak<Inner>, sites: &Sites, entry: &dyn PinEntry) {
    let mut left_to_others = HashSet::new();
    loop {
        match agent.upgrade() {
            Some(agent) if agent.pairing_window.ends(sites) => return,
            Some(_) => {}
            None => return,
        }
        let next = sites.pairings();
        let next = next
            .iter()
            .find(|pairing| !left_to_others.contains(&pairing.id));
        match next {
            Some(pairing) if !asks_for_pin(agent) => {
                if !ask(agent, sites, entry, pairing) {
                    left_to_others.insert(pairing.id.clone());
                }
            }
            _ => thread::sleep(LOOK_EVERY),
        }
    }
}

/// Asks about one; `false`: not again in a window.
fn ask(agent: &Weak<Inner>, sites: &Sites, entry: &dyn PinEntry, pairing: &Pairing) -> bool {
    let question = sites.question(pairing);
    let is_waiting = || sites.pairings().iter().any(|other| other.id == pairing.id);
    let withdrawn = || !is_waiting() || asks_for_pin(agent);
    let answer = (0..MAXIMUM_HASTY)
        .map(|_| {
            let since = Instant::now();
            let answer = entry.confirm(&question, &withdrawn);
            (answer, since.elapsed())
        })
        .find(|(answer, after)| answer.is_err() || *after >= SOONEST);
    let decision = match answer {
        Some((Ok(()), _)) => PairingDecision::ThisTime,
        Some((Err(PinEntryError::Cancelled), _)) => PairingDecision::Refuse,
        // Asked again once there is no other dialogue, if it still waits.
        Some((Err(PinEntryError::Withdrawn), _)) => return true,
        Some((Err(error), _)) => {
            tracing::info!(%error, "no window answered about a site");
            return false;
        }
        None => return false,
    };
    let answer = PairingAnswerRequest {
        pairing: pairing.id.clone(),
        decision,
        rights: None,
    };
    if let Err(failure) = sites.answer(&answer) {
        tracing::info!(
            code = failure.code().name(),
            "the answer about a site came to nothing"
        );
    }
    true
}

/// Whether a PIN dialogue is open.
fn asks_for_pin(agent: &Weak<Inner>) -> bool {
    agent
        .upgrade()
        .is_some_and(|agent| matches!(agent.pin_dialogue.try_lock(), Err(TryLockError::WouldBlock)))
}

impl Sites {
    /// Requests that wait.
    fn pairings(&self) -> Vec<Pairing> {
        self.expire();
        self.pending().waiting().cloned().collect()
    }

    fn question(&self, pairing: &Pairing) -> Question {
        let known = self.known();
        let warnings = appearance::warnings(&pairing.origin, &known, Language::French);
        let server = self.server(pairing.record_server.as_ref());
        question::question(
            pairing,
            &warnings,
            server.map(|server| server.title.as_str()),
        )
    }
}
