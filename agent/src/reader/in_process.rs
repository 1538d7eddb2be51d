//! Readers that exist only in this process, for the demo and the tests: cards are put in and taken out by calls. They
//! behave towards the agent as PC/SC does, transactions and resets included. Never part of what users install.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paraphe_protocol::api::ReaderState;
use paraphe_protocol::card::{TransmissionProtocol, Transport, TransportError};
use paraphe_softcard::SoftCard;

use super::{
    Backend, CardChannel, CardEnd, CardTarget, Connector, ReaderError, ReaderStatus, Watch,
};

/// A card as a reader sees it: it answers to reset and to commands.
pub trait InProcessCard: Send {
    /// Answer to reset.
    fn atr(&self) -> Vec<u8>;
    /// Powers the card up, or resets it: PIN state and selection are gone afterwards.
    fn reset(&mut self);
    /// One command, one answer; an answer shorter than a status word stands for a card pulled out meanwhile.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8>;
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
    slots: Vec<Slot>,
}

struct Slot {
    name: Arc<str>,
    event_counter: u32,
    /// Taken by a transaction while it lasts would hide it; instead the card has its own lock.
    card: Option<Arc<Mutex<Box<dyn InProcessCard>>>>,
    /// Held for the length of a transaction.
    transaction: Arc<Mutex<()>>,
    pull_after: Option<u32>,
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
                name: Arc::from(name),
                event_counter: 0,
                card: None,
                transaction: Arc::default(),
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
                let mut card: Box<dyn InProcessCard> = Box::new(card);
                card.reset();
                slot.event_counter += if slot.card.is_some() { 2 } else { 1 };
                slot.card = Some(Arc::new(Mutex::new(card)));
                slot.pull_after = None;
            }
        });
    }

    /// Takes the card out.
    pub fn remove(&self, reader: &str) {
        self.change(|state| {
            if let Some(slot) = state.slot(reader)
                && slot.card.take().is_some()
            {
                slot.event_counter += 1;
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

    /// Resets the card between two transactions, as another program may.
    pub fn reset_card(&self, reader: &str) {
        let card = self
            .lock()
            .slot(reader)
            .and_then(|slot| slot.card.as_ref().map(Arc::clone));
        if let Some(card) = card {
            lock(&card).reset();
        }
    }

    /// Stops and starts the card service, as a restart of pcscd does.
    pub fn set_service(&self, answers: bool) {
        self.change(|state| state.service_down = !answers);
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        state.version += 1;
        drop(state);
        self.shared.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.shared.state)
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
}

impl State {
    fn slot(&mut self, reader: &str) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| &*slot.name == reader)
    }
}

struct InProcessWatch {
    readers: InProcessReaders,
    seen: Option<u64>,
}

impl Watch for InProcessWatch {
    fn next(&mut self, wait: Duration) -> Result<Vec<ReaderStatus>, ReaderError> {
        let until = Instant::now() + wait;
        let mut state = self.readers.lock();
        while self.seen == Some(state.version) {
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                break;
            };
            state = self
                .readers
                .shared
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        self.seen = Some(state.version);
        if state.service_down {
            return Err(ReaderError::ServiceUnavailable);
        }
        Ok(state
            .slots
            .iter()
            .map(|slot| {
                let atr = slot.card.as_ref().map(|card| lock(card).atr());
                ReaderStatus {
                    name: Arc::clone(&slot.name),
                    event_counter: slot.event_counter,
                    state: match &atr {
                        None => ReaderState::Empty,
                        Some(atr) if atr.is_empty() => ReaderState::Mute,
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

impl Connector for InProcessConnector {
    fn transact(
        &mut self,
        target: &CardTarget,
        job: &mut dyn FnMut(&mut CardChannel<'_>) -> CardEnd,
    ) -> Result<(), ReaderError> {
        let (transaction, card) = {
            let mut state = self.readers.lock();
            if state.service_down {
                return Err(ReaderError::ServiceUnavailable);
            }
            let slot = state
                .slot(&target.reader)
                .ok_or(ReaderError::ReaderUnknown)?;
            let card = slot.card.clone().ok_or(ReaderError::CardRemoved)?;
            if slot.event_counter != target.event_counter {
                return Err(ReaderError::CardChanged);
            }
            (Arc::clone(&slot.transaction), card)
        };
        let held = lock(&transaction);
        let atr = lock(&card).atr();
        if atr.is_empty() {
            return Err(ReaderError::CardMute);
        }
        // Resets the card unless the job ends well and says that it may be left.
        let mut on_the_way_out = ResetOnDrop {
            card: &card,
            end: CardEnd::Reset,
        };
        let mut transport = InProcessTransport {
            readers: &self.readers,
            target,
            card: &card,
            lost: false,
        };
        on_the_way_out.end = job(&mut CardChannel::new(
            &mut transport,
            &atr,
            protocol_of(&atr),
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
    readers: &'a InProcessReaders,
    target: &'a CardTarget,
    card: &'a Mutex<Box<dyn InProcessCard>>,
    lost: bool,
}

impl InProcessTransport<'_> {
    fn is_present(&self) -> bool {
        let mut state = self.readers.lock();
        let Some(slot) = state.slot(&self.target.reader) else {
            return false;
        };
        if slot.event_counter != self.target.event_counter {
            return false;
        }
        match slot.pull_after.as_mut() {
            Some(0) => {
                slot.card = None;
                slot.event_counter += 1;
                slot.pull_after = None;
                state.version += 1;
                drop(state);
                self.readers.shared.changed.notify_all();
                false
            }
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }
}

impl Transport for InProcessTransport<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        if self.lost || !self.is_present() {
            self.lost = true;
            return Err(TransportError::CardRemoved);
        }
        let answer = lock(self.card).transmit(command);
        if answer.len() < 2 {
            self.lost = true;
            return Err(TransportError::CardRemoved);
        }
        Ok(answer)
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
