//! What one PIN entry opened for a bounded time, a mandate or a tunnel: who has it, and what ends it.

mod list;
mod watch;

use std::time::{Duration, Instant};

use paraphe_certs::UnixTime;
use paraphe_protocol::api::MandateEndReason;

use crate::document_store::Owner;
use crate::operation::now;
use crate::token::Token;

pub(crate) use list::OpenedList;
pub(crate) use watch::watch;

/// Something that holds a PIN until it ends, which happens once.
pub(crate) trait Opened: Send + Sync + 'static {
    /// Why it ends: whatever ends a mandate, and more.
    type Reason: From<MandateEndReason> + Copy;

    /// What its threads are called.
    const NAME: &'static str;

    /// Its name.
    fn id(&self) -> &str;

    /// Whose it is.
    fn owner(&self) -> &Owner;

    /// The token that signs for it.
    fn token(&self) -> &Token;

    /// How long the workstation had slept before it was opened.
    fn slept(&self) -> Duration;

    /// When its time is over.
    fn not_after(&self) -> UnixTime;

    /// The same by the clock that nobody sets.
    fn deadline(&self) -> Instant;

    /// Whether it has ended, without a look at the clock.
    fn has_ended(&self) -> bool;

    /// Ends it, once.
    fn end(&self, reason: Self::Reason);

    /// Time left.
    fn time_left(&self) -> Duration {
        let by_clock = u64::try_from(self.not_after().0.saturating_sub(now().0)).unwrap_or(0);
        self.deadline()
            .saturating_duration_since(Instant::now())
            .min(Duration::from_secs(by_clock))
    }

    /// Whether it has not ended. One whose time is over ends here.
    fn is_open(&self) -> bool {
        if self.time_left().is_zero() {
            self.end(MandateEndReason::Expired.into());
        }
        !self.has_ended()
    }

    /// What ends it besides sleep, the card that leaves and the time that is over.
    fn why_over_besides(&self) -> Option<Self::Reason> {
        None
    }
}
