//! Readers and the cards in them. Here the world begins: [`Backend`] has one implementation that asks PC/SC and one that
//! keeps simulated cards in the process; everything above sees readers, [`CardTarget`]s and jobs.
//!
//! One monitor thread watches the readers; one owner thread per reader makes every call that concerns its card. A job is a
//! closure over a [`CardChannel`], run inside one transaction, for one exact presence of a card: if that card was taken out
//! meanwhile the job is not run, so the data of two cards never mix. Refused here: jobs for a card that is gone, waiting
//! without a deadline, and leaving a card with a verified PIN behind.

mod device;
#[cfg(feature = "softcard")]
mod in_process;
mod job;
mod monitor;
mod name;
mod owner;
mod patience;
mod pcsc_backend;
mod pcsc_keypad;
mod pcsc_threads;
mod pcsc_watch;
mod sleep;
mod table;
#[cfg(all(test, feature = "softcard"))]
mod tests;

use std::fmt;
use std::time::Duration;

use paraphe_protocol::api::ReaderState;
use paraphe_protocol::card::pinpad::{Pinpad, PinpadRequest};
use paraphe_protocol::card::{TransmissionProtocol, Transport, TransportError};

pub use device::DevicePlace;
#[cfg(feature = "softcard")]
pub use in_process::{CardOutcome, InProcessCard, InProcessReaders};
pub use job::JobLimits;
pub(crate) use job::SHORTEST_SLEEP;
pub(crate) use monitor::Presence;
pub use monitor::Readers;
pub use name::ReaderName;
pub(crate) use patience::with_patience;
pub use pcsc_backend::PcscBackend;
pub(crate) use pcsc_threads::wait_for_card_threads;
pub use table::ReaderView;

/// Where readers and cards come from.
pub trait Backend: Send + Sync + fmt::Debug {
    /// `pcsc`, or `in-process` for simulated cards.
    fn name(&self) -> &'static str;

    /// Something that watches all readers; the monitor thread asks for it once.
    fn watch(&self) -> Box<dyn Watch>;

    /// Something that reaches cards; every owner thread asks for its own.
    fn connector(&self) -> Box<dyn Connector>;

    /// How long the workstation has slept, at any point of this process's life. What grows is what counts: readers and cards
    /// seen before a sleep may be others after it.
    fn slept(&self) -> Duration {
        sleep::slept()
    }
}

/// Watches the readers.
pub trait Watch: Send {
    /// Every reader as it is now, as soon as something changed since the last call or `wait` is over. The first call answers at once.
    ///
    /// # Errors
    /// [`ReaderError::ServiceUnavailable`]: the service is gone; a later call tries to reach it anew.
    fn next(&mut self, wait: Duration) -> Result<Vec<ReaderStatus>, ReaderError>;
}

/// Reaches the card of a reader.
pub trait Connector: Send {
    /// Runs `job` once, inside one transaction, if the card that `target` names is there; `job` says how the card is left.
    /// A job that panics leaves the card reset.
    ///
    /// # Errors
    /// What prevented the job from being run. An error of ending the transaction is not one: the job was done.
    fn transact(
        &mut self,
        target: &CardTarget,
        job: &mut dyn FnMut(&mut CardChannel<'_>) -> CardEnd,
    ) -> Result<(), ReaderError>;

    /// The channel id of the reader (PC/SC part 3, `SCARD_ATTR_CHANNEL_ID`), where its driver tells it.
    ///
    /// # Errors
    /// [`ReaderError::Busy`] where another program keeps the reader from being asked now.
    fn channel(&mut self, _reader: &ReaderName) -> Result<Option<u32>, ReaderError> {
        Ok(None)
    }
}

/// How a card is left at the end of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardEnd {
    /// As it is: no PIN was presented.
    Leave,
    /// Reset, so that no other program finds a verified PIN.
    Reset,
}

/// A reader at one moment, as its backend tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderStatus {
    /// The reader's exact name.
    pub name: ReaderName,
    /// Grows with every insertion and removal.
    pub event_counter: u32,
    /// What is in it.
    pub state: ReaderState,
    /// Answer to reset of the card, where it gave one.
    pub atr: Option<Vec<u8>>,
}

/// One presence of a card: this reader, since this insertion. It is what a job names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardTarget {
    /// The reader's exact name.
    pub reader: ReaderName,
    /// Which life of the card service: counters of two lives are not comparable.
    pub epoch: u64,
    /// The reader's event counter since this card came.
    pub event_counter: u32,
}

/// The way to the card, for the length of one job.
pub struct CardChannel<'a> {
    transport: &'a mut dyn Transport,
    atr: &'a [u8],
    protocol: TransmissionProtocol,
}

impl<'a> CardChannel<'a> {
    /// A channel over an open transaction; for backends.
    pub fn new(
        transport: &'a mut dyn Transport,
        atr: &'a [u8],
        protocol: TransmissionProtocol,
    ) -> Self {
        Self {
            transport,
            atr,
            protocol,
        }
    }

    /// Answer to reset.
    #[must_use]
    pub fn atr(&self) -> &[u8] {
        self.atr
    }

    /// Protocol agreed with the card.
    #[must_use]
    pub fn protocol(&self) -> TransmissionProtocol {
        self.protocol
    }
}

impl fmt::Debug for CardChannel<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CardChannel")
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

impl Transport for CardChannel<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.transport.transmit(command)
    }

    fn agreed_protocol(&self) -> Option<TransmissionProtocol> {
        Some(self.protocol)
    }

    fn pinpad(&mut self) -> Option<Pinpad> {
        self.transport.pinpad()
    }

    fn enter_on_pinpad(&mut self, request: &PinpadRequest) -> Result<Vec<u8>, TransportError> {
        self.transport.enter_on_pinpad(request)
    }
}

/// Why a job was not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReaderError {
    /// The card service does not answer.
    #[error("the card service does not answer")]
    ServiceUnavailable,
    /// There is no reader of that name (any more).
    #[error("no reader of that name")]
    ReaderUnknown,
    /// The reader is empty.
    #[error("no card in the reader")]
    CardAbsent,
    /// The card does not answer to reset.
    #[error("the card does not answer")]
    CardMute,
    /// Another card, or the same one after it was out, is there now.
    #[error("the card was replaced")]
    CardChanged,
    /// The card went away before the job began.
    #[error("the card was removed")]
    CardRemoved,
    /// Another program held the card for as long as the job could wait.
    #[error("the card was in use for {} ms", waited.as_millis())]
    Busy {
        /// How long was waited.
        waited: Duration,
    },
    /// Jobs of this agent were before it for as long as it could wait.
    #[error("other jobs were before it for {} ms", waited.as_millis())]
    Queued {
        /// How long was waited.
        waited: Duration,
    },
    /// The job began and did not end before its deadline: the card does not answer.
    #[error("the card did not answer in time")]
    Timeout {
        /// The command that is not answered carries a code: a try may have been spent.
        presenting: bool,
    },
    /// An earlier job's command is still not answered; nothing was sent for this one.
    #[error("the card has not answered an earlier command, {} s after its time", since.as_secs())]
    Unresponsive {
        /// How long after the earlier job's deadline.
        since: Duration,
    },
    /// The operation used up its time for cards; nothing was sent for this job.
    #[error("the operation's time for cards is over")]
    TimeOver,
    /// Anything else, with the backend's words.
    #[error("the reader failed: {detail}")]
    Failed {
        /// What the backend says of it; for the log.
        detail: String,
    },
    /// The agent is stopping, or a job died of a defect.
    #[error("the reader's thread ended")]
    Stopped,
}
