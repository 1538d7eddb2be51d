//! Whose something is that one PIN entry opened, which token signs for it, and until when.

use std::time::{Duration, Instant};

use paraphe_certs::UnixTime;

use crate::document_store::Owner;
use crate::operation::now;
use crate::problem::Failure;
use crate::random::random_id;
use crate::token::Token;

/// What does not change from the opening to the end.
#[derive(Debug)]
pub(crate) struct Tenure {
    /// Its name.
    pub(crate) id: String,
    pub(crate) owner: Owner,
    /// The token that signs for it.
    pub(crate) token: Token,
    /// How long the workstation had slept before the person was asked.
    pub(crate) slept: Duration,
    pub(crate) opened: UnixTime,
    pub(crate) not_after: UnixTime,
    /// The same by the clock that nobody sets.
    deadline: Instant,
}

impl Tenure {
    /// From now on.
    pub(crate) fn begin(
        owner: Owner,
        token: Token,
        slept: Duration,
        not_after: UnixTime,
    ) -> Result<Self, Failure> {
        let opened = now();
        let seconds = u64::try_from(not_after.0.saturating_sub(opened.0)).unwrap_or(0);
        Ok(Self {
            id: random_id()?,
            owner,
            token,
            slept,
            opened,
            not_after,
            deadline: Instant::now() + Duration::from_secs(seconds),
        })
    }

    /// Time left.
    pub(crate) fn left(&self) -> Duration {
        let by_clock = u64::try_from(self.not_after.0.saturating_sub(now().0)).unwrap_or(0);
        self.deadline
            .saturating_duration_since(Instant::now())
            .min(Duration::from_secs(by_clock))
    }
}
