//! A bounded queue between two stages, which can be closed from either end: a stage that stops wakes those that wait for it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A queue.
#[derive(Debug)]
pub(super) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
    room: usize,
}

#[derive(Debug)]
struct Inner<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

/// What came out of a queue.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Popped<T> {
    Item(T),
    /// Nothing came in time.
    Nothing,
    /// Nothing will come any more.
    Closed,
}

impl<T> Queue<T> {
    pub(super) fn new(room: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                waiting: VecDeque::with_capacity(room),
                closed: false,
            }),
            changed: Condvar::new(),
            room,
        }
    }

    /// Adds an item when there is room; whether it was taken.
    pub(super) fn push(&self, item: T) -> bool {
        let mut inner = self.lock();
        while inner.waiting.len() >= self.room && !inner.closed {
            inner = self
                .changed
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if inner.closed {
            return false;
        }
        inner.waiting.push_back(item);
        drop(inner);
        self.changed.notify_all();
        true
    }

    /// The next item, within `limit`.
    pub(super) fn pop(&self, limit: Duration) -> Popped<T> {
        let until = Instant::now() + limit;
        let mut inner = self.lock();
        loop {
            if let Some(item) = inner.waiting.pop_front() {
                drop(inner);
                self.changed.notify_all();
                return Popped::Item(item);
            }
            if inner.closed {
                return Popped::Closed;
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return Popped::Nothing;
            };
            inner = self
                .changed
                .wait_timeout(inner, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    /// Adds an item, room or not: for one who must not wait.
    pub(super) fn push_beyond(&self, item: T) {
        self.lock().waiting.push_back(item);
        self.changed.notify_all();
    }

    /// Whether there is room for one more.
    pub(super) fn has_room(&self) -> bool {
        self.lock().waiting.len() < self.room
    }

    /// Puts an item back where it came from, room or not.
    pub(super) fn put_back(&self, item: T) {
        self.lock().waiting.push_front(item);
        self.changed.notify_all();
    }

    /// Nothing more comes; what waits is still given out.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Nothing more comes, and what waits is not wanted any more.
    pub(super) fn abandon(&self) {
        let waiting = {
            let mut inner = self.lock();
            inner.closed = true;
            std::mem::take(&mut inner.waiting)
        };
        self.changed.notify_all();
        drop(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much may be on its way at once, bytes: a document that is alone may be larger.
#[derive(Debug)]
pub(super) struct Allowance {
    held: Mutex<(u64, bool)>,
    changed: Condvar,
    most: u64,
}

/// A part of it; given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    of: std::sync::Arc<Allowance>,
    bytes: u64,
}

impl Allowance {
    pub(super) fn new(most: u64) -> Self {
        Self {
            held: Mutex::new((0, false)),
            changed: Condvar::new(),
            most,
        }
    }

    /// Waits until there is room. `None` where it was closed.
    pub(super) fn take(self: &std::sync::Arc<Self>, bytes: u64) -> Option<Share> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        while held.0 > 0 && held.0.saturating_add(bytes) > self.most && !held.1 {
            held = self
                .changed
                .wait(held)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if held.1 {
            return None;
        }
        held.0 = held.0.saturating_add(bytes);
        Some(Share {
            of: std::sync::Arc::clone(self),
            bytes,
        })
    }

    /// Nobody gets a share any more.
    pub(super) fn close(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.changed.notify_all();
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.of.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.0 = held.0.saturating_sub(self.bytes);
        drop(held);
        self.of.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;
    use std::time::Duration;

    use super::{Allowance, Popped, Queue};

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_full_queue_waits_and_a_closed_one_takes_nothing() {
        let queue = Arc::new(Queue::new(2));
        let pushing = thread::spawn({
            let queue = Arc::clone(&queue);
            move || {
                (0..100)
                    .map(|one| queue.push(one))
                    .filter(|taken| *taken)
                    .count()
            }
        });
        for one in 0..50 {
            assert_eq!(queue.pop(LONG), Popped::Item(one));
        }
        queue.abandon();
        assert!(pushing.join().is_ok_and(|taken| (50..=53).contains(&taken)));
        assert_eq!(queue.pop(LONG), Popped::Closed);
    }

    #[test]
    fn what_is_alone_may_be_large() {
        let allowance = Arc::new(Allowance::new(10));
        let large = allowance.take(1000);
        assert!(large.is_some());
        let waiting = thread::spawn({
            let allowance = Arc::clone(&allowance);
            move || allowance.take(1).is_some()
        });
        drop(large);
        assert!(waiting.join().is_ok_and(|taken| taken));
        allowance.close();
        assert!(allowance.take(1).is_none());
    }
}
