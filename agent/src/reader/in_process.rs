//! Readers that exist only in this process, for the demo and the tests: cards are put in and taken out by calls, and by
//! their own scenarios. They behave towards the agent as PC/SC does: transactions, resets, cards that leave under a command
//! or never answer it, other programs, a service that stops, a workstation that sleeps. Never part of what users install.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use paraphe_protocol::api::ReaderState;
use paraphe_protocol::card::{TransmissionProtocol, Transport, TransportError};
use paraphe_softcard::{Outcome, SoftCard};

use super::{
    Backend, CardChannel, CardEnd, CardTarget, Connector, JobLimits, ReaderError, ReaderName,
    ReaderStatus, Watch,
};

/// A card as a reader sees it: it answers to reset and to commands.
pub trait InProcessCard: Send {
    /// Answer to reset.
    fn atr(&self) -> Vec<u8>;
    /// Powers the card up, or resets it: PIN state and selection are gone afterwards.
    fn reset(&mut self);
    /// One command, one answer; an answer shorter than a status word stands for a card pulled out meanwhile.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8>;
    /// One command and whatever comes of it; where a card has no such whims, its answer.
    fn exchange(&mut self, command: &[u8]) -> CardOutcome {
        CardOutcome::Answer(self.transmit(command))
    }
}

/// What comes of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardOutcome {
    /// Data and status word.
    Answer(Vec<u8>),
    /// No answer to this command nor to another, until the card is taken out.
    Mute,
    /// The card is gone; what comes back may be another one.
    Removed {
        /// When it is back; `None`: never by itself.
        back_after: Option<Duration>,
    },
}

impl From<Outcome> for CardOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Answer(answer) => Self::Answer(answer),
            Outcome::Mute => Self::Mute,
            Outcome::Removed { back_after } => Self::Removed { back_after },
            _ => Self::Removed { back_after: None },
        }
    }
}

impl InProcessCard for SoftCard {
    fn atr(&self) -> Vec<u8> {
        Self::atr(self).to_vec()
    }

    fn reset(&mut self) {
        Self::reset(self);
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        Self::transmit(self, command)
    }

    fn exchange(&mut self, command: &[u8]) -> CardOutcome {
        Self::exchange(self, command).into()
    }
}

/// Readers in this process. Clones are the same readers.
#[derive(Clone, Default)]
pub struct InProcessReaders {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    version: u64,
    service_down: bool,
    slept: Duration,
    slots: Vec<Slot>,
}

type SharedCard = Arc<Mutex<Box<dyn InProcessCard>>>;

struct Slot {
    name: ReaderName,
    event_counter: u32,
    /// Taken by a transaction while it lasts would hide it; instead the card has its own lock.
    card: Option<Present>,
    /// Held for the length of a transaction.
    transaction: Arc<Mutex<()>>,
    /// Another program holds the reader exclusively.
    held: bool,
    pull_after: Option<u32>,
}

#[derive(Clone)]
struct Present {
    card: SharedCard,
    atr: Vec<u8>,
}

impl Slot {
    fn put(&mut self, card: SharedCard) {
        let atr = {
            let mut card = lock(&card);
            card.reset();
            card.atr()
        };
        self.event_counter += if self.card.is_some() { 2 } else { 1 };
        self.card = Some(Present { card, atr });
        self.pull_after = None;
    }

    fn take(&mut self) -> Option<SharedCard> {
        let present = self.card.take()?;
        self.event_counter += 1;
        self.pull_after = None;
        Some(present.card)
    }
}

impl InProcessReaders {
    /// No reader yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Plugs a reader in.
    pub fn add_reader(&self, name: &str) {
        self.change(|state| {
            state.slots.push(Slot {
                name: ReaderName::from(name),
                event_counter: 0,
                card: None,
                transaction: Arc::default(),
                held: false,
                pull_after: None,
            });
        });
    }

    /// Unplugs a reader, with the card in it.
    pub fn remove_reader(&self, name: &str) {
        self.change(|state| state.slots.retain(|slot| &*slot.name != name));
    }

    /// Puts a card in, powered up. A card already there is taken out first. A reader that does not exist is plugged in.
    pub fn insert(&self, reader: &str, card: impl InProcessCard + 'static) {
        if !self.lock().slots.iter().any(|slot| &*slot.name == reader) {
            self.add_reader(reader);
        }
        self.change(|state| {
            if let Some(slot) = state.slot(reader) {
                slot.put(Arc::new(Mutex::new(Box::new(card))));
            }
        });
    }

    /// Takes the card out.
    pub fn remove(&self, reader: &str) {
        self.change(|state| {
            if let Some(slot) = state.slot(reader) {
                slot.take();
            }
        });
    }

    /// Takes the card out after so many more commands were answered.
    pub fn remove_after(&self, reader: &str, commands: u32) {
        self.change(|state| {
            if let Some(slot) = state.slot(reader) {
                slot.pull_after = Some(commands);
            }
        });
    }

    /// Resets the card between two transactions, as another program may. Waits for the one that goes on, but, as that program
    /// would, no longer than `patience`: a card that went mute keeps its transaction until it is taken out.
    /// Tells whether the card was reset.
    pub fn reset_card(&self, reader: &str, patience: Duration) -> bool {
        let found = self
            .lock()
            .slot(reader)
            .and_then(|slot| Some((Arc::clone(&slot.transaction), slot.card.clone()?)));
        let Some((transaction, present)) = found else {
            return false;
        };
        let begun = Instant::now();
        let _between_transactions = loop {
            match transaction.try_lock() {
                Ok(held) => break held,
                Err(TryLockError::Poisoned(held)) => break held.into_inner(),
                Err(TryLockError::WouldBlock) if begun.elapsed() >= patience => return false,
                Err(TryLockError::WouldBlock) => thread::sleep(Duration::from_millis(1)),
            }
        };
        lock(&present.card).reset();
        true
    }

    /// Another program takes the reader for itself, or lets go of it.
    pub fn hold(&self, reader: &str, held: bool) {
        self.change(|state| {
            if let Some(slot) = state.slot(reader) {
                slot.held = held;
            }
        });
    }

    /// Stops and starts the card service, as a restart of pcscd does.
    pub fn set_service(&self, answers: bool) {
        self.change(|state| state.service_down = !answers);
    }

    /// The workstation sleeps so long and wakes up: the cards lost their power, and counting begins again.
    pub fn sleep(&self, slept: Duration) {
        self.change(|state| {
            state.slept += slept;
            for slot in &mut state.slots {
                if let Some(card) = slot.take() {
                    slot.event_counter = 0;
                    slot.put(card);
                }
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        self.shared.change(change);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
    }
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = lock(&self.state);
        change(&mut state);
        state.version += 1;
        drop(state);
        self.changed.notify_all();
    }
}

impl fmt::Debug for InProcessReaders {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("InProcessReaders")
    }
}

impl Backend for InProcessReaders {
    fn name(&self) -> &'static str {
        "in-process"
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(InProcessWatch {
            readers: self.clone(),
            seen: None,
        })
    }

    fn connector(&self) -> Box<dyn Connector> {
        Box::new(InProcessConnector {
            readers: self.clone(),
        })
    }

    fn slept(&self) -> Duration {
        self.lock().slept
    }
}

impl State {
    fn slot(&mut self, reader: &str) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| &*slot.name == reader)
    }

    /// The slot, while the card of `target` is in it.
    fn presence(&mut self, target: &CardTarget) -> Option<&mut Slot> {
        self.slot(&target.reader)
            .filter(|slot| slot.event_counter == target.event_counter)
    }
}

struct InProcessWatch {
    readers: InProcessReaders,
    seen: Option<u64>,
}

impl Watch for InProcessWatch {
    fn next(&mut self, wait: Duration) -> Result<Vec<ReaderStatus>, ReaderError> {
        let seen = self.seen;
        let (state, _) = self
            .readers
            .shared
            .changed
            .wait_timeout_while(self.readers.lock(), wait, |state| {
                seen == Some(state.version)
            })
            .unwrap_or_else(PoisonError::into_inner);
        self.seen = Some(state.version);
        if state.service_down {
            return Err(ReaderError::ServiceUnavailable);
        }
        Ok(state
            .slots
            .iter()
            .map(|slot| {
                let atr = slot.card.as_ref().map(|present| present.atr.clone());
                ReaderStatus {
                    name: slot.name.clone(),
                    event_counter: slot.event_counter,
                    state: match &atr {
                        None => ReaderState::Empty,
                        Some(atr) if atr.is_empty() => ReaderState::Mute,
                        Some(_) if slot.held => ReaderState::InUse,
                        Some(_) => ReaderState::Present,
                    },
                    atr: atr.filter(|atr| !atr.is_empty()),
                }
            })
            .collect())
    }
}

struct InProcessConnector {
    readers: InProcessReaders,
}

impl InProcessConnector {
    /// Waits, as long as a job may, for another program to let go of the reader.
    fn connect(&self, target: &CardTarget) -> Result<(Arc<Mutex<()>>, Present), ReaderError> {
        let begun = Instant::now();
        let (mut state, _) = self
            .readers
            .shared
            .changed
            .wait_timeout_while(self.readers.lock(), JobLimits::LONGEST_WAIT, |state| {
                !state.service_down && state.presence(target).is_some_and(|slot| slot.held)
            })
            .unwrap_or_else(PoisonError::into_inner);
        if state.service_down {
            return Err(ReaderError::ServiceUnavailable);
        }
        let slot = state
            .slot(&target.reader)
            .ok_or(ReaderError::ReaderUnknown)?;
        let present = slot.card.clone().ok_or(ReaderError::CardRemoved)?;
        if slot.event_counter != target.event_counter {
            return Err(ReaderError::CardChanged);
        }
        if slot.held {
            return Err(ReaderError::Busy {
                waited: begun.elapsed(),
            });
        }
        if present.atr.is_empty() {
            return Err(ReaderError::CardMute);
        }
        Ok((Arc::clone(&slot.transaction), present))
    }
}

impl Connector for InProcessConnector {
    fn transact(
        &mut self,
        target: &CardTarget,
        job: &mut dyn FnMut(&mut CardChannel<'_>) -> CardEnd,
    ) -> Result<(), ReaderError> {
        let (transaction, present) = self.connect(target)?;
        let held = lock(&transaction);
        // Resets the card unless the job ends well and says that it may be left.
        let mut on_the_way_out = ResetOnDrop {
            card: &present.card,
            end: CardEnd::Reset,
        };
        let mut transport = InProcessTransport {
            shared: &self.readers.shared,
            target,
            card: &present.card,
            lost: None,
        };
        on_the_way_out.end = job(&mut CardChannel::new(
            &mut transport,
            &present.atr,
            protocol_of(&present.atr),
        ));
        drop(on_the_way_out);
        drop(held);
        Ok(())
    }
}

/// T=1 where the card offers it, as the PC/SC service chooses (ISO/IEC 7816-3 section 8.2.3: each TDi names a protocol).
fn protocol_of(atr: &[u8]) -> TransmissionProtocol {
    let mut indicator = atr.get(1).copied().unwrap_or_default();
    let mut place = 1;
    while indicator & 0x80 != 0 {
        place += usize::try_from((indicator >> 4).count_ones()).unwrap_or_default();
        let Some(next) = atr.get(place) else { break };
        indicator = *next;
        if indicator & 0x0F == 1 {
            return TransmissionProtocol::T1;
        }
    }
    TransmissionProtocol::T0
}

struct ResetOnDrop<'a> {
    card: &'a Mutex<Box<dyn InProcessCard>>,
    end: CardEnd,
}

impl Drop for ResetOnDrop<'_> {
    fn drop(&mut self) {
        if self.end == CardEnd::Reset {
            lock(self.card).reset();
        }
    }
}

struct InProcessTransport<'a> {
    shared: &'a Arc<Shared>,
    target: &'a CardTarget,
    card: &'a SharedCard,
    lost: Option<TransportError>,
}

impl InProcessTransport<'_> {
    fn check_presence(&self) -> Result<(), TransportError> {
        let mut state = lock(&self.shared.state);
        if state.service_down {
            return Err(TransportError::ServiceUnavailable);
        }
        if state.slot(&self.target.reader).is_none() {
            return Err(TransportError::ReaderUnavailable);
        }
        let slot = state
            .presence(self.target)
            .ok_or(TransportError::CardRemoved)?;
        match slot.pull_after.as_mut() {
            Some(0) => {
                slot.take();
                state.version += 1;
                drop(state);
                self.shared.changed.notify_all();
                Err(TransportError::CardRemoved)
            }
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Waits, as a reader does whose card is mute, until the card is gone.
    fn wait_for_removal(&self) -> TransportError {
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(lock(&self.shared.state), Duration::MAX, |state| {
                !state.service_down && state.presence(self.target).is_some()
            })
            .unwrap_or_else(PoisonError::into_inner);
        match state.service_down {
            true => TransportError::ServiceUnavailable,
            false => TransportError::CardRemoved,
        }
    }

    /// Takes the card out and, where it comes back by itself, puts it back when its time has come.
    fn card_left(&self, back_after: Option<Duration>) -> TransportError {
        let mut gone = None;
        self.shared.change(|state| {
            gone = state
                .presence(self.target)
                .and_then(|slot| Some((slot.take()?, slot.event_counter)));
        });
        if let (Some((card, counter)), Some(pause)) = (gone, back_after) {
            put_back_later(
                Arc::downgrade(self.shared),
                self.target.reader.clone(),
                card,
                counter,
                pause,
            );
        }
        TransportError::CardRemoved
    }
}

/// Puts a card back after a pause, if nothing else happened to its reader meanwhile.
fn put_back_later(
    shared: Weak<Shared>,
    reader: ReaderName,
    card: SharedCard,
    counter: u32,
    pause: Duration,
) {
    thread::spawn(move || {
        thread::sleep(pause);
        if let Some(shared) = shared.upgrade() {
            shared.change(|state| {
                if let Some(slot) = state.slot(&reader)
                    && slot.event_counter == counter
                {
                    slot.put(card);
                }
            });
        }
    });
}

impl Transport for InProcessTransport<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let lost = match self.check_presence() {
            Err(lost) => lost,
            Ok(()) => {
                let outcome = lock(self.card).exchange(command);
                match outcome {
                    CardOutcome::Answer(answer) if answer.len() >= 2 => return Ok(answer),
                    CardOutcome::Answer(_) => TransportError::CardRemoved,
                    CardOutcome::Mute => self.wait_for_removal(),
                    CardOutcome::Removed { back_after } => self.card_left(back_after),
                }
            }
        };
        self.lost = Some(lost.clone());
        Err(lost)
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
