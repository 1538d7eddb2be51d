//! A card in a virtual reader: a thread that connects to the reader's endpoint and lets a [`SoftCard`] answer there.
//!
//! The card can be pulled, put back and exchanged while programs use it. When the reader goes away (`pcscd` restarts) the card
//! connects again by itself. A card that its scenario removes, swaps or makes mute is so for the reader too. On an internal error the connection is closed, because a card that keeps it and does not
//! answer would hang the reader.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use crate::connection::{Connection, Endpoint, Message};
use crate::pad::{NotDigits, Pad};
use crate::soft_card::{Outcome, Reaction, SoftCard};
use crate::trace::Trace;

/// Time between two attempts to reach a reader.
const RETRY: Duration = Duration::from_millis(50);
/// `vpcd` asks every 0.4 s whether its card is still there; a new card that comes sooner can pass for the old one.
const VPCD_SWAP_PAUSE: Duration = Duration::from_millis(1000);

/// The reader did not take or lose the card in time.
#[derive(Debug, thiserror::Error)]
#[error("the reader at {endpoint} did not {expected} within {seconds} s")]
pub struct SlotTimeout {
    endpoint: Endpoint,
    expected: &'static str,
    seconds: u64,
}

/// A card in a virtual reader, until dropped.
#[derive(Debug)]
pub struct CardSlot {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    endpoint: Endpoint,
    trace: Option<Trace>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    card: Arc<Mutex<SoftCard>>,
    inserted: bool,
    stopping: bool,
    /// A handle to end the present connection with.
    connection: Option<Connection>,
    /// The reader has asked this connection for the ATR.
    seen_by_reader: bool,
    /// No new connection before this time.
    not_before: Instant,
    /// What was typed on the reader's PIN pad.
    pad: Pad,
}

impl CardSlot {
    /// Puts a card in the reader at this endpoint, now or as soon as it is there.
    pub fn insert(endpoint: Endpoint, card: SoftCard, trace: Option<Trace>) -> Self {
        let shared = Arc::new(Shared {
            endpoint,
            trace,
            state: Mutex::new(State {
                card: Arc::new(Mutex::new(card)),
                inserted: true,
                stopping: false,
                connection: None,
                seen_by_reader: false,
                not_before: Instant::now(),
                pad: Pad::default(),
            }),
            changed: Condvar::new(),
        });
        let worker = Arc::clone(&shared);
        Self {
            shared,
            thread: Some(std::thread::spawn(move || worker.run())),
        }
    }

    /// The reader.
    pub fn endpoint(&self) -> &Endpoint {
        &self.shared.endpoint
    }

    /// Waits until the reader has seen the card.
    pub fn wait_ready(&self, timeout: Duration) -> Result<(), SlotTimeout> {
        self.shared
            .wait(timeout, "see the card", |state| state.seen_by_reader)
    }

    /// Pulls the card, if it is in.
    pub fn pull(&self) -> Result<(), SlotTimeout> {
        let mut state = self.shared.state();
        state.inserted = false;
        if let Some(connection) = &state.connection {
            connection.shut_down();
        }
        if self.shared.endpoint_is_vpcd() {
            state.not_before = Instant::now() + VPCD_SWAP_PAUSE;
        }
        drop(state);
        self.shared.changed.notify_all();
        self.shared
            .wait(Duration::from_secs(10), "lose the card", |state| {
                state.connection.is_none()
            })
    }

    /// Puts the pulled card back, and waits until the reader has seen it.
    pub fn put_back(&self) -> Result<(), SlotTimeout> {
        self.shared.state().inserted = true;
        self.shared.changed.notify_all();
        self.wait_ready(Duration::from_secs(10))
    }

    /// Pulls the card and puts another one in.
    pub fn exchange(&self, card: SoftCard) -> Result<(), SlotTimeout> {
        self.pull()?;
        self.shared.state().card = Arc::new(Mutex::new(card));
        self.put_back()
    }

    /// Types digits and the validation key on the reader's PIN pad, now or for the next time that it asks.
    pub fn type_digits(&self, digits: &str) -> Result<(), NotDigits> {
        self.shared.state().pad.type_digits(digits)?;
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Presses the cancel key of the reader's PIN pad.
    pub fn cancel_entry(&self) {
        self.shared.state().pad.cancel();
        self.shared.changed.notify_all();
    }

    /// Waits until the reader's PIN pad asks for an entry.
    pub fn wait_until_asked(&self, timeout: Duration) -> Result<(), SlotTimeout> {
        self.shared
            .wait(timeout, "ask for a PIN", |state| state.pad.is_asked)
    }

    /// Looks at the card (counters, tries left) without an APDU.
    pub fn with_card<R>(&self, look: impl FnOnce(&mut SoftCard) -> R) -> R {
        let card = Arc::clone(&self.shared.state().card);
        let mut card = card.lock().unwrap_or_else(PoisonError::into_inner);
        look(&mut card)
    }
}

impl Drop for CardSlot {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.stopping = true;
        if let Some(connection) = &state.connection {
            connection.shut_down();
        }
        drop(state);
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic was logged where it happened.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn endpoint_is_vpcd(&self) -> bool {
        matches!(self.endpoint, Endpoint::Vpcd(_))
    }

    fn wait(
        &self,
        timeout: Duration,
        expected: &'static str,
        is_reached: impl Fn(&State) -> bool,
    ) -> Result<(), SlotTimeout> {
        let (state, _) = self
            .changed
            .wait_timeout_while(self.state(), timeout, |state| !is_reached(state))
            .unwrap_or_else(PoisonError::into_inner);
        if is_reached(&state) {
            return Ok(());
        }
        Err(SlotTimeout {
            endpoint: self.endpoint.clone(),
            expected,
            seconds: timeout.as_secs(),
        })
    }

    /// The thread: one connection after the other, as long as a card is in.
    fn run(&self) {
        while let Some(card) = self.next_turn() {
            match Connection::open(&self.endpoint) {
                Ok(connection) => self.serve(connection, &card),
                Err(error) => {
                    debug!(endpoint = %self.endpoint, %error, "reader not reachable");
                    let mut state = self.state();
                    state.not_before = state.not_before.max(Instant::now() + RETRY);
                }
            }
        }
    }

    /// Waits for a card to be in and for the time to come; `None` when stopping.
    fn next_turn(&self) -> Option<Arc<Mutex<SoftCard>>> {
        let mut state = self.state();
        loop {
            if state.stopping {
                return None;
            }
            let pause = state.not_before.saturating_duration_since(Instant::now());
            state = if !state.inserted {
                self.changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner)
            } else if !pause.is_zero() {
                self.changed
                    .wait_timeout(state, pause)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            } else {
                return Some(Arc::clone(&state.card));
            };
        }
    }

    /// One connection, until either side ends it. Whatever happens, it is shut down afterwards.
    fn serve(&self, mut connection: Connection, card: &Mutex<SoftCard>) {
        let Ok(handle) = connection.try_clone() else {
            return;
        };
        let mut state = self.state();
        if !state.inserted || state.stopping {
            return;
        }
        state.connection = Some(handle);
        drop(state);
        let _ending = Ending(self);
        loop {
            let message = match connection.receive() {
                Ok(message) => message,
                Err(error) => {
                    debug!(endpoint = %self.endpoint, %error, "connection ended");
                    return;
                }
            };
            if let Message::AskEntry { seconds } = message {
                match self
                    .next_entry(seconds)
                    .map(|entry| connection.send(&entry))
                {
                    Some(Ok(())) => continue,
                    Some(Err(_)) | None => return,
                }
            }
            let reply = {
                let mut card = card.lock().unwrap_or_else(PoisonError::into_inner);
                self.answer(&message, &mut card)
            };
            match self.reply(reply, &mut connection) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    debug!(endpoint = %self.endpoint, %error, "connection ended");
                    return;
                }
            }
            if message == Message::GetAtr {
                let mut state = self.state();
                if !state.seen_by_reader && state.connection.is_some() {
                    state.seen_by_reader = true;
                    drop(state);
                    self.changed.notify_all();
                }
            }
        }
    }

    /// Waits for the next entry on the pad; `None` when the card is pulled meanwhile.
    fn next_entry(&self, seconds: u8) -> Option<Vec<u8>> {
        let mut state = self.state();
        state.pad.is_asked = true;
        self.changed.notify_all();
        let (mut state, _) = self
            .changed
            .wait_timeout_while(state, Duration::from_secs(seconds.into()), |state| {
                state.pad.is_empty() && state.inserted && !state.stopping
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.pad.is_asked = false;
        (state.inserted && !state.stopping).then(|| state.pad.answer())
    }

    /// Sends what there is to send when its time has come; false when the card leaves.
    fn reply(&self, reply: Reply, connection: &mut Connection) -> io::Result<bool> {
        let reaction = match reply {
            Reply::Nothing => return Ok(true),
            Reply::Atr(atr) => return connection.send(&atr).map(|()| true),
            Reply::Reaction(reaction) => reaction,
        };
        // Pulling the card ends the waiting.
        if !reaction.delay.is_zero() {
            let (state, _) = self
                .changed
                .wait_timeout_while(self.state(), reaction.delay, |state| {
                    state.inserted && !state.stopping
                })
                .unwrap_or_else(PoisonError::into_inner);
            if !state.inserted || state.stopping {
                return Ok(false);
            }
        }
        match reaction.outcome {
            Outcome::Answer(answer) => connection.send(&answer).map(|()| true),
            Outcome::Mute => {
                // Whatever else the reader says is heard and not answered, until it or the card goes away.
                while connection.receive().is_ok() {}
                Ok(false)
            }
            Outcome::Removed { back_after } => {
                let pause = if self.endpoint_is_vpcd() {
                    VPCD_SWAP_PAUSE
                } else {
                    Duration::ZERO
                };
                let mut state = self.state();
                state.inserted &= back_after.is_some();
                state.not_before = Instant::now() + pause.max(back_after.unwrap_or_default());
                Ok(false)
            }
        }
    }

    fn answer(&self, message: &Message, card: &mut SoftCard) -> Reply {
        match message {
            Message::GetAtr => Reply::Atr(card.atr().to_vec()),
            // Not the card's business.
            Message::AskEntry { .. } => Reply::Nothing,
            Message::PowerOn => {
                card.power_on();
                self.trace_reset();
                Reply::Nothing
            }
            Message::Reset => {
                card.reset();
                self.trace_reset();
                Reply::Nothing
            }
            // What was verified is gone with the power.
            Message::PowerOff => {
                card.reset();
                Reply::Nothing
            }
            Message::Command(command) => {
                let reaction = card.react(command);
                if let Some(trace) = &self.trace {
                    trace.exchange(&self.endpoint, command, &reaction.outcome);
                }
                Reply::Reaction(reaction)
            }
        }
    }

    fn trace_reset(&self) {
        if let Some(trace) = &self.trace {
            trace.reset(&self.endpoint);
        }
    }
}

/// What a message from the reader gets.
enum Reply {
    Nothing,
    Atr(Vec<u8>),
    Reaction(Reaction),
}

/// Ends a connection when its serving ends, by a panic too.
struct Ending<'a>(&'a Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            warn!(endpoint = %self.0.endpoint, "internal error: the card is pulled");
        }
        let mut state = self.0.state();
        if let Some(connection) = state.connection.take() {
            connection.shut_down();
        }
        state.seen_by_reader = false;
        state.not_before = state.not_before.max(Instant::now() + RETRY);
        drop(state);
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests;
