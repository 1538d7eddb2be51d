//! Test infrastructure: a private, unmodified `pcscd` with virtual readers of its own, stopped when dropped.
//!
//! `pcscd` takes a listening socket in the systemd way, so the harness makes one in a temporary folder and hands it over as
//! descriptor 3; clients find it by the variable `PCSCLITE_CSOCK_NAME` (libpcsclite reads it once a process: one instance a
//! test process). Several instances run side by side and never touch the system's. Readers are slots of `vpcd` (two an entry,
//! each entry needs its own copy of the library) or of our own reader driver.

mod client;
pub mod relay;
mod second_process;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::connection::Endpoint;

pub use client::ReaderState;
use client::{RECORDS, StateWatcher};
pub use second_process::{SecondProcess, SecondProcessError, TestProcess};

/// Debian's path; it is not in the path of ordinary users.
const PCSCD: &str = "/usr/sbin/pcscd";
/// The library of `vpcd` in Debian's package vsmartcard-vpcd.
const VPCD_LIBRARY: &str = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so";
const READER_DRIVER: &str = "libparaphe_reader_driver.so";
/// The variable that names our own reader driver's library, where it is not beside the test program.
const READER_DRIVER_VARIABLE: &str = "PARAPHE_READER_DRIVER";
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a private `pcscd` cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PcscdError {
    /// A file, folder, socket or process.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// Our own reader driver was not built.
    #[error(
        "{READER_DRIVER} is not beside the test program; run `cargo build -p paraphe-reader-driver`, or name it in \
         {READER_DRIVER_VARIABLE}"
    )]
    NoReaderDriver,
    /// The readers or cards expected did not appear.
    #[error("pcscd did not show {expected} within {seconds} s; it shows {found:?}")]
    Timeout {
        /// What was waited for.
        expected: String,
        /// How long.
        seconds: u64,
        /// The readers at the end.
        found: Vec<ReaderState>,
    },
}

/// What kind of virtual reader to configure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderKind {
    /// `vpcd`: one entry gives two slots, on neighbouring ports.
    Vpcd,
    /// Our own driver: one slot.
    OwnDriver,
    /// Our own driver, one slot, which says that it is an interface of the USB device at this place.
    OwnDriverOnUsb {
        /// Bus.
        bus: u8,
        /// Address on the bus.
        address: u8,
    },
    /// Our own driver, one slot with a PIN pad.
    OwnDriverWithPinPad,
    /// Our own driver, one slot with a PIN pad for bank cards, which refuses to write digits as a health card wants them.
    OwnDriverWithBankPinPad,
}

/// A reader to configure under a name of one's own.
#[derive(Debug, Clone, Copy)]
pub struct NamedReader<'a> {
    /// What kind.
    pub kind: ReaderKind,
    /// Its name, in whatever encoding, without quotation marks and line ends; `pcscd` adds numbers to it.
    pub name: &'a [u8],
}

/// One slot: the reader's name as PC/SC shows it, and where its card connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// PC/SC reader name.
    pub reader: String,
    /// For [`crate::CardSlot::insert`] or the program's options.
    pub endpoint: Endpoint,
}

/// A slot before `pcscd` has named it: to the configured name it adds a number of its own and the slot's.
struct PlannedSlot {
    name: String,
    number: u8,
    /// How many slots before it are called the same and have the same number.
    before: usize,
    endpoint: Endpoint,
}

impl PlannedSlot {
    fn name_in(&self, states: &[ReaderState]) -> Option<String> {
        let (start, end) = (format!("{} ", self.name), format!(" {:02}", self.number));
        let mut names: Vec<_> = states
            .iter()
            .map(|state| &state.name)
            .filter(|name| name.starts_with(&start) && name.ends_with(&end))
            .collect();
        // Equal names differ in the number that pcscd gives, in the order of its configuration; those of several driver files
        // do not even differ in that.
        names.sort();
        names.get(self.before).copied().cloned()
    }
}

/// A running private `pcscd`.
#[derive(Debug)]
pub struct PrivatePcscd {
    process: Child,
    slots: Vec<Slot>,
    folder: tempfile::TempDir,
}

impl PrivatePcscd {
    /// Starts `pcscd` with these readers, and waits until it shows them all.
    pub fn start(readers: &[ReaderKind]) -> Result<Self, PcscdError> {
        let names: Vec<String> = readers
            .iter()
            .enumerate()
            .map(|(index, kind)| match kind {
                ReaderKind::Vpcd => format!("Paraphe Vpcd {index}"),
                _ => format!("Paraphe Slot {index}"),
            })
            .collect();
        let named: Vec<_> = readers
            .iter()
            .zip(&names)
            .map(|(kind, name)| NamedReader {
                kind: *kind,
                name: name.as_bytes(),
            })
            .collect();
        Self::start_named(&named)
    }

    /// The same with names of one's own. `pcscd` has 16 places: readers beyond them are configured, and not waited for.
    pub fn start_named(readers: &[NamedReader<'_>]) -> Result<Self, PcscdError> {
        // A port found free can be taken by another test before vpcd listens on it: pcscd then starts without the reader.
        let mut result = Self::try_start(readers);
        for _ in 0..4 {
            if !matches!(result, Err(PcscdError::Timeout { .. })) {
                break;
            }
            result = Self::try_start(readers);
        }
        result
    }

    fn try_start(readers: &[NamedReader<'_>]) -> Result<Self, PcscdError> {
        let folder = tempfile::Builder::new()
            .prefix("pcscd-")
            .tempdir()
            .map_err(system("make a temporary folder"))?;
        let configuration = folder.path().join("conf");
        fs::create_dir(&configuration).map_err(system("make the configuration folder"))?;
        let mut planned = Vec::new();
        // One file, because the order of several is that of the file system.
        let mut entries = Vec::new();
        for (index, NamedReader { kind, name }) in readers.iter().enumerate() {
            let place = Place {
                folder: folder.path(),
                index,
                name,
            };
            entries.extend(match kind {
                ReaderKind::Vpcd => vpcd_entry(&place, &mut planned)?,
                ReaderKind::OwnDriver => own_entry(&place, "", &mut planned)?,
                ReaderKind::OwnDriverOnUsb { bus, address } => {
                    own_entry(&place, &format!(".usb-{bus}-{address}"), &mut planned)?
                }
                ReaderKind::OwnDriverWithPinPad => own_entry(&place, ".pinpad", &mut planned)?,
                ReaderKind::OwnDriverWithBankPinPad => {
                    own_entry(&place, ".pinpad-bcd", &mut planned)?
                }
            });
        }
        planned.truncate(RECORDS);
        fs::write(configuration.join("readers"), entries)
            .map_err(system("write the reader configuration"))?;
        let process = spawn(folder.path())?;
        let mut pcscd = Self {
            process,
            slots: Vec::new(),
            folder,
        };
        let expected = format!("{} slots", planned.len());
        let states = pcscd.wait_until(START_TIMEOUT, &expected, |states| {
            planned.iter().all(|slot| slot.name_in(states).is_some())
        })?;
        pcscd.slots = planned
            .into_iter()
            .filter_map(|slot| {
                Some(Slot {
                    reader: slot.name_in(&states)?,
                    endpoint: slot.endpoint,
                })
            })
            .collect();
        Ok(pcscd)
    }

    /// Stops `pcscd`, if it runs. Its cards look for their readers until it is back.
    pub fn stop(&mut self) {
        // It ends at once on SIGTERM; nothing is to be done where it has ended already.
        if let Ok(None) = self.process.try_wait()
            && let Some(id) = i32::try_from(self.process.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        let _ = self.process.wait();
    }

    /// Starts `pcscd` again after [`PrivatePcscd::stop`], with the same readers at the same socket, and waits until it shows
    /// them all.
    pub fn start_again(&mut self) -> Result<(), PcscdError> {
        self.stop();
        self.process = spawn(self.folder.path())?;
        let expected = format!("{} slots", self.slots.len());
        self.wait_until(START_TIMEOUT, &expected, |states| {
            self.slots
                .iter()
                .all(|slot| states.iter().any(|state| state.name == slot.reader))
        })
        .map(|_| ())
    }

    /// The slots, in the order of the readers asked for (two for each `vpcd` entry).
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Value of `PCSCLITE_CSOCK_NAME` for clients.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("comm")
    }

    /// A command that uses this instance.
    pub fn client(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("PCSCLITE_CSOCK_NAME", self.socket());
        command
    }

    /// What pcscd has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("pcscd.log")).unwrap_or_default()
    }

    /// The readers at this moment.
    pub fn readers(&self) -> Result<Vec<ReaderState>, PcscdError> {
        let deadline = Instant::now() + Duration::from_secs(5);
        StateWatcher::connect(&self.socket(), deadline)
            .and_then(|mut watcher| watcher.states())
            .map_err(system("ask pcscd for its readers"))
    }

    /// Waits until this reader has a card with this ATR.
    pub fn wait_for_card(&self, reader: &str, atr: &[u8]) -> Result<(), PcscdError> {
        self.wait_until(
            Duration::from_secs(10),
            &format!("a card in {reader}"),
            |states| {
                states
                    .iter()
                    .any(|state| state.name == reader && state.atr.as_deref() == Some(atr))
            },
        )
        .map(|_| ())
    }

    /// Waits until this reader is empty.
    pub fn wait_for_removal(&self, reader: &str) -> Result<(), PcscdError> {
        self.wait_until(
            Duration::from_secs(10),
            &format!("no card in {reader}"),
            |states| {
                states
                    .iter()
                    .any(|state| state.name == reader && state.atr.is_none())
            },
        )
        .map(|_| ())
    }

    /// Waits, without polling, until the readers are as wanted, and gives them.
    pub fn wait_until(
        &self,
        timeout: Duration,
        expected: &str,
        is_reached: impl Fn(&[ReaderState]) -> bool,
    ) -> Result<Vec<ReaderState>, PcscdError> {
        let deadline = Instant::now() + timeout;
        let mut watcher =
            StateWatcher::connect(&self.socket(), deadline).map_err(system("connect to pcscd"))?;
        loop {
            let found = watcher
                .states_and_wait()
                .map_err(system("ask pcscd for its readers"))?;
            if is_reached(&found) {
                return Ok(found);
            }
            let changed = watcher
                .wait_for_change(deadline)
                .map_err(system("wait for pcscd"))?;
            if !changed {
                return Err(PcscdError::Timeout {
                    expected: expected.to_owned(),
                    seconds: timeout.as_secs(),
                    found,
                });
            }
        }
    }
}

impl Drop for PrivatePcscd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Starts the process with a new socket; the configuration is there.
fn spawn(folder: &Path) -> Result<Child, PcscdError> {
    let socket = folder.join("comm");
    // Left by a former process; otherwise there is none.
    let _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).map_err(system("listen for pcscd"))?;
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("pcscd.log"))
        .map_err(system("make pcscd's log"))?;
    let log_too = log.try_clone().map_err(system("make pcscd's log"))?;
    // The shell moves the socket to descriptor 3, where pcscd expects it, and becomes pcscd.
    Command::new("sh")
        .arg("-c")
        .arg("exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" -f -c \"$1\"")
        .arg(PCSCD)
        .arg(folder.join("conf"))
        .stdin(Stdio::from(OwnedFd::from(listener)))
        .stdout(log)
        .stderr(log_too)
        .spawn()
        .map_err(system("start pcscd"))
}

/// Where an entry belongs.
struct Place<'a> {
    folder: &'a Path,
    index: usize,
    name: &'a [u8],
}

impl Place<'_> {
    fn plan(&self, number: u8, endpoint: Endpoint, slots: &mut Vec<PlannedSlot>) {
        let name = String::from_utf8_lossy(self.name).into_owned();
        let before = slots
            .iter()
            .filter(|slot| slot.name == name && slot.number == number)
            .count();
        slots.push(PlannedSlot {
            name,
            number,
            before,
            endpoint,
        });
    }

    fn entry(&self, device: &str, library: &Path, channel: u32) -> Vec<u8> {
        let library = library.display();
        let rest = format!("\"\nDEVICENAME {device}\nLIBPATH {library}\nCHANNELID {channel:#x}\n");
        [b"FRIENDLYNAME \"", self.name, rest.as_bytes()].concat()
    }
}

/// A `vpcd` entry: its own copy of the library (its state is global to the file) and two free neighbouring ports.
fn vpcd_entry(place: &Place<'_>, slots: &mut Vec<PlannedSlot>) -> Result<Vec<u8>, PcscdError> {
    let library = place.folder.join(format!("libifdvpcd{}.so", place.index));
    fs::copy(VPCD_LIBRARY, &library).map_err(system("copy the library of vsmartcard-vpcd"))?;
    let port = free_neighbouring_ports().map_err(system("find free ports"))?;
    for (number, port) in [(0, port), (1, port + 1)] {
        place.plan(number, Endpoint::Vpcd(port), slots);
    }
    Ok(place.entry(&format!("/dev/null:{port:#x}"), &library, u32::from(port)))
}

fn own_entry(
    place: &Place<'_>,
    suffix: &str,
    slots: &mut Vec<PlannedSlot>,
) -> Result<Vec<u8>, PcscdError> {
    let library = reader_driver()?;
    let socket = place.folder.join(format!("slot{}{suffix}", place.index));
    place.plan(0, Endpoint::Reader(socket.clone()), slots);
    let device = format!("/dev/null:{}", socket.display());
    Ok(place.entry(&device, &library, 0))
}

/// The reader driver's library: where the variable says, or beside the running program, where cargo puts it.
fn reader_driver() -> Result<PathBuf, PcscdError> {
    if let Some(path) = std::env::var_os(READER_DRIVER_VARIABLE) {
        return Ok(PathBuf::from(path));
    }
    let program = std::env::current_exe().map_err(system("find the running program"))?;
    program
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(READER_DRIVER))
        .find(|path| path.exists())
        .ok_or(PcscdError::NoReaderDriver)
}

fn free_neighbouring_ports() -> io::Result<u16> {
    for _ in 0..64 {
        let first = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let port = first.local_addr()?.port();
        let Some(next) = port.checked_add(1) else {
            continue;
        };
        if TcpListener::bind((Ipv4Addr::UNSPECIFIED, next)).is_ok() {
            return Ok(port);
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

fn system(what: &str) -> impl FnOnce(io::Error) -> PcscdError {
    let what = what.to_owned();
    move |source| PcscdError::System { what, source }
}
