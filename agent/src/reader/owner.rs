//! The thread that owns a reader: it alone makes calls that concern the reader's card, one job after the other, so that a
//! call that blocks inside the card service blocks nobody but itself. Callers wait with a deadline; a job that its caller gave
//! up before it began is never run.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::{Backend, CardChannel, CardEnd, CardTarget, Connector, ReaderError};

type Assignment = Box<dyn FnOnce(&mut dyn Connector) + Send>;

/// Jobs waiting at one reader beyond which callers are told that it is busy.
const MAXIMUM_WAITING_JOBS: usize = 16;

/// The sending end of a reader's thread. The thread ends when the last one is dropped.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    assignments: mpsc::SyncSender<Assignment>,
}

impl Owner {
    /// Starts the thread for `reader`.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(super) fn start(reader: &str, backend: Arc<dyn Backend>) -> Result<Self, std::io::Error> {
        let (assignments, inbox) = mpsc::sync_channel::<Assignment>(MAXIMUM_WAITING_JOBS);
        let reader = reader.to_owned();
        thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || {
                let mut connector = backend.connector();
                while let Ok(assignment) = inbox.recv() {
                    if catch_unwind(AssertUnwindSafe(|| assignment(&mut *connector))).is_err() {
                        tracing::error!(reader, "a card job died of a defect; the card was reset");
                        connector = backend.connector();
                    }
                }
            })?;
        Ok(Self { assignments })
    }

    /// Runs `job` on the card that `target` names and waits for it, at most `deadline`.
    ///
    /// # Errors
    /// Why the job was not run, or [`ReaderError::Timeout`] where it began and did not end in time.
    pub(super) fn run<R: Send + 'static>(
        &self,
        target: &CardTarget,
        deadline: Duration,
        job: impl FnOnce(&mut CardChannel<'_>) -> (R, CardEnd) + Send + 'static,
    ) -> Result<R, ReaderError> {
        // Who takes the job out of its place decides: the thread that begins it, or the caller that gives it up, and with it
        // whatever secret it holds.
        let place = Arc::new(Mutex::new(Some(job)));
        let (reply, answer) = mpsc::sync_channel(1);
        let assignment: Assignment = Box::new({
            let place = Arc::clone(&place);
            let target = target.clone();
            move |connector| {
                if lock(&place).is_none() {
                    return;
                }
                let mut outcome = None;
                let done = connector.transact(&target, &mut |channel| {
                    // The wait for another program's transaction counts as waiting: only now does the job begin.
                    let Some(job) = take(&place) else {
                        return CardEnd::Leave;
                    };
                    let (value, end) = job(channel);
                    outcome = Some(value);
                    end
                });
                // Sent after the transaction ended: who gets the answer may rely on the card being left as promised.
                let _ = reply.send(match (outcome, done) {
                    (Some(value), _) => Ok(value),
                    (None, Err(error)) => Err(error),
                    (None, Ok(())) => Err(ReaderError::Busy),
                });
            }
        });
        match self.assignments.try_send(assignment) {
            Ok(()) => {}
            Err(mpsc::TrySendError::Full(_)) => return Err(ReaderError::Busy),
            Err(mpsc::TrySendError::Disconnected(_)) => return Err(ReaderError::Stopped),
        }
        match answer.recv_timeout(deadline) {
            Ok(result) => result,
            Err(RecvTimeoutError::Disconnected) => Err(ReaderError::Stopped),
            Err(RecvTimeoutError::Timeout) if take(&place).is_some() => Err(ReaderError::Busy),
            Err(RecvTimeoutError::Timeout) => Err(ReaderError::Timeout),
        }
    }
}

fn lock<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds the lock.
    place.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take<F>(place: &Mutex<Option<F>>) -> Option<F> {
    lock(place).take()
}
