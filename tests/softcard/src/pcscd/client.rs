//! A minimal client of `pcscd`'s socket (protocol 4.4 of pcsc-lite 1.9): reader states, and waiting for them to change.
//!
//! The ordinary client library keeps one server a process and so cannot watch several instances; tests do not need more of
//! the protocol than these three commands.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

const COMMAND_VERSION: u32 = 0x11;
const COMMAND_GET_STATES: u32 = 0x12;
const COMMAND_WAIT_FOR_CHANGE: u32 = 0x13;
/// Size of one reader record, and their number.
pub(super) const RECORD: usize = 184;
pub(super) const RECORDS: usize = 16;
/// State bit of a present card.
const PRESENT: u32 = 0x0004;

/// A reader as `pcscd` sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderState {
    /// PC/SC name.
    pub name: String,
    /// Insertions and removals so far.
    pub events: u32,
    /// ATR of the card, if one is in and was powered.
    pub atr: Option<Vec<u8>>,
}

/// A connection that can wait.
#[derive(Debug)]
pub(super) struct StateWatcher {
    stream: UnixStream,
}

impl StateWatcher {
    pub(super) fn connect(socket: &Path, deadline: Instant) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        let mut watcher = Self { stream };
        watcher.set_deadline(deadline)?;
        // Version 4.4 and room for the server's verdict.
        let version = [4_u32, 4, 0].map(u32::to_ne_bytes).concat();
        watcher.send(COMMAND_VERSION, &version)?;
        let answer = watcher.receive::<12>()?;
        match answer.last_chunk::<4>() {
            Some(verdict) if u32::from_ne_bytes(*verdict) == 0 => Ok(watcher),
            _ => Err(io::Error::other("pcscd speaks another protocol version")),
        }
    }

    /// The readers now.
    pub(super) fn states(&mut self) -> io::Result<Vec<ReaderState>> {
        self.send(COMMAND_GET_STATES, &[])?;
        self.receive_states()
    }

    /// The readers now, and registers for the next change.
    pub(super) fn states_and_wait(&mut self) -> io::Result<Vec<ReaderState>> {
        self.send(COMMAND_WAIT_FOR_CHANGE, &[])?;
        self.receive_states()
    }

    /// Waits for the change registered for; false when the time is over.
    pub(super) fn wait_for_change(&mut self, deadline: Instant) -> io::Result<bool> {
        self.set_deadline(deadline)?;
        match self.receive::<8>() {
            Ok(_) => Ok(true),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn set_deadline(&self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.stream
            .set_read_timeout(Some(left.max(Duration::from_millis(1))))
    }

    fn send(&mut self, command: u32, data: &[u8]) -> io::Result<()> {
        let size = u32::try_from(data.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut message = [size, command].map(u32::to_ne_bytes).concat();
        message.extend_from_slice(data);
        self.stream.write_all(&message)
    }

    fn receive<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.stream.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn receive_states(&mut self) -> io::Result<Vec<ReaderState>> {
        let bytes = self.receive::<{ RECORD * RECORDS }>()?;
        Ok(bytes
            .as_chunks::<RECORD>()
            .0
            .iter()
            .filter_map(read_record)
            .collect())
    }
}

/// name\[128\], events, state, sharing, ATR\[33\] and three bytes of padding, ATR length, protocol; `None` for an unused one.
fn read_record(record: &[u8; RECORD]) -> Option<ReaderState> {
    let number = |offset: usize| {
        record
            .get(offset..)
            .and_then(<[u8]>::first_chunk::<4>)
            .map(|bytes| u32::from_ne_bytes(*bytes))
    };
    let name = record_name(record)?;
    let atr_length = usize::try_from(number(176)?).ok()?;
    let atr = record.get(140..173)?.get(..atr_length)?;
    Some(ReaderState {
        name,
        events: number(128)?,
        atr: (number(132)? & PRESENT != 0 && !atr.is_empty()).then(|| atr.to_vec()),
    })
}

/// The name in a reader record; `None` for an unused one.
pub(super) fn record_name(record: &[u8; RECORD]) -> Option<String> {
    let name = record.get(..128)?.split(|byte| *byte == 0).next()?;
    (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned())
}
