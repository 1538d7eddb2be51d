//! The time that cards may take within one operation, in all: reading, waiting for other programs, retries and the work behind
//! a PIN come out of one purse, so that no operation keeps a person waiting beyond it whatever its cards do. The time that a
//! person takes is not part of it. The purse belongs to the thread that does the operation, which does it from beginning to
//! end; where there is none, each job has its own limits only.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::ReaderError;
use super::job::JobLimits;
use crate::elsewhere;

thread_local! {
    static LEFT: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// Does `work`, an operation, with so much time for its cards.
pub(crate) fn with_patience<R>(patience: Duration, work: impl FnOnce() -> R) -> R {
    let _before = Restored(LEFT.replace(Some(patience)));
    work()
}

/// Puts back what was there, also where the work died of a defect.
struct Restored(Option<Duration>);

impl Drop for Restored {
    fn drop(&mut self) {
        LEFT.set(self.0);
    }
}

/// Does one job within its limits and what is left of the operation's time. `job` gives, beside its result, the time that a
/// person took.
///
/// # Errors
/// [`ReaderError::TimeOver`] where nothing is left.
pub(super) fn spend<R>(
    limits: JobLimits,
    job: impl FnOnce(JobLimits) -> (Result<R, ReaderError>, Duration),
) -> Result<R, ReaderError> {
    let Some(left) = LEFT.get() else {
        return elsewhere::wait(|| job(limits)).0;
    };
    if left.is_zero() {
        return Err(ReaderError::TimeOver);
    }
    let begun = Instant::now();
    let within = JobLimits {
        wait: limits.wait.min(left),
        in_all: limits.in_all.min(left),
        ..limits
    };
    let (result, person) = elsewhere::wait(|| job(within));
    let spent = begun.elapsed().saturating_sub(person);
    LEFT.set(Some(left.saturating_sub(spent)));
    result
}
