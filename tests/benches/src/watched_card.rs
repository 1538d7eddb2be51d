//! A simulated card in an in-process reader that tells how long it worked, so that what a person's card takes can be told apart from
//! what the program takes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use paraphe::reader::{CardOutcome, InProcessCard};
use paraphe_softcard::SoftCard;

/// PERFORM SECURITY OPERATION (ISO 7816-8).
const SIGN: u8 = 0x2A;
/// GET RESPONSE (ISO 7816-4): the signature itself comes with it.
const GET_RESPONSE: u8 = 0xC0;

/// When a card worked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Work {
    /// Time spent on all commands since it was inserted.
    pub busy: Duration,
    /// When its first signature was asked for.
    pub first_signature: Option<Instant>,
    /// When its last signature came.
    pub last_signature: Option<Instant>,
    /// Time spent on all commands between these two.
    pub busy_between: Duration,
    /// Time spent on commands since the first signature.
    busy_since: Duration,
}

/// The card, powered on.
pub struct WatchedCard {
    card: SoftCard,
    work: Arc<Mutex<Work>>,
}

impl fmt::Debug for WatchedCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WatchedCard")
    }
}

impl WatchedCard {
    /// A card, and where its work is told.
    #[must_use]
    pub fn new(mut card: SoftCard) -> (Self, Arc<Mutex<Work>>) {
        card.power_on();
        let work = Arc::new(Mutex::new(Work::default()));
        let told = Arc::clone(&work);
        (Self { card, work }, told)
    }
}

impl InProcessCard for WatchedCard {
    fn atr(&self) -> Vec<u8> {
        self.card.atr().to_vec()
    }

    fn reset(&mut self) {
        self.card.reset();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let begun = Instant::now();
        let answer = self.card.transmit(command);
        let ended = Instant::now();
        let took = ended.saturating_duration_since(begun);
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        work.busy += took;
        let instruction = command.get(1).copied();
        if instruction == Some(SIGN) {
            work.first_signature.get_or_insert(begun);
        }
        if work.first_signature.is_some() {
            work.busy_since += took;
        }
        if matches!(instruction, Some(SIGN | GET_RESPONSE)) {
            work.last_signature = Some(ended);
            work.busy_between = work.busy_since;
        }
        answer
    }

    fn exchange(&mut self, command: &[u8]) -> CardOutcome {
        CardOutcome::Answer(self.transmit(command))
    }
}
