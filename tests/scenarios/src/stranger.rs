//! A card of nobody's list in a slot of vpcd: it answers everything with success and counts what it is sent.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

use paraphe_softcard::Endpoint;
use paraphe_softcard::pcscd::{PrivatePcscd, Slot};

/// T=0, historical bytes that no list of health cards has.
const ATR: [u8; 9] = [0x3B, 0x65, 0x00, 0x00, 0x9C, 0x02, 0x02, 0x07, 0x02];

/// The card, until dropped.
#[derive(Debug)]
pub struct Stranger {
    connection: TcpStream,
    commands: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Stranger {
    /// Puts it in the slot and waits until pcscd shows it.
    ///
    /// # Panics
    /// Where it is no slot of vpcd, or pcscd does not show it.
    #[must_use]
    pub fn insert(pcscd: &PrivatePcscd, slot: &Slot) -> Self {
        let Endpoint::Vpcd(port) = slot.endpoint else {
            panic!("a slot of vpcd is wanted");
        };
        let connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let commands = Arc::default();
        let card = Self {
            thread: Some({
                let connection = connection.try_clone().unwrap();
                let commands = Arc::clone(&commands);
                std::thread::spawn(move || serve(connection, &commands))
            }),
            connection,
            commands,
        };
        pcscd.wait_for_card(&slot.reader, &ATR).unwrap();
        card
    }

    /// APDUs that it was sent.
    #[must_use]
    pub fn commands(&self) -> usize {
        self.commands.load(Ordering::SeqCst)
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        // The reader may have gone first.
        let _ = self.connection.shutdown(Shutdown::Both);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// vpcd's messages: u16 big-endian length and that many bytes; one byte is a control, more is a command.
fn serve(mut connection: TcpStream, commands: &AtomicUsize) {
    loop {
        let mut length = [0; 2];
        if connection.read_exact(&mut length).is_err() {
            return;
        }
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        if connection.read_exact(&mut message).is_err() {
            return;
        }
        let answer: &[u8] = match message[..] {
            [0x04] => &ATR,
            [_] => continue,
            _ => {
                commands.fetch_add(1, Ordering::SeqCst);
                &[0x90, 0x00]
            }
        };
        let mut bytes = vec![0, u8::try_from(answer.len()).unwrap()];
        bytes.extend_from_slice(answer);
        if connection.write_all(&bytes).is_err() {
            return;
        }
    }
}
