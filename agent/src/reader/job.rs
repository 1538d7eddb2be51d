//! One job on a card and the time it has. It may wait so long for its turn, then it may work so long, and a person who types a
//! code on the reader's own keypad stops that clock. When the time is over, or the workstation slept meanwhile, no further
//! command goes to the card: a caller who was told that a job failed never finds a signature made, or a PIN try spent,
//! afterwards.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use paraphe_protocol::card::pinpad::{Pinpad, PinpadRequest};
use paraphe_protocol::card::{TransmissionProtocol, Transport, TransportError};

use super::{Backend, CardChannel, ReaderError};

/// Longest that a person may take at the reader's keypad; the reader itself gives up before.
const LONGEST_ENTRY: Duration = Duration::from_secs(180);
/// How long a caller waits for the end of the command that was on its way when the time was over: one that ends is a slow card,
/// one that does not a mute one.
const LAST_COMMAND: Duration = Duration::from_millis(1500);
/// A step of the clocks smaller than this is not a sleep.
pub(crate) const SHORTEST_SLEEP: Duration = Duration::from_millis(500);

/// How long a job may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobLimits {
    /// Until it begins: jobs before it, and other programs that hold the card.
    pub wait: Duration,
    /// From then on, without the time that a person takes at the reader's keypad.
    pub work: Duration,
    /// Both together, and at most as long as the caller waits.
    pub in_all: Duration,
}

impl JobLimits {
    /// Longest wait for a card that others use: ten times as long as a signature takes.
    pub const LONGEST_WAIT: Duration = Duration::from_secs(5);
}

impl JobLimits {
    /// When the last command of a job may begin that was called for then, and begins now.
    pub(super) fn last_command(&self, called: Instant) -> Instant {
        let last = LAST_COMMAND.min(self.in_all / 4);
        (Instant::now() + self.work).min(called + self.in_all.saturating_sub(last))
    }
}

impl From<Duration> for JobLimits {
    /// So long for the work, and as long at most for the wait.
    fn from(work: Duration) -> Self {
        let wait = work.min(Self::LONGEST_WAIT);
        Self {
            wait,
            work,
            in_all: wait + work,
        }
    }
}

/// Where a job is handed over, and its answer; shared by the caller and the thread that does it.
pub(super) struct Place<J, R> {
    progress: Mutex<Progress<J, R>>,
    changed: Condvar,
    /// Set when the job begins.
    clock: OnceLock<Arc<WorkClock>>,
}

enum Progress<J, R> {
    Waiting(J),
    Working(Arc<WorkClock>),
    Done(Result<R, ReaderError>),
    /// The caller is gone, or has its answer.
    Closed,
}

/// What became of a caller's waiting.
pub(super) enum Awaited<R> {
    Answer(Result<R, ReaderError>),
    /// The job was taken back before it began.
    NotBegun,
    /// The job began and has not ended.
    Overdue {
        presenting: bool,
    },
}

impl<J, R> Place<J, R> {
    pub(super) fn new(job: J) -> Self {
        Self {
            progress: Mutex::new(Progress::Waiting(job)),
            changed: Condvar::new(),
            clock: OnceLock::new(),
        }
    }

    /// The time that a person took at the reader's keypad.
    pub(super) fn person(&self) -> Duration {
        self.clock
            .get()
            .map_or(Duration::ZERO, |clock| clock.person())
    }

    /// Whether somebody still waits for this job.
    pub(super) fn is_wanted(&self) -> bool {
        matches!(*self.lock(), Progress::Waiting(_))
    }

    /// Takes the job to do it, until then. `None` where the caller gave it up.
    pub(super) fn begin(&self, until: Instant) -> Option<(J, Arc<WorkClock>)> {
        let mut progress = self.lock();
        if !matches!(*progress, Progress::Waiting(_)) {
            return None;
        }
        let clock = Arc::new(WorkClock::new(until));
        // It is not set twice, because a job is not taken twice.
        let _ = self.clock.set(Arc::clone(&clock));
        let before = std::mem::replace(&mut *progress, Progress::Working(Arc::clone(&clock)));
        drop(progress);
        self.changed.notify_all();
        match before {
            Progress::Waiting(job) => Some((job, clock)),
            _ => None,
        }
    }

    /// Answers the caller, if it still waits; at most once.
    pub(super) fn finish(&self, answer: Result<R, ReaderError>) {
        let mut progress = self.lock();
        if matches!(*progress, Progress::Waiting(_) | Progress::Working(_)) {
            *progress = Progress::Done(answer);
        }
        drop(progress);
        self.changed.notify_all();
    }

    /// Waits for the answer, and for the job to begin not beyond `until`. `overdue` is called, under the lock that the thread needs
    /// to finish, where the job began and does not end.
    pub(super) fn wait(&self, until: Instant, overdue: impl FnOnce()) -> Awaited<R> {
        let mut progress = self.lock();
        loop {
            let until = match &*progress {
                Progress::Waiting(_) => until,
                Progress::Working(clock) => clock.until() + LAST_COMMAND,
                Progress::Done(_) | Progress::Closed => {
                    return match std::mem::replace(&mut *progress, Progress::Closed) {
                        Progress::Done(answer) => Awaited::Answer(answer),
                        _ => Awaited::Answer(Err(ReaderError::Stopped)),
                    };
                }
            };
            match until.checked_duration_since(Instant::now()) {
                Some(left) if !left.is_zero() => {
                    progress = self
                        .changed
                        .wait_timeout(progress, left)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0;
                }
                _ => {
                    return match std::mem::replace(&mut *progress, Progress::Closed) {
                        Progress::Working(clock) => {
                            overdue();
                            Awaited::Overdue {
                                presenting: clock.presenting(),
                            }
                        }
                        _ => Awaited::NotBegun,
                    };
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress<J, R>> {
        // Every change is one assignment.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time of a job that began.
pub(super) struct WorkClock(Mutex<Work>);

struct Work {
    until: Instant,
    /// The time that a person took.
    person: Duration,
    /// A command with a code is on its way, and not answered.
    presenting: bool,
}

impl WorkClock {
    fn new(until: Instant) -> Self {
        Self(Mutex::new(Work {
            until,
            person: Duration::ZERO,
            presenting: false,
        }))
    }

    fn until(&self) -> Instant {
        self.lock().until
    }

    fn person(&self) -> Duration {
        self.lock().person
    }

    fn presenting(&self) -> bool {
        self.lock().presenting
    }

    fn lock(&self) -> MutexGuard<'_, Work> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The way to the card for as long as its job has time.
pub(super) struct TimedTransport<'a, 'b> {
    channel: &'a mut CardChannel<'b>,
    clock: &'a WorkClock,
    backend: &'a dyn Backend,
    slept: Duration,
}

impl<'a, 'b> TimedTransport<'a, 'b> {
    pub(super) fn new(
        channel: &'a mut CardChannel<'b>,
        clock: &'a WorkClock,
        backend: &'a dyn Backend,
    ) -> Self {
        let slept = backend.slept();
        Self {
            channel,
            clock,
            backend,
            slept,
        }
    }

    fn check(&self) -> Result<(), TransportError> {
        if self.backend.slept().saturating_sub(self.slept) >= SHORTEST_SLEEP {
            Err(TransportError::Slept)
        } else if Instant::now() >= self.clock.until() {
            Err(TransportError::TimeOver)
        } else {
            Ok(())
        }
    }
}

impl Transport for TimedTransport<'_, '_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.check()?;
        self.clock.lock().presenting = presents_a_code(command);
        let answer = self.channel.transmit(command);
        self.clock.lock().presenting = false;
        answer
    }

    fn agreed_protocol(&self) -> Option<TransmissionProtocol> {
        self.channel.agreed_protocol()
    }

    fn pinpad(&mut self) -> Option<Pinpad> {
        self.channel.pinpad()
    }

    fn enter_on_pinpad(&mut self, request: &PinpadRequest) -> Result<Vec<u8>, TransportError> {
        self.check()?;
        let begun = Instant::now();
        let until = {
            let mut work = self.clock.lock();
            let until = work.until;
            work.until = until + LONGEST_ENTRY;
            work.presenting = true;
            until
        };
        let answer = self.channel.enter_on_pinpad(request);
        let mut work = self.clock.lock();
        let took = begun.elapsed().min(LONGEST_ENTRY);
        work.until = until + took;
        work.person += took;
        work.presenting = false;
        answer
    }
}

/// Whether a command carries a PIN or an unblocking code: VERIFY, CHANGE REFERENCE DATA or RESET RETRY COUNTER (ISO/IEC 7816-4
/// sections 11.5.6 to 11.5.10) with data.
fn presents_a_code(command: &[u8]) -> bool {
    matches!(command, [_, 0x20 | 0x24 | 0x2C, _, _, length, _, ..] if *length != 0)
}
