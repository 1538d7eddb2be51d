//! Whose turn it is. So many operations run at once, those that reach a card apart from the others; who comes later waits in a
//! line. The line is fair: of every caller one request, in the order in which they came, before anybody's second (start-time
//! fair queueing), so that no page can keep another from its turn by asking often. A wait ends after a while with a ticket:
//! who asks again with it, within a while, is where he was in the line. Refused here: more who wait than there are places.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paraphe_protocol::api::Operation;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Limits;
use super::ticket::Ticket;
use crate::caller::Caller;

/// The turns at all doors.
#[derive(Debug)]
pub(super) struct Turns {
    cards: Line,
    others: Line,
}

/// Operations that share their places.
#[derive(Debug)]
struct Line {
    state: Mutex<State>,
    /// Operations at once.
    places: usize,
    /// Who may wait at once.
    waiting: usize,
    /// How long a request waits before it is told that it is queued.
    patience: Duration,
    /// How long a place in the line is kept for who was told so.
    kept: Duration,
}

#[derive(Debug, Default)]
struct State {
    running: usize,
    line: BTreeMap<Position, Waiter>,
    /// The round of who had a turn last.
    round: u64,
    /// The round of each caller's last request, where it is not over.
    last_round: HashMap<Caller, u64>,
    arrivals: u64,
}

/// First the round, then the order of arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    round: u64,
    arrival: u64,
}

#[derive(Debug)]
struct Waiter {
    caller: Caller,
    ticket: Ticket,
    attendance: Attendance,
}

#[derive(Debug)]
enum Attendance {
    Here(oneshot::Sender<()>),
    /// Told to ask again, and awaited until then.
    Away(Instant),
}

/// The right to run one operation, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a>(Option<&'a Line>);

/// Why there is no turn now.
#[derive(Debug)]
pub(super) enum NoTurn {
    /// It goes on waiting: this ticket keeps its place.
    Queued {
        ticket: Ticket,
        /// How many are before it.
        ahead: usize,
        /// How long the place is kept.
        kept: Duration,
    },
    /// There is no place in the line.
    Full,
}

impl Turns {
    /// Nobody waits yet.
    pub(super) fn new(limits: &Limits) -> Self {
        let line = |places| Line {
            state: Mutex::default(),
            places,
            waiting: limits.waiting,
            patience: limits.turn,
            kept: limits.place_kept,
        };
        Self {
            cards: line(limits.card_operations),
            others: line(limits.operations),
        }
    }

    /// Wait for a turn; a request that was told to ask again shows its ticket.
    pub(super) async fn take(
        &self,
        operation: Operation,
        caller: &Caller,
        ticket: Option<&Ticket>,
    ) -> Result<Turn<'_>, NoTurn> {
        match operation {
            // A long poll that holds no thread and no card: it costs its connection and nothing else.
            Operation::Events => Ok(Turn(None)),
            _ if reaches_a_card(operation) => self.cards.take(caller, ticket).await,
            _ => self.others.take(caller, ticket).await,
        }
    }
}

/// Whether it waits for a card, or for the person who gives the card's PIN.
const fn reaches_a_card(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Approve
            | Operation::BatchResume
            | Operation::BatchStart
            | Operation::CardRead
            | Operation::Login
            | Operation::LotSign
            | Operation::MandateOpen
            | Operation::PinChange
            | Operation::PinStatus
            | Operation::PinUnblock
            | Operation::Sign
            | Operation::TunnelOpen
            | Operation::Vihf
            | Operation::VitaleRead
    )
}

impl Line {
    async fn take(&self, caller: &Caller, ticket: Option<&Ticket>) -> Result<Turn<'_>, NoTurn> {
        let mut waiting = match self.join(caller, ticket)? {
            Joined::Turn(turn) => return Ok(turn),
            Joined::Waiting(waiting) => waiting,
        };
        // The sender is dropped with the waiter only, and that by `leave` or with a turn.
        let called = timeout(self.patience, &mut waiting.called).await;
        if called.is_ok() {
            return Ok(waiting.into_turn());
        }
        waiting.step_aside()
    }

    fn join(&self, caller: &Caller, ticket: Option<&Ticket>) -> Result<Joined<'_>, NoTurn> {
        let mut state = self.lock();
        state.forget_the_absent(Instant::now());
        let (sender, called) = oneshot::channel();
        let back = ticket.and_then(|ticket| state.position_of(caller, ticket));
        let position = match back {
            Some(position) => position,
            None => {
                if state.running < self.places && state.line.is_empty() {
                    state.running += 1;
                    return Ok(Joined::Turn(Turn(Some(self))));
                }
                if state.line.len() >= self.waiting {
                    return Err(NoTurn::Full);
                }
                let Some(ticket) = Ticket::random() else {
                    return Err(NoTurn::Full);
                };
                let position = state.next_position(caller);
                let waiter = Waiter {
                    caller: caller.clone(),
                    ticket,
                    attendance: Attendance::Away(Instant::now()),
                };
                state.line.insert(position, waiter);
                position
            }
        };
        if let Some(waiter) = state.line.get_mut(&position) {
            waiter.attendance = Attendance::Here(sender);
        }
        // Who is before it may all be away.
        state.advance(self.places);
        drop(state);
        Ok(Joined::Waiting(Waiting {
            line: self,
            position,
            called,
            left: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change leaves the line whole: who holds the lock calls nothing that panics.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Joined<'a> {
    Turn(Turn<'a>),
    Waiting(Waiting<'a>),
}

/// A request in the line. Dropped with its connection, it leaves the line.
struct Waiting<'a> {
    line: &'a Line,
    position: Position,
    called: oneshot::Receiver<()>,
    left: bool,
}

impl<'a> Waiting<'a> {
    fn into_turn(mut self) -> Turn<'a> {
        self.left = true;
        Turn(Some(self.line))
    }

    /// Keep the place for who asks again.
    fn step_aside(mut self) -> Result<Turn<'a>, NoTurn> {
        self.left = true;
        let mut state = self.line.lock();
        let ahead = state.line.range(..self.position).count();
        let Some(waiter) = state.line.get_mut(&self.position) else {
            // Called at the last moment.
            return Ok(Turn(Some(self.line)));
        };
        waiter.attendance = Attendance::Away(Instant::now() + self.line.kept);
        Err(NoTurn::Queued {
            ticket: waiter.ticket.clone(),
            ahead,
            kept: self.line.kept,
        })
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.left {
            return;
        }
        let mut state = self.line.lock();
        if state.line.remove(&self.position).is_none() {
            // It was called, and is gone.
            state.running = state.running.saturating_sub(1);
            state.advance(self.line.places);
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(line) = self.0 {
            let mut state = line.lock();
            state.running = state.running.saturating_sub(1);
            state.advance(line.places);
        }
    }
}

impl State {
    /// A round later than the caller's last request that still counts, and later than whose turn it is.
    fn next_position(&mut self, caller: &Caller) -> Position {
        let over = self.round;
        self.last_round.retain(|_, round| *round > over);
        let last = self.last_round.entry(caller.clone()).or_insert(over);
        *last += 1;
        self.arrivals += 1;
        Position {
            round: *last,
            arrival: self.arrivals,
        }
    }

    /// The place that is kept for this ticket, and for its own caller only.
    fn position_of(&self, caller: &Caller, ticket: &Ticket) -> Option<Position> {
        let (position, _) = self.line.iter().find(|(_, waiter)| {
            matches!(waiter.attendance, Attendance::Away(_))
                && waiter.caller == *caller
                && waiter.ticket == *ticket
        })?;
        Some(*position)
    }

    fn forget_the_absent(&mut self, now: Instant) {
        self.line.retain(|_, waiter| match waiter.attendance {
            Attendance::Here(_) => true,
            Attendance::Away(until) => until > now,
        });
    }

    /// Call who is next, as long as there are places. Who is away is passed over and keeps the place.
    fn advance(&mut self, places: usize) {
        while self.running < places {
            let next = self
                .line
                .iter()
                .find(|(_, waiter)| matches!(waiter.attendance, Attendance::Here(_)))
                .map(|(position, _)| *position);
            let Some(position) = next else {
                return;
            };
            self.round = self.round.max(position.round);
            if let Some(waiter) = self.line.remove(&position)
                && let Attendance::Here(sender) = waiter.attendance
                && sender.send(()).is_ok()
            {
                self.running += 1;
            }
        }
    }
}
