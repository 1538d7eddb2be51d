//! One card slot: a listening Unix socket and at most one connected card.
//!
//! A slot accepts a new card only after the loss of the former one was reported by [`Slot::presence`], so that `pcscd` never
//! takes two cards for one. A card that does not answer in time counts as a communication error and stays in.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::pin_pad::PadDigits;

/// The longest ATR (ISO/IEC 7816-3, 8.2.1).
pub const ATR_LIMIT: usize = 33;
/// How long a card may take for one command.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// How long a new card may take to give its ATR.
const ATR_TIMEOUT: Duration = Duration::from_secs(5);
const GET_ATR: u8 = 0x04;
/// Asks the card's side for what is typed on the PIN pad; the low bits are the seconds that it may take.
const ASK_ENTRY: u8 = 0x80;
const LONGEST_ENTRY: u8 = 0x7F;
/// How a socket's name ends whose slot has a PIN pad, and how its pad writes digits.
const PIN_PADS: [(&str, PadDigits); 2] = [
    (".pinpad", PadDigits::Ascii),
    (".pinpad-bcd", PadDigits::PackedBcd),
];
/// What goes before bus and address in the name of a socket whose reader says that it is on USB.
const USB_MARK: &str = ".usb-";
/// USB in the upper half of a channel id.
const USB_CHANNEL: u32 = 0x0020;

/// What a reader can do to the card's power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Power off.
    Off,
    /// Cold reset.
    On,
    /// Warm reset.
    Reset,
}

impl Power {
    fn message(self) -> u8 {
        match self {
            Self::Off => 0x00,
            Self::On => 0x01,
            Self::Reset => 0x02,
        }
    }
}

/// What came of asking for a PIN on the pad. Not shown by Debug output.
pub enum Entry {
    /// The digits, as ASCII.
    Digits(Vec<u8>),
    /// The cancel key.
    Cancelled,
    /// Nothing in time.
    TimedOut,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Digits(_) => "Digits(..)",
            Self::Cancelled => "Cancelled",
            Self::TimedOut => "TimedOut",
        })
    }
}

#[derive(Debug)]
struct Card {
    connection: UnixStream,
    atr: Vec<u8>,
}

/// A card slot.
#[derive(Debug)]
pub struct Slot {
    path: PathBuf,
    listener: UnixListener,
    card: Mutex<Option<Card>>,
    /// A byte written to the first end wakes whoever waits on the second.
    wake: (UnixStream, UnixStream),
}

impl Slot {
    /// Listens at `path`; a socket left there by a former process is replaced, any other file is not.
    pub fn listen(path: &Path) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.file_type().is_socket() => fs::remove_file(path)?,
            Ok(_) => return Err(io::ErrorKind::AlreadyExists.into()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let listener = UnixListener::bind(path)?;
        let wake = UnixStream::pair()?;
        wake.0.set_nonblocking(true)?;
        wake.1.set_nonblocking(true)?;
        Ok(Self {
            path: path.to_path_buf(),
            listener,
            card: Mutex::new(None),
            wake,
        })
    }

    /// Whether a card is in. Notices the loss of the card, or else the arrival of one, never both in one call.
    pub fn presence(&self) -> bool {
        let mut card = self.card();
        if let Some(present) = card.as_ref() {
            let gone = PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR;
            if !ready(&present.connection, PollFlags::RDHUP).intersects(gone) {
                return true;
            }
            *card = None;
            return false;
        }
        if !ready(&self.listener, PollFlags::IN).contains(PollFlags::IN) {
            return false;
        }
        *card = self.accept().ok();
        card.is_some()
    }

    /// Blocks until presence may have changed, [`Slot::stop_waiting`] is called, or the time is over.
    pub fn wait(&self, milliseconds: u32) {
        let connection = self
            .card()
            .as_ref()
            .and_then(|card| card.connection.try_clone().ok());
        let timeout = Timespec {
            tv_sec: i64::from(milliseconds / 1000),
            tv_nsec: i64::from(milliseconds % 1000) * 1_000_000,
        };
        let watched = match &connection {
            Some(connection) => PollFd::new(connection, PollFlags::RDHUP),
            None => PollFd::new(&self.listener, PollFlags::IN),
        };
        let mut descriptors = [watched, PollFd::new(&self.wake.1, PollFlags::IN)];
        // An interrupted wait is a short one: the caller asks for presence and waits again.
        let _ = poll(&mut descriptors, Some(&timeout));
        let mut drained = [0; 16];
        while matches!((&self.wake.1).read(&mut drained), Ok(count) if count > 0) {}
    }

    /// Ends a [`Slot::wait`] of another thread.
    pub fn stop_waiting(&self) {
        // A full buffer wakes as well.
        let _ = (&self.wake.0).write(&[0]);
    }

    /// ATR of the card that is in.
    pub fn atr(&self) -> Option<Vec<u8>> {
        self.card().as_ref().map(|card| card.atr.clone())
    }

    /// Changes the card's power and gives its ATR. A card that is gone cannot be powered, but it can be powered off.
    pub fn power(&self, power: Power) -> io::Result<Vec<u8>> {
        let mut card = self.card();
        let Some(card) = card.as_mut() else {
            return match power {
                Power::Off => Ok(Vec::new()),
                Power::On | Power::Reset => Err(io::ErrorKind::NotConnected.into()),
            };
        };
        send(&mut card.connection, &[power.message()])?;
        Ok(card.atr.clone())
    }

    /// One exchange. A lost card stays where it is until [`Slot::presence`] has seen the loss.
    pub fn transmit(&self, command: &[u8]) -> io::Result<Vec<u8>> {
        // One byte would be a control message.
        if command.len() < 2 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let mut card = self.card();
        let card = card.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        let response =
            send(&mut card.connection, command).and_then(|()| receive(&mut card.connection));
        if response.is_err() {
            // After a timeout a late answer must not be taken for that of the next command.
            let _ = card.connection.shutdown(std::net::Shutdown::Both);
        }
        response
    }

    /// The one way in which the slot's PIN pad writes digits; `None` where the slot has no pad.
    pub fn pin_pad(&self) -> Option<PadDigits> {
        let name = self.path.file_name()?.as_encoded_bytes();
        PIN_PADS
            .iter()
            .find(|(suffix, _)| name.ends_with(suffix.as_bytes()))
            .map(|(_, digits)| *digits)
    }

    /// The channel id of PC/SC part 3 (USB, bus, address), where the socket's name tells one: `slot0.usb-1-7`.
    pub fn channel_id(&self) -> Option<u32> {
        let (_, place) = self.path.file_name()?.to_str()?.split_once(USB_MARK)?;
        let (bus, address) = place.split('.').next()?.split_once('-')?;
        let (bus, address): (u8, u8) = (bus.parse().ok()?, address.parse().ok()?);
        Some(USB_CHANNEL << 16 | u32::from(bus) << 8 | u32::from(address))
    }

    /// Asks the card's side what is typed on the pad, for at most this time (127 s). An error is a lost card.
    pub fn ask_entry(&self, seconds: u8) -> io::Result<Entry> {
        let seconds = seconds.min(LONGEST_ENTRY);
        let mut card = self.card();
        let card = card.as_mut().ok_or(io::ErrorKind::NotConnected)?;
        // The other side ends the waiting; this is for one that does not.
        let patience = Duration::from_secs(u64::from(seconds)) + ATR_TIMEOUT;
        let connection = &mut card.connection;
        let answer = connection
            .set_read_timeout(Some(patience))
            .and_then(|()| send(connection, &[ASK_ENTRY | seconds]))
            .and_then(|()| receive(connection))
            .and_then(|answer| match answer.as_slice() {
                [0x00, digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
                    Ok(Entry::Digits(digits.to_vec()))
                }
                [0x01] => Ok(Entry::Cancelled),
                [0x02] => Ok(Entry::TimedOut),
                _ => Err(io::ErrorKind::InvalidData.into()),
            })
            .and_then(|entry| {
                connection.set_read_timeout(Some(ANSWER_TIMEOUT))?;
                Ok(entry)
            });
        if answer.is_err() {
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
        answer
    }

    fn accept(&self) -> io::Result<Card> {
        let (mut connection, _) = self.listener.accept()?;
        connection.set_read_timeout(Some(ATR_TIMEOUT))?;
        connection.set_write_timeout(Some(ANSWER_TIMEOUT))?;
        send(&mut connection, &[GET_ATR])?;
        let atr = receive(&mut connection)?;
        if !(2..=ATR_LIMIT).contains(&atr.len()) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        connection.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        Ok(Card { connection, atr })
    }

    fn card(&self) -> MutexGuard<'_, Option<Card>> {
        self.card.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What is true of a descriptor at this moment.
fn ready(descriptor: &impl std::os::fd::AsFd, flags: PollFlags) -> PollFlags {
    let mut descriptors = [PollFd::new(descriptor, flags)];
    match poll(
        &mut descriptors,
        Some(&Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        }),
    ) {
        Ok(_) => descriptors[0].revents(),
        Err(_) => PollFlags::empty(),
    }
}

/// Writes a message at once: length and body in one piece.
fn send(connection: &mut UnixStream, message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(message);
    connection.write_all(&bytes)
}

fn receive(connection: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut length = [0; 2];
    connection.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    connection.read_exact(&mut message)?;
    Ok(message)
}

#[cfg(test)]
pub(crate) mod tests;
