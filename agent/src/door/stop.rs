//! The word to stop, for all doors and connections: SIGTERM or SIGINT (systemd.kill(5)), or a test.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::DoorError;

/// The word to stop.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Stops when the process is asked to end (SIGTERM, SIGINT).
    ///
    /// # Errors
    /// The signals cannot be watched.
    pub fn on_signals() -> Result<Self, DoorError> {
        let failed = |source| DoorError::System {
            doing: "watching signals",
            source,
        };
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let (sender, stop) = Self::by_hand();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping");
            sender.send_replace(true);
        });
        Ok(stop)
    }

    /// Stops when the sender says `true` or is dropped.
    #[must_use]
    pub fn by_hand() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    /// Comes back when it is time to stop.
    pub async fn said(&mut self) {
        // An error means that nobody is left who could say it: stop as well.
        let _nobody_left = self.0.wait_for(|stopping| *stopping).await.is_err();
    }
}
