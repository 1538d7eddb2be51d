//! The connection to a slot of Debian's `vpcd` reader, from the card's side: u16 big-endian length, then that many bytes.
//!
//! One byte is a control (00 off, 01 on, 02 reset, 04 get ATR), more is a command APDU. The reader speaks first, always. It sends
//! length and body in two segments: TCP_QUICKACK before every receive (it does not stick) saves 44 ms an APDU.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};

/// What the reader says.
#[derive(Debug)]
pub(crate) enum Message {
    /// Power off or reset: what was verified is forgotten.
    Reset,
    /// Power on.
    PowerOn,
    /// The answer to reset is wanted.
    GetAtr,
    /// A command APDU, of two bytes at least.
    Command(Vec<u8>),
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct ReaderLink(TcpStream);

impl ReaderLink {
    /// Connects to the slot on this port of this machine.
    pub(crate) fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    /// Waits for the next message; `None` when the reader has gone.
    pub(crate) fn receive(&mut self) -> io::Result<Option<Message>> {
        let mut length = [0; 2];
        match self.read_exact_at_once(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.read_exact_at_once(&mut message)?;
        match message[..] {
            [0x00 | 0x02] => Ok(Some(Message::Reset)),
            [0x01] => Ok(Some(Message::PowerOn)),
            [0x04] => Ok(Some(Message::GetAtr)),
            [] | [_] => Err(io::ErrorKind::InvalidData.into()),
            _ => Ok(Some(Message::Command(message))),
        }
    }

    /// Sends an answer in one segment.
    pub(crate) fn send(&mut self, answer: &[u8]) -> io::Result<()> {
        let length = u16::try_from(answer.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut bytes = length.to_be_bytes().to_vec();
        bytes.extend_from_slice(answer);
        self.0.write_all(&bytes)
    }

    fn read_exact_at_once(&mut self, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            rustix::net::sockopt::set_tcp_quickack(&self.0, true)?;
            match self.0.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => buffer = buffer.get_mut(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
