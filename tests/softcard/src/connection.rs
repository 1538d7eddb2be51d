//! A card's connection to a virtual reader: TCP to `vpcd`, or the Unix socket of our own reader driver. Same messages.
//!
//! u16 big-endian length, then that many bytes; one byte is a control (00 off, 01 on, 02 reset, 04 get ATR; from our own driver 80 and
//! more: what is typed on the PIN pad?), more is a command APDU. The reader speaks first, always. `vpcd` sends length and body in two segments: unless TCP_QUICKACK is set before
//! every receive (it does not stick), Nagle's algorithm and delayed acknowledgement cost 44 ms an APDU.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// Where a virtual reader listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// Port of a `vpcd` slot on this machine.
    Vpcd(u16),
    /// Socket of our own reader driver.
    Reader(PathBuf),
}

impl Endpoint {
    /// Whether the reader there has a PIN pad: the socket's name says so.
    pub fn has_pin_pad(&self) -> bool {
        match self {
            Self::Vpcd(_) => false,
            Self::Reader(path) => path
                .extension()
                .is_some_and(|name| name == "pinpad" || name == "pinpad-bcd"),
        }
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Vpcd(port) => write!(formatter, "{port}"),
            Self::Reader(path) => write!(formatter, "{}", path.display()),
        }
    }
}

/// A message from the reader.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    PowerOff,
    PowerOn,
    Reset,
    GetAtr,
    /// A PIN pad asks what is typed, for at most so many seconds (our own reader driver only).
    AskEntry {
        seconds: u8,
    },
    Command(Vec<u8>),
}

/// An open connection. Shutting down one handle ends them all.
#[derive(Debug)]
pub(crate) enum Connection {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Connection {
    pub(crate) fn open(endpoint: &Endpoint) -> io::Result<Self> {
        match endpoint {
            Endpoint::Vpcd(port) => {
                let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, *port))?;
                stream.set_nodelay(true)?;
                Ok(Self::Tcp(stream))
            }
            Endpoint::Reader(path) => Ok(Self::Unix(UnixStream::connect(path)?)),
        }
    }

    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
        }
    }

    /// Ends the connection for every handle of it; whoever waits in [`Connection::receive`] gets an error.
    pub(crate) fn shut_down(&self) {
        // It may be down already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    /// Waits for the next message; an error ends the connection.
    pub(crate) fn receive(&mut self) -> io::Result<Message> {
        let mut length = [0; 2];
        self.read_exact_at_once(&mut length)?;
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.read_exact_at_once(&mut message)?;
        match message[..] {
            [0x00] => Ok(Message::PowerOff),
            [0x01] => Ok(Message::PowerOn),
            [0x02] => Ok(Message::Reset),
            [0x04] => Ok(Message::GetAtr),
            [asked @ 0x80..=0xFF] => Ok(Message::AskEntry {
                seconds: asked & 0x7F,
            }),
            [] | [_] => Err(io::ErrorKind::InvalidData.into()),
            _ => Ok(Message::Command(message)),
        }
    }

    /// Sends one message in one segment.
    pub(crate) fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u16::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend_from_slice(message);
        match self {
            Self::Tcp(stream) => stream.write_all(&bytes),
            Self::Unix(stream) => stream.write_all(&bytes),
        }
    }

    fn read_exact_at_once(&mut self, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            let count = match self {
                Self::Tcp(stream) => {
                    rustix::net::sockopt::set_tcp_quickack(&*stream, true)?;
                    stream.read(buffer)
                }
                Self::Unix(stream) => stream.read(buffer),
            };
            match count {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => buffer = buffer.get_mut(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
