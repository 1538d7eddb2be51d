//! The readers of this workstation through PC/SC (PC/SC Workgroup specification part 5; behaviour of pcsc-lite as measured,
//! infra facts section 2). Shared access and one short transaction per job; a card that another program reset, took out or
//! holds is told apart; a lost service costs the context and everything on it. Refused: exclusive access, waiting inside
//! the service without a limit where it has one, and answers shorter than a status word, which mean a card that went away.

use std::ffi::CStr;
use std::thread;
use std::time::{Duration, Instant};

use paraphe_protocol::card::pinpad::{Pinpad, PinpadRequest};
use paraphe_protocol::card::{TransmissionProtocol, Transport, TransportError};
use pcsc::{
    Attribute, Card, Context, Disposition, Error, Protocol, Protocols, ReaderState, Scope,
    ShareMode, State, Transaction,
};

use super::pcsc_keypad::{KeypadError, PcscKeypad};
use super::pcsc_threads::{Inside, WithCard, give_up};
use super::pcsc_watch::PcscWatch;
use super::{
    Backend, CardChannel, CardEnd, CardTarget, Connector, JobLimits, ReaderError, ReaderName, Watch,
};

/// How long a job waits for a program that holds the card exclusively.
const SHARING_LIMIT: Duration = JobLimits::LONGEST_WAIT;
const SHARING_PAUSE: Duration = Duration::from_millis(100);
/// Times that a job starts over because another program reset the card between connecting and beginning.
const RESET_LIMIT: u32 = 5;
/// How long to wait for the service to notice that a card which no longer answers is gone (it polls every 0.4 s).
const REMOVAL_NOTICE: Duration = Duration::from_millis(700);
/// Largest answer: 65,536 bytes of an extended-length response and the status word.
const ANSWER_BUFFER: usize = 65_538;

/// The system's PC/SC service.
#[derive(Debug, Clone, Copy, Default)]
pub struct PcscBackend;

impl Backend for PcscBackend {
    fn name(&self) -> &'static str {
        "pcsc"
    }

    fn watch(&self) -> Box<dyn Watch> {
        Box::new(PcscWatch::default())
    }

    fn connector(&self) -> Box<dyn Connector> {
        Box::new(PcscConnector::default())
    }
}

#[derive(Default)]
struct PcscConnector {
    context: Option<Context>,
    /// Dropped after the context.
    _inside: Inside,
}

impl Connector for PcscConnector {
    fn transact(
        &mut self,
        target: &CardTarget,
        job: &mut dyn FnMut(&mut CardChannel<'_>) -> CardEnd,
    ) -> Result<(), ReaderError> {
        self.with_context(|context| transact(context, target, job))
    }

    fn channel(&mut self, reader: &ReaderName) -> Result<Option<u32>, ReaderError> {
        self.with_context(|context| channel(context, reader))
    }
}

impl PcscConnector {
    /// Does what connects a card; a context whose service was lost is given up.
    fn with_context<R>(
        &mut self,
        work: impl FnOnce(&Context) -> Result<R, ReaderError>,
    ) -> Result<R, ReaderError> {
        let context = match self.context.take() {
            Some(context) => context,
            None => Context::establish(Scope::User).map_err(reader_error)?,
        };
        let with_card = WithCard::new();
        let result = work(self.context.insert(context));
        drop(with_card);
        if matches!(result, Err(ReaderError::ServiceUnavailable)) {
            self.give_up_context();
        }
        result
    }

    fn give_up_context(&mut self) {
        if let Some(context) = self.context.take() {
            give_up(context);
        }
    }
}

impl Drop for PcscConnector {
    fn drop(&mut self) {
        self.give_up_context();
    }
}

/// Asks the driver, over a connection that needs no card and sends nothing to one.
fn channel(context: &Context, reader: &ReaderName) -> Result<Option<u32>, ReaderError> {
    let name = reader.to_pcsc().ok_or(ReaderError::ReaderUnknown)?;
    let connection = context
        .connect(&name, ShareMode::Direct, Protocols::UNDEFINED)
        .map_err(reader_error)?;
    let told = connection.get_attribute_owned(Attribute::ChannelId);
    leave(connection);
    // Drivers that do not know the attribute refuse it.
    let told = told.ok().and_then(|value| value.try_into().ok());
    Ok(told.map(u32::from_ne_bytes))
}

fn transact(
    context: &Context,
    target: &CardTarget,
    job: &mut dyn FnMut(&mut CardChannel<'_>) -> CardEnd,
) -> Result<(), ReaderError> {
    let reader = target.reader.to_pcsc().ok_or(ReaderError::ReaderUnknown)?;
    let mut card = connect(context, &reader).map_err(|error| match error {
        // The target was a card: it is gone, not merely absent.
        ReaderError::CardAbsent => ReaderError::CardRemoved,
        error => error,
    })?;
    let transaction = begin(&mut card)?;
    // Asked after connecting: from here on a swap makes this handle fail, so the card we talk to is the one counted here.
    let mut now = [ReaderState::new(reader.clone(), State::UNAWARE)];
    let checked = context
        .get_status_change(Duration::ZERO, &mut now)
        .map_err(reader_error)
        .and_then(|()| check_presence(&now[0], target));
    if let Err(error) = checked {
        drop(transaction);
        leave(card);
        return Err(error);
    }
    let protocol = match transaction.status2_owned().map(|status| status.protocol2()) {
        Ok(Some(Protocol::T1)) => TransmissionProtocol::T1,
        _ => TransmissionProtocol::T0,
    };
    let mut transport = PcscTransport {
        transaction: &transaction,
        context,
        reader: &reader,
        event_counter: target.event_counter,
        buffer: vec![0; ANSWER_BUFFER],
        keypad: None,
        lost: None,
    };
    let end = job(&mut CardChannel::new(
        &mut transport,
        now[0].atr(),
        protocol,
    ));
    let lost = transport.lost.is_some();
    if end == CardEnd::Leave {
        drop(transaction);
        leave(card);
        return Ok(());
    }
    let reset = transaction
        .end(Disposition::ResetCard)
        .map_err(|(_, error)| error);
    match reset {
        Ok(()) => leave(card),
        Err(error) => {
            if !lost {
                tracing::warn!(%error, "the card could not be reset inside its transaction; disconnecting with a reset");
            }
            drop(card);
        }
    }
    Ok(())
}

fn connect(context: &Context, reader: &CStr) -> Result<Card, ReaderError> {
    let until = Instant::now() + SHARING_LIMIT;
    loop {
        match context.connect(reader, ShareMode::Shared, Protocols::T0 | Protocols::T1) {
            Err(Error::SharingViolation) if Instant::now() < until => thread::sleep(SHARING_PAUSE),
            Err(error) => return Err(reader_error(error)),
            Ok(card) => return Ok(card),
        }
    }
}

fn begin(card: &mut Card) -> Result<Transaction<'_>, ReaderError> {
    let until = Instant::now() + SHARING_LIMIT;
    let mut resets = 0;
    let mut card = card;
    loop {
        let (again, error) = match card.transaction2() {
            Ok(transaction) => return Ok(transaction),
            Err(failure) => failure,
        };
        card = again;
        match error {
            Error::ResetCard if resets < RESET_LIMIT => {
                resets += 1;
                card.reconnect(
                    ShareMode::Shared,
                    Protocols::T0 | Protocols::T1,
                    Disposition::LeaveCard,
                )
                .map_err(reader_error)?;
            }
            Error::SharingViolation if Instant::now() < until => thread::sleep(SHARING_PAUSE),
            error => return Err(reader_error(error)),
        }
    }
}

fn check_presence(now: &ReaderState, target: &CardTarget) -> Result<(), ReaderError> {
    if !now.event_state().contains(State::PRESENT) {
        Err(ReaderError::CardRemoved)
    } else if now.event_count() != target.event_counter {
        Err(ReaderError::CardChanged)
    } else {
        Ok(())
    }
}

/// Lets go of a card on which no PIN was presented; a plain drop would reset it under other programs.
fn leave(card: Card) {
    if let Err((card, error)) = card.disconnect(Disposition::LeaveCard) {
        tracing::debug!(%error, "disconnecting");
        drop(card);
    }
}

struct PcscTransport<'a> {
    transaction: &'a Transaction<'a>,
    context: &'a Context,
    reader: &'a CStr,
    event_counter: u32,
    buffer: Vec<u8>,
    /// The reader's keypad, once the reader was asked.
    keypad: Option<Option<PcscKeypad>>,
    /// Once the card is lost every later exchange says the same: a reset or a swap takes PIN and selection with it.
    lost: Option<TransportError>,
}

impl Transport for PcscTransport<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let error = match self.transaction.transmit(command, &mut self.buffer) {
            Ok(answer) if answer.len() >= 2 => return Ok(answer.to_vec()),
            Ok(_) => TransportError::CardRemoved,
            Err(Error::NotTransacted) => self.after_silence(),
            Err(error) => transport_error(error),
        };
        self.lost = Some(error.clone());
        Err(error)
    }

    fn pinpad(&mut self) -> Option<Pinpad> {
        self.keypad().map(|keypad| keypad.pinpad())
    }

    fn enter_on_pinpad(&mut self, request: &PinpadRequest) -> Result<Vec<u8>, TransportError> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let Some(keypad) = self.keypad() else {
            return Err(TransportError::Other {
                detail: "the reader has no keypad".to_owned(),
            });
        };
        let error = match keypad.enter(self.transaction, request) {
            Ok(answer) => return Ok(answer),
            Err(KeypadError::Transport(error)) => return Err(error),
            Err(KeypadError::Service(Error::NotTransacted)) => self.after_silence(),
            Err(KeypadError::Service(error)) => transport_error(error),
        };
        self.lost = Some(error.clone());
        Err(error)
    }
}

impl PcscTransport<'_> {
    fn keypad(&mut self) -> Option<PcscKeypad> {
        *self
            .keypad
            .get_or_insert_with(|| PcscKeypad::of(self.transaction))
    }

    /// A card that did not answer is either gone, which the service notices with its next poll, or silent.
    fn after_silence(&self) -> TransportError {
        let until = Instant::now() + REMOVAL_NOTICE;
        let mut state = [ReaderState::new(self.reader, State::UNAWARE)];
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            match self.context.get_status_change(left, &mut state) {
                // A card that is back already was gone all the same.
                Ok(())
                    if !state[0].event_state().contains(State::PRESENT)
                        || state[0].event_count() != self.event_counter =>
                {
                    return TransportError::CardRemoved;
                }
                Ok(()) => state[0].sync_current_state(),
                Err(Error::Timeout) => break,
                Err(error) => return transport_error(error),
            }
        }
        TransportError::Timeout
    }
}

fn transport_error(error: Error) -> TransportError {
    match error {
        Error::RemovedCard | Error::NoSmartcard | Error::UnpoweredCard => {
            TransportError::CardRemoved
        }
        Error::ResetCard => TransportError::CardReset,
        Error::Timeout | Error::UnresponsiveCard => TransportError::Timeout,
        error if is_service_lost(error) => TransportError::ServiceUnavailable,
        Error::ReaderUnavailable | Error::UnknownReader | Error::InvalidHandle => {
            TransportError::ReaderUnavailable
        }
        error => TransportError::Other {
            detail: error.to_string(),
        },
    }
}

pub(super) fn reader_error(error: Error) -> ReaderError {
    match error {
        error if is_service_lost(error) => ReaderError::ServiceUnavailable,
        Error::UnknownReader | Error::ReaderUnavailable | Error::NoReadersAvailable => {
            ReaderError::ReaderUnknown
        }
        Error::NoSmartcard => ReaderError::CardAbsent,
        Error::RemovedCard => ReaderError::CardRemoved,
        Error::UnresponsiveCard | Error::UnpoweredCard | Error::UnsupportedCard => {
            ReaderError::CardMute
        }
        Error::SharingViolation | Error::ResetCard => ReaderError::Busy {
            waited: Duration::ZERO,
        },
        error => ReaderError::Failed {
            detail: error.to_string(),
        },
    }
}

/// After these nothing on the context works again (infra facts, section 2: pcscd killed or restarted).
fn is_service_lost(error: Error) -> bool {
    matches!(
        error,
        Error::NoService | Error::ServiceStopped | Error::CommError
    )
}
