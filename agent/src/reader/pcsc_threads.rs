//! The threads of this process that call the PC/SC client library. pcsc-lite's client library takes its tables down when the
//! process ends (a destructor of the shared object); a thread that is inside one of its calls at that moment reads what was
//! freed, and the process dies of a signal after its work was done. So the process waits for these threads before it ends:
//! whoever watches readers is called back, whoever reaches a card ends with its job. One count for the process, because the
//! library's tables are one for the process.
//!
//! For the same reason no context is given back while a card is connected or disconnected, in whatever thread: pcsc-lite (1.9.9) looks
//! for the card's handle through all contexts without its lock, and reads one that is being freed (SIGSEGV in SCardDisconnect).

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pcsc::Context;

/// A wait that begins just after it was called off is called off again.
const AGAIN: Duration = Duration::from_millis(20);

static THREADS: Mutex<Threads> = Mutex::new(Threads {
    inside: 0,
    watching: Vec::new(),
    last_number: 0,
    with_cards: 0,
    given_up: Vec::new(),
});
static CHANGED: Condvar = Condvar::new();

struct Threads {
    inside: usize,
    /// Contexts in which a thread may be waiting for readers to change, by the number of its [`Inside`].
    watching: Vec<(u64, Context)>,
    last_number: u64,
    /// Threads that have a card, or are about to connect or disconnect one.
    with_cards: usize,
    /// Contexts that are given back when no thread has a card.
    given_up: Vec<Context>,
}

/// Held by a thread for as long as it may call the library.
pub(super) struct Inside {
    number: u64,
}

impl Inside {
    pub(super) fn new() -> Self {
        let mut threads = lock();
        threads.inside += 1;
        threads.last_number += 1;
        Self {
            number: threads.last_number,
        }
    }

    /// Tells in which context this thread waits from now on; what it told before is forgotten.
    pub(super) fn watches_with(&self, context: Option<&Context>) {
        let before = {
            let mut threads = lock();
            let before = threads.forget(self.number);
            if let Some(context) = context {
                threads.watching.push((self.number, context.clone()));
            }
            before
        };
        if let Some(context) = before {
            give_up(context);
        }
    }
}

impl Default for Inside {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.watches_with(None);
        lock().inside -= 1;
        CHANGED.notify_all();
    }
}

impl Threads {
    fn forget(&mut self, number: u64) -> Option<Context> {
        let place = self.watching.iter().position(|(of, _)| *of == number)?;
        Some(self.watching.swap_remove(place).1)
    }
}

/// Held by a thread from before it connects a card until it has disconnected it.
pub(super) struct WithCard(());

impl WithCard {
    pub(super) fn new() -> Self {
        lock().with_cards += 1;
        Self(())
    }
}

impl Drop for WithCard {
    fn drop(&mut self) {
        let mut threads = lock();
        threads.with_cards -= 1;
        if threads.with_cards == 0 {
            // Under the lock, so that nobody connects a card meanwhile; the service answers at once.
            threads.given_up.clear();
        }
    }
}

/// Gives a context back to the service, or leaves that to the last thread that has a card.
pub(super) fn give_up(context: Context) {
    let mut threads = lock();
    threads.given_up.push(context);
    if threads.with_cards == 0 {
        threads.given_up.clear();
    }
}

/// Waits, `limit` at most, until no thread is inside the library; whether none is. For the end of the process, once the
/// readers were given up. A thread that a silent card keeps inside a command is waiting for bytes and touches no table.
pub(crate) fn wait_for_card_threads(limit: Duration) -> bool {
    let until = Instant::now() + limit;
    let mut threads = lock();
    while threads.inside > 0 {
        let Some(left) = until.checked_duration_since(Instant::now()) else {
            return false;
        };
        for (_, context) in &threads.watching {
            // A service that is gone keeps nobody waiting.
            let _ = context.cancel();
        }
        threads = CHANGED
            .wait_timeout(threads, left.min(AGAIN))
            .unwrap_or_else(PoisonError::into_inner)
            .0;
    }
    true
}

fn lock() -> MutexGuard<'static, Threads> {
    // Every change is a single assignment.
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}
