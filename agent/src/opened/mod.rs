//! What one PIN entry opened for a bounded time, a mandate or a tunnel: who has it, and what ends it.

mod list;
mod tenure;
mod watch;

use paraphe_protocol::api::MandateEndReason;

use crate::document_store::Owner;
use crate::token::Token;

pub(crate) use list::OpenedList;
pub(crate) use tenure::Tenure;
pub(crate) use watch::watch;

/// Something that holds a PIN until it ends, which happens once.
pub(crate) trait Opened: Send + Sync + 'static {
    /// Why it ends: whatever ends a mandate, and more.
    type Reason: From<MandateEndReason> + Copy;

    /// What its threads are called.
    const NAME: &'static str;

    /// Whose it is, what signs for it, until when.
    fn tenure(&self) -> &Tenure;

    /// Whether it has ended, without a look at the clock.
    fn has_ended(&self) -> bool;

    /// Wipes what it holds, so that it signs nothing any more, and notes why. Waits for nothing. Whether it had not ended before.
    fn cease(&self, reason: Self::Reason) -> bool;

    /// Writes down and tells that it ceased.
    fn tell_end(&self, reason: Self::Reason);

    /// Ends it, once.
    fn end(&self, reason: Self::Reason) {
        if self.cease(reason) {
            self.tell_end(reason);
        }
    }

    /// Its name.
    fn id(&self) -> &str {
        &self.tenure().id
    }

    /// Whose it is.
    fn owner(&self) -> &Owner {
        &self.tenure().owner
    }

    /// The token that signs for it.
    fn token(&self) -> &Token {
        &self.tenure().token
    }

    /// Whether it has not ended. One whose time is over ends here.
    fn is_open(&self) -> bool {
        if self.tenure().left().is_zero() {
            self.end(MandateEndReason::Expired.into());
        }
        !self.has_ended()
    }

    /// What ends it besides sleep, the card that leaves and the time that is over.
    fn why_over_besides(&self) -> Option<Self::Reason> {
        None
    }
}
