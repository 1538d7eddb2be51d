//! The thread that owns a reader: it alone makes calls that concern the reader's card, one job after the other, so that a
//! call that blocks inside the card service blocks nobody but itself. Callers wait with a deadline; a job that its caller gave
//! up before it began is never run. A card that never answers keeps the thread until it is pulled: its job's caller is told
//! in time, and later callers for the same card at once, so that nothing piles up behind it. Callers for the card that comes
//! after it wait for the thread, which returns a moment after the mute one was pulled.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use super::job::{Awaited, JobLimits, Place, TimedTransport};
use super::{Backend, CardChannel, CardEnd, CardTarget, Connector, ReaderError, ReaderName};

type Assignment = Box<dyn FnOnce(&mut dyn Connector) + Send>;

/// Jobs waiting at one reader beyond which callers are told that it is busy.
const MAXIMUM_WAITING_JOBS: usize = 16;
/// How often a driver is asked for its channel where another program keeps it from answering.
const CHANNEL_ATTEMPTS: usize = 8;

/// The sending end of a reader's thread. The thread ends when the last one is dropped.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    assignments: mpsc::SyncSender<Assignment>,
    backend: Arc<dyn Backend>,
    stuck: Arc<Stuck>,
    channel: Arc<OnceLock<Option<u32>>>,
    /// Jobs that the thread has not taken up yet.
    waiting: Arc<AtomicUsize>,
    /// A job has begun and not ended: it is ours that later ones wait for, and no other program.
    at_work: Arc<AtomicBool>,
}

/// Since when the thread has been inside a command whose time is over, and which card was to answer it.
#[derive(Debug, Default)]
struct Stuck(Mutex<Option<(Instant, CardTarget)>>);

impl Stuck {
    fn lock(&self) -> MutexGuard<'_, Option<(Instant, CardTarget)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses where the thread waits for the card of `behind`; for whichever card, where that is `None`.
    fn refuse(&self, behind: Option<&CardTarget>) -> Result<(), ReaderError> {
        match &*self.lock() {
            Some((since, target)) if behind.is_none_or(|behind| behind == target) => {
                Err(ReaderError::Unresponsive {
                    since: since.elapsed(),
                })
            }
            _ => Ok(()),
        }
    }
}

impl Owner {
    /// Starts the thread for `reader`. `described` is called when the thread knows more of the reader.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(super) fn start(
        reader: &ReaderName,
        backend: Arc<dyn Backend>,
        described: impl Fn() + Send + 'static,
    ) -> Result<Self, std::io::Error> {
        let (assignments, inbox) = mpsc::sync_channel::<Assignment>(MAXIMUM_WAITING_JOBS);
        let channel = Arc::new(OnceLock::new());
        let owner = Self {
            assignments,
            backend: Arc::clone(&backend),
            stuck: Arc::default(),
            channel: Arc::clone(&channel),
            waiting: Arc::default(),
            at_work: Arc::default(),
        };
        let stuck = Arc::clone(&owner.stuck);
        let reader = reader.clone();
        // Before the thread runs: whoever ends the process waits for what is there.
        let mut connector = backend.connector();
        thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || {
                let mut attempts = 0..CHANNEL_ATTEMPTS;
                loop {
                    // Asked here, because connecting can take as long as another program holds the card.
                    if channel.get().is_none() && attempts.next().is_some() {
                        match connector.channel(&reader) {
                            Err(ReaderError::Busy { .. }) => {}
                            told => {
                                if channel.set(told.unwrap_or_default()).is_ok() {
                                    described();
                                }
                            }
                        }
                    }
                    let Ok(assignment) = inbox.recv() else {
                        return;
                    };
                    if catch_unwind(AssertUnwindSafe(|| assignment(&mut *connector))).is_err() {
                        tracing::error!(%reader, "a card job died of a defect; the card was reset");
                        connector = backend.connector();
                    }
                    // After its caller was answered: one that found the job overdue has said so by now.
                    *stuck.lock() = None;
                }
            })?;
        Ok(owner)
    }

    /// The channel id that the reader's driver told, once it did.
    pub(super) fn channel(&self) -> Option<u32> {
        self.channel.get().copied().flatten()
    }

    /// Whether somebody waits for the job that is under way to end.
    pub(super) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Runs `job` on the card that `target` names and waits for it, within `limits`.
    ///
    /// # Errors
    /// Why the job was not run, or [`ReaderError::Timeout`] where it began and did not end in time. Beside the result, the time
    /// that a person took at the reader's keypad.
    pub(super) fn run<R: Send + 'static>(
        &self,
        target: &CardTarget,
        limits: JobLimits,
        job: impl FnOnce(&mut CardChannel<'_>) -> (R, CardEnd) + Send + 'static,
    ) -> (Result<R, ReaderError>, Duration) {
        let place = Arc::new(Place::new(job));
        let result = self.run_in(&place, target, limits);
        (result, place.person())
    }

    fn run_in<R: Send + 'static, J>(
        &self,
        place: &Arc<Place<J, R>>,
        target: &CardTarget,
        limits: JobLimits,
    ) -> Result<R, ReaderError>
    where
        J: FnOnce(&mut CardChannel<'_>) -> (R, CardEnd) + Send + 'static,
    {
        let called = Instant::now();
        self.stuck.refuse(Some(target))?;
        // Who takes the job out of its place decides: the thread that begins it, or the caller that gives it up, and with it
        // whatever secret it holds.
        let answer = Answer(Arc::clone(place));
        let assignment: Assignment = Box::new({
            let target = target.clone();
            let backend = Arc::clone(&self.backend);
            let waiting = Arc::clone(&self.waiting);
            let at_work = Arc::clone(&self.at_work);
            move |connector| {
                waiting.fetch_sub(1, Ordering::Relaxed);
                if !answer.0.is_wanted() {
                    return;
                }
                let mut outcome = None;
                let done = connector.transact(&target, &mut |channel| {
                    let until = limits.last_command(called);
                    // The wait for another program's transaction counts as waiting: only now does the job begin.
                    let Some((job, clock)) = answer.0.begin(until) else {
                        return CardEnd::Leave;
                    };
                    let _at_work = AtWork::begin(&at_work);
                    let (atr, protocol) = (channel.atr().to_vec(), channel.protocol());
                    let mut timed = TimedTransport::new(channel, &clock, &*backend);
                    let (value, end) = job(&mut CardChannel::new(&mut timed, &atr, protocol));
                    outcome = Some(value);
                    end
                });
                // Sent after the transaction ended: who gets the answer may rely on the card being left as promised.
                answer.0.finish(match (outcome, done) {
                    (Some(value), _) => Ok(value),
                    (None, Err(error)) => Err(error),
                    (None, Ok(())) => Err(ReaderError::Stopped),
                });
            }
        });
        let busy = |called: Instant| ReaderError::Busy {
            waited: called.elapsed(),
        };
        let queued = |called: Instant| ReaderError::Queued {
            waited: called.elapsed(),
        };
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.assignments.try_send(assignment) {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(match error {
                mpsc::TrySendError::Full(_) => queued(called),
                mpsc::TrySendError::Disconnected(_) => ReaderError::Stopped,
            });
        }
        match place.wait(called + limits.wait, || {
            *self.stuck.lock() = Some((Instant::now(), target.clone()))
        }) {
            Awaited::Answer(Err(ReaderError::Busy { .. })) => Err(busy(called)),
            Awaited::Answer(answer) => answer,
            Awaited::NotBegun => {
                self.stuck.refuse(None)?;
                if self.at_work.load(Ordering::Relaxed) {
                    Err(queued(called))
                } else {
                    Err(busy(called))
                }
            }
            Awaited::Overdue { presenting } => Err(ReaderError::Timeout { presenting }),
        }
    }
}

/// Says that a job is under way, until it ends in whatever way.
struct AtWork<'a>(&'a AtomicBool);

impl<'a> AtWork<'a> {
    fn begin(at_work: &'a AtomicBool) -> Self {
        at_work.store(true, Ordering::Relaxed);
        Self(at_work)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Answers the caller of a job exactly once, also where the job dies of a defect or its thread ends first.
struct Answer<J, R>(Arc<Place<J, R>>);

impl<J, R> Drop for Answer<J, R> {
    fn drop(&mut self) {
        self.0.finish(Err(ReaderError::Stopped));
    }
}
