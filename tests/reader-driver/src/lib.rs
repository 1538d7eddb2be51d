//! A reader driver for `pcscd` (IFD handler 3.0) whose card slot is a Unix socket: for tests.
//!
//! `pcscd` loads this library for each reader of its configuration and calls the functions of [`ifd_handler`]. The part of
//! DEVICENAME after the colon is the path of the socket on which the driver listens; a program that connects to it is a
//! card being inserted, and the closing of the connection is its removal ([`slot`]). Both are seen at once: nothing is
//! polled. The messages are those of the virtual reader `vpcd`:
//!
//! ```text
//! both ways: u16 big-endian length, then that many bytes
//! reader: 00 power off, 01 power on, 02 reset (no answer); 04 get ATR (answer: ATR); longer: a command APDU (answer: response)
//! ```
//! A slot whose socket's name ends in `.pinpad` or `.pinpad-bcd` has a PIN pad ([`pin_pad`]), on which the card's side types:
//!
//! ```text
//! reader: 80 + seconds (one byte; answer: 00 and the digits, or 01 cancelled, or 02 nothing in that time)
//! ```
//! A card pulled in the middle of a command is a communication error, as with real readers.

pub mod ifd_handler;
pub mod pin_pad;
pub mod slot;
