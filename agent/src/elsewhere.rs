//! The time of an operation that the agent spends on nothing of its own: waiting for a card or a token, for a person, for a server. What is left
//! is the agent's own share of a request, which is measured at the doors. The clock belongs to the thread that does the
//! operation from beginning to end, and is read by the task that waits for it.

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

tokio::task_local! {
    static MEASURED: Arc<AtomicU64>;
}

thread_local! {
    /// Microseconds spent elsewhere by the operation that this thread does.
    static SPENT: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    /// Inside a wait: what is in it is not counted twice.
    static WAITING: Cell<bool> = const { Cell::new(false) };
}

/// Where the thread that does an operation tells what it spent elsewhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Report(Option<Arc<AtomicU64>>);

/// Awaits `operation`; with its result, what was spent elsewhere.
pub(crate) async fn measured<F: Future>(operation: F) -> (F::Output, Duration) {
    let spent = Arc::new(AtomicU64::new(0));
    let result = MEASURED.scope(Arc::clone(&spent), operation).await;
    let micros = spent.load(Ordering::Relaxed);
    (result, Duration::from_micros(micros))
}

impl Report {
    /// That of the task which calls this, where it measures.
    pub(crate) fn of_this_task() -> Self {
        Self(MEASURED.try_with(Arc::clone).ok())
    }

    /// Does an operation on this thread and tells.
    pub(crate) fn tell<R>(&self, operation: impl FnOnce() -> R) -> R {
        SPENT.set(Duration::ZERO);
        let result = operation();
        if let Self(Some(report)) = self {
            let micros = u64::try_from(SPENT.take().as_micros()).unwrap_or(u64::MAX);
            report.fetch_add(micros, Ordering::Relaxed);
        }
        result
    }
}

/// Does `work`, which is a wait for somebody else.
pub(crate) fn wait<R>(work: impl FnOnce() -> R) -> R {
    if WAITING.replace(true) {
        return work();
    }
    let _waiting = Counted(Instant::now());
    work()
}

/// Counts, also where the work died of a defect.
struct Counted(Instant);

impl Drop for Counted {
    fn drop(&mut self) {
        WAITING.set(false);
        SPENT.set(SPENT.get() + self.0.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;
    use std::time::Duration;

    use super::{Report, measured, wait};

    const STEP: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn waits_are_counted_once_and_work_is_not() {
        let operation = async {
            let report = Report::of_this_task();
            tokio::task::spawn_blocking(move || {
                report.tell(|| {
                    sleep(STEP);
                    wait(|| wait(|| sleep(STEP)));
                    wait(|| sleep(STEP));
                });
            })
            .await
        };
        let began = std::time::Instant::now();
        let (_, elsewhere) = measured(operation).await;
        assert!(elsewhere >= 2 * STEP, "{elsewhere:?}");
        assert!(elsewhere + STEP <= began.elapsed(), "{elsewhere:?}");
    }

    #[test]
    fn where_nobody_measures_nothing_is_told() {
        assert_eq!(Report::of_this_task().tell(|| wait(|| 7)), 7);
    }
}
