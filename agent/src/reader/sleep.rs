//! How long the workstation has slept. Linux only: the clock that goes on during suspend (`CLOCK_BOOTTIME`) against the one
//! that stands still (`CLOCK_MONOTONIC`); another system gets a file of its own.

use std::time::Duration;

use rustix::time::{ClockId, Timespec, clock_gettime};

/// The two clocks were read together where no more time than this passed meanwhile.
const TOGETHER: Duration = Duration::from_millis(5);
const ATTEMPTS: usize = 16;

/// Time slept since the machine was started. It grows by the length of every suspension and by nothing else.
pub(super) fn slept() -> Duration {
    let mut slept = Duration::ZERO;
    for _ in 0..ATTEMPTS {
        let before = duration(clock_gettime(ClockId::Monotonic));
        let since_start = duration(clock_gettime(ClockId::Boottime));
        let after = duration(clock_gettime(ClockId::Monotonic));
        slept = since_start.saturating_sub(before);
        if after.saturating_sub(before) <= TOGETHER {
            break;
        }
    }
    slept
}

fn duration(time: Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::slept;

    #[test]
    fn a_machine_that_is_awake_sleeps_no_longer() {
        let before = slept();
        std::thread::sleep(Duration::from_millis(20));
        assert!(slept().abs_diff(before) < Duration::from_millis(500));
    }
}
