//! The agent's end of a helper process: it is started, asked with a deadline, and killed by its process id, with all that
//! its module started. It gets one end of a socket pair and nothing else of the agent's: every other descriptor is closed on
//! exec. What it answers is hostile until it was read.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::frame;
use super::helper::COMMAND;
use super::message::{Answer, Call, Refusal, Reply, Request};
use crate::elsewhere;

/// What systemd hands to the agent and to nobody else.
const NOT_INHERITED: [&str; 5] = [
    "CREDENTIALS_DIRECTORY",
    "LISTEN_FDNAMES",
    "LISTEN_FDS",
    "LISTEN_PID",
    "NOTIFY_SOCKET",
];

/// The program that helpers are: this one, started again.
#[derive(Debug, Clone)]
pub struct HelperProgram {
    program: PathBuf,
    variables: Vec<(OsString, OsString)>,
}

impl HelperProgram {
    /// This very program; also where its file was replaced since it was started.
    #[must_use]
    pub fn this_program() -> Self {
        Self::at("/proc/self/exe")
    }

    /// The `paraphe` program at a path; for those who run the agent inside another program.
    #[must_use]
    pub fn at(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            variables: Vec::new(),
        }
    }

    /// The same with one more variable in its environment.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }
}

impl Default for HelperProgram {
    fn default() -> Self {
        Self::this_program()
    }
}

/// A running helper.
#[derive(Debug)]
pub(super) struct HelperProcess {
    child: Child,
    socket: UnixStream,
    number: u64,
}

/// Why a helper gave no answer.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// It answered: no.
    Refused(Refusal),
    /// It ended.
    Ended,
    /// It did not answer in time.
    Deadline,
    /// What it answered is no answer to what it was asked.
    Nonsense,
}

impl HelperProcess {
    /// Starts a helper.
    pub(super) fn start(program: &HelperProgram) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        let mut command = Command::new(&program.program);
        command
            .arg0("paraphe")
            .arg(COMMAND)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            // What a module prints may hold a PIN: it goes nowhere.
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .envs(program.variables.iter().map(|(name, value)| (name, value)));
        for name in NOT_INHERITED {
            command.env_remove(name);
        }
        Ok(Self {
            child: command.spawn()?,
            socket,
            number: 0,
        })
    }

    /// Asks once. After anything but an answer or a refusal the helper is of no more use.
    pub(super) fn ask(
        &mut self,
        call: Call,
        secrets: [&[u8]; 2],
        limit: Duration,
    ) -> Result<Answer, NoAnswer> {
        let until = Instant::now() + limit;
        self.number += 1;
        let request = Request {
            number: self.number,
            call,
        };
        let message = serde_json::to_vec(&request).map_err(|_| NoAnswer::Nonsense)?;
        let mut socket = Deadlined {
            socket: &self.socket,
            until,
        };
        let exchanged = elsewhere::wait(|| {
            frame::write(&mut socket, &message, secrets)?;
            frame::read(&mut socket)
        });
        let frame = exchanged
            .map_err(|error| no_answer(&error))?
            .ok_or(NoAnswer::Ended)?;
        let reply: Reply =
            serde_json::from_slice(&frame.message).map_err(|_| NoAnswer::Nonsense)?;
        if reply.number != self.number {
            return Err(NoAnswer::Nonsense);
        }
        reply.result.map_err(NoAnswer::Refused)
    }
}

impl Drop for HelperProcess {
    fn drop(&mut self) {
        // Not waited for yet, so that its id is still its own and that of its group.
        let _gone = rustix::process::kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

fn no_answer(error: &io::Error) -> NoAnswer {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => NoAnswer::Deadline,
        io::ErrorKind::InvalidData => NoAnswer::Nonsense,
        _ => NoAnswer::Ended,
    }
}

/// A socket whose every read and write ends at one instant.
struct Deadlined<'a> {
    socket: &'a UnixStream,
    until: Instant,
}

impl Deadlined<'_> {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(Some(left))
    }
}

impl Read for Deadlined<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(self.left()?)?;
        self.socket.read(buffer)
    }
}

impl Write for Deadlined<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(self.left()?)?;
        self.socket.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
