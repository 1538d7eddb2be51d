//! Readers plugged in and out while `pcscd` runs: a relay between clients and `pcscd` that keeps some readers to itself.
//!
//! Debian's `pcscd` never adds or removes configured readers, and virtual ones are not seen by udev. The relay speaks the client
//! protocol (4.4 of pcsc-lite 1.9): it blanks the records of unplugged readers, wakes clients that wait for a change, refuses to connect to
//! an unplugged reader (`SCARD_E_UNKNOWN_READER`), and fails commands on handles of one (`SCARD_E_READER_UNAVAILABLE`). A command that is
//! under way when its reader is unplugged still gets its answer. Everything else passes unchanged.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use super::client::{RECORD, RECORDS, record_name};

const CONNECT: u32 = 0x04;
const RECONNECT: u32 = 0x05;
const BEGIN_TRANSACTION: u32 = 0x07;
const TRANSMIT: u32 = 0x09;
const CONTROL: u32 = 0x0A;
const STATUS: u32 = 0x0B;
const GET_STATES: u32 = 0x12;
const WAIT_FOR_CHANGE: u32 = 0x13;
const STOP_WAITING: u32 = 0x14;

const UNKNOWN_READER: u32 = 0x8010_0009;
const READER_UNAVAILABLE: u32 = 0x8010_0017;

/// No structure of the protocol is larger (GET_ATTRIB carries 264 bytes of value).
const STRUCTURE_LIMIT: usize = 4096;
/// An extended APDU and some.
const DATA_LIMIT: usize = 70_000;
/// `{timeOut, rv}`, what wakes a client that waits.
const WAKE_UP: [u8; 8] = [0; 8];

/// A relay, until dropped. Clients use its socket instead of `pcscd`'s (`PCSCLITE_CSOCK_NAME`).
#[derive(Debug)]
pub struct ReaderRelay {
    shared: Arc<Shared>,
    socket: PathBuf,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    pcscd: PathBuf,
    state: Mutex<State>,
    /// A client has begun or ended its waiting.
    waiting_changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    unplugged: BTreeSet<String>,
    /// One end each of what wakes the threads of open connections.
    connections: Vec<UnixStream>,
    /// Clients that wait for a change at this moment.
    waiting: usize,
    stopping: bool,
}

impl ReaderRelay {
    /// Listens at `socket`, which must not exist, for clients of the `pcscd` at the other path. All readers are plugged in.
    pub fn listen(socket: &Path, pcscd: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let shared = Arc::new(Shared {
            pcscd: pcscd.to_path_buf(),
            state: Mutex::default(),
            waiting_changed: Condvar::new(),
        });
        let worker = Arc::clone(&shared);
        Ok(Self {
            shared,
            socket: socket.to_path_buf(),
            thread: Some(std::thread::spawn(move || worker.accept(&listener))),
        })
    }

    /// Unplugs a reader, by its PC/SC name.
    pub fn unplug(&self, reader: &str) {
        self.shared.state().unplugged.insert(reader.to_owned());
        self.shared.wake_all();
    }

    /// Plugs it in again.
    pub fn plug(&self, reader: &str) {
        self.shared.state().unplugged.remove(reader);
        self.shared.wake_all();
    }

    /// Waits until so many clients wait for a change; false when the time is over.
    pub fn until_waiting(&self, clients: usize, timeout: Duration) -> bool {
        let (state, _) = self
            .shared
            .waiting_changed
            .wait_timeout_while(self.shared.state(), timeout, |state| {
                state.waiting < clients
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.waiting >= clients
    }
}

impl Drop for ReaderRelay {
    fn drop(&mut self) {
        self.shared.state().stopping = true;
        self.shared.wake_all();
        // Ends the accepting thread's waiting.
        let _ = UnixStream::connect(&self.socket);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = fs::remove_file(&self.socket);
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_all(&self) {
        // Connections that have ended are forgotten here.
        self.state()
            .connections
            .retain_mut(|connection| connection.write_all(&[0]).is_ok());
    }

    fn is_unplugged(&self, reader: &str) -> bool {
        self.state().unplugged.contains(reader)
    }

    fn accept(self: &Arc<Self>, listener: &UnixListener) {
        while let Ok((client, _)) = listener.accept() {
            if self.state().stopping {
                return;
            }
            // Without pcscd the client sees its connection end, as it would see pcscd's.
            let Ok(server) = UnixStream::connect(&self.pcscd) else {
                continue;
            };
            let Ok((ours, theirs)) = UnixStream::pair() else {
                continue;
            };
            self.state().connections.push(theirs);
            let shared = Arc::clone(self);
            std::thread::spawn(move || {
                let mut connection = Connection {
                    shared,
                    client,
                    server,
                    wake: ours,
                    is_waiting: false,
                    handles: Vec::new(),
                };
                // However it ends, both sides see their connection close.
                let _ = connection.run();
            });
        }
    }
}

/// One client.
struct Connection {
    shared: Arc<Shared>,
    client: UnixStream,
    server: UnixStream,
    wake: UnixStream,
    /// The client has asked to be woken by the next change.
    is_waiting: bool,
    /// Card handles with the readers that they belong to.
    handles: Vec<([u8; 4], String)>,
}

impl Connection {
    fn run(&mut self) -> io::Result<()> {
        loop {
            let [client, server, wake] = self.poll()?;
            if wake {
                self.wake.read_exact(&mut [0])?;
                if self.shared.state().stopping {
                    return Ok(());
                }
                self.wake_client()?;
            } else if server {
                self.pass_answer()?;
            } else if client {
                self.command()?;
            }
        }
    }

    /// Which of client, server and wake have something to read, or have ended.
    fn poll(&self) -> io::Result<[bool; 3]> {
        let mut descriptors = [
            PollFd::new(&self.client, PollFlags::IN),
            PollFd::new(&self.server, PollFlags::IN),
            PollFd::new(&self.wake, PollFlags::IN),
        ];
        match poll(&mut descriptors, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(descriptors.map(|descriptor| !descriptor.revents().is_empty()))
    }

    /// Tells a waiting client of a change that `pcscd` knows nothing of, and `pcscd` that it waits no more. Should `pcscd` have
    /// woken it in the same instant the client gets one wake-up for both.
    fn wake_client(&mut self) -> io::Result<()> {
        if !self.set_waiting(false) {
            return Ok(());
        }
        let stop = [0, STOP_WAITING].map(u32::to_ne_bytes).concat();
        self.server.write_all(&stop)?;
        let mut answer = WAKE_UP;
        self.server.read_exact(&mut answer)?;
        self.client.write_all(&WAKE_UP)
    }

    /// Passes on what `pcscd` says: the answer to a command, or a wake-up.
    fn pass_answer(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let count = self.server.read(&mut buffer)?;
        let bytes = buffer.get(..count).filter(|bytes| !bytes.is_empty());
        self.set_waiting(false);
        self.client
            .write_all(bytes.ok_or(io::ErrorKind::UnexpectedEof)?)
    }

    /// Notes that the client waits or does not; gives what it did before.
    fn set_waiting(&mut self, is_waiting: bool) -> bool {
        let was_waiting = std::mem::replace(&mut self.is_waiting, is_waiting);
        let mut state = self.shared.state();
        match (was_waiting, is_waiting) {
            (false, true) => state.waiting += 1,
            (true, false) => state.waiting -= 1,
            _ => return was_waiting,
        }
        self.shared.waiting_changed.notify_all();
        was_waiting
    }

    /// Takes one command from the client.
    fn command(&mut self) -> io::Result<()> {
        let size = read_number(&mut self.client)?;
        let command = read_number(&mut self.client)?;
        let structure = read_bytes(&mut self.client, size, STRUCTURE_LIMIT)?;
        // Some commands have data behind their structure, as long as it says.
        let data_length = match command {
            TRANSMIT => number_at(&structure, 12),
            CONTROL => number_at(&structure, 8),
            _ => 0,
        };
        let data = read_bytes(&mut self.client, data_length, DATA_LIMIT)?;
        if let Some(status) = self.refusal(command, &structure) {
            let kept = structure.len().saturating_sub(4);
            let mut answer = structure;
            answer.truncate(kept);
            answer.extend(status.to_ne_bytes());
            return self.client.write_all(&answer);
        }
        if command == STOP_WAITING && !self.set_waiting(false) {
            // The wake-up that crossed it is its answer.
            return Ok(());
        }
        let header = [size, command].map(u32::to_ne_bytes).concat();
        self.server
            .write_all(&[header, structure.clone(), data].concat())?;
        match command {
            GET_STATES | WAIT_FOR_CHANGE => {
                let mut states = [0; RECORD * RECORDS];
                self.server.read_exact(&mut states)?;
                for record in states.as_chunks_mut::<RECORD>().0 {
                    if record_name(record).is_some_and(|name| self.shared.is_unplugged(&name)) {
                        record.fill(0);
                    }
                }
                self.set_waiting(command == WAIT_FOR_CHANGE);
                self.client.write_all(&states)
            }
            CONNECT => {
                let mut answer = vec![0; structure.len()];
                self.server.read_exact(&mut answer)?;
                // Context, name\[128\], sharing, protocols, handle.
                if let (Some(handle), Some(reader)) = (
                    answer.get(140..).and_then(<[u8]>::first_chunk::<4>),
                    connect_reader(&structure),
                ) {
                    self.handles.retain(|(known, _)| known != handle);
                    self.handles.push((*handle, reader));
                }
                self.client.write_all(&answer)
            }
            _ => Ok(()),
        }
    }

    /// What a command gets because its reader is unplugged.
    fn refusal(&self, command: u32, structure: &[u8]) -> Option<u32> {
        match command {
            CONNECT => connect_reader(structure)
                .is_some_and(|reader| self.shared.is_unplugged(&reader))
                .then_some(UNKNOWN_READER),
            RECONNECT | BEGIN_TRANSACTION | TRANSMIT | CONTROL | STATUS => {
                let handle = structure.first_chunk::<4>()?;
                self.handles
                    .iter()
                    .find(|(known, _)| known == handle)
                    .is_some_and(|(_, reader)| self.shared.is_unplugged(reader))
                    .then_some(READER_UNAVAILABLE)
            }
            _ => None,
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.set_waiting(false);
    }
}

/// The reader that a CONNECT names.
fn connect_reader(structure: &[u8]) -> Option<String> {
    let name = structure.get(4..132)?.split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(name).into_owned())
}

fn number_at(structure: &[u8], offset: usize) -> u32 {
    structure
        .get(offset..)
        .and_then(<[u8]>::first_chunk::<4>)
        .map_or(0, |bytes| u32::from_ne_bytes(*bytes))
}

fn read_number(stream: &mut UnixStream) -> io::Result<u32> {
    let mut bytes = [0; 4];
    stream.read_exact(&mut bytes)?;
    Ok(u32::from_ne_bytes(bytes))
}

fn read_bytes(stream: &mut UnixStream, length: u32, limit: usize) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).map_err(|_| io::ErrorKind::InvalidData)?;
    if length > limit {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}
