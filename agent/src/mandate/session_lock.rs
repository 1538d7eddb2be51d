//! Whether the person's session is locked, or the workstation is about to sleep, as the session manager tells it. Where none
//! tells, mandates do not end on lock and say so (`ends_on_lock`); their time, the card and sleep bound them all the same.

use paraphe_protocol::api::MandateEndReason;

/// Somebody who tells.
#[derive(Debug)]
pub(super) struct SessionLock;

impl SessionLock {
    /// Begins to listen; `told` is called with the reason and says whether to go on. `None`: nobody tells here.
    pub(super) fn watch(_told: impl Fn(MandateEndReason) -> bool + Send + 'static) -> Option<Self> {
        None
    }

    /// Whether it still listens.
    #[expect(clippy::unused_self, reason = "a listener may have lost its bus")]
    pub(super) fn is_watching(&self) -> bool {
        true
    }
}
