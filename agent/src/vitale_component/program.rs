//! One question to a component's program and its answer: started for it, the request on its standard input, the answer on its
//! standard output to the end of the stream, exit status 0. Bounded in time and length; a program that is late, talks too much
//! or leaves children behind is killed with its process group. What it writes on standard error is thrown away: it may name a
//! patient. It inherits none of our descriptors and a short list of variables.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

use paraphe_protocol::vitale_component::MAXIMUM_ANSWER_BYTES;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::config::VitaleComponent;
use crate::trusted_file::{FileUse, TrustedFileError, trusted_file};

/// What the program finds in its environment: what a library of the desktop or of PC/SC asks for.
const VARIABLES: [&str; 11] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PCSCLITE_CSOCK_NAME",
    "USER",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
];
const SEARCH_PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// Time between two looks at whether the program has ended.
const POLL: Duration = Duration::from_millis(5);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It is not run.
    #[error(transparent)]
    Unsafe(#[from] TrustedFileError),
    /// The system could not start it.
    #[error("cannot be started: {0}")]
    Start(std::io::Error),
    /// It answers another question at this moment.
    #[error("answers another question")]
    Busy,
    /// It did not answer, or did not end, in time.
    #[error("no answer within {0} s")]
    Timeout(u64),
    /// It answered more than any answer holds.
    #[error("answered more than {MAXIMUM_ANSWER_BYTES} bytes")]
    TooLong,
    /// Its output broke off.
    #[error("its output could not be read: {0}")]
    Output(std::io::Error),
    /// It ended with another status than 0.
    #[error("ended badly: {0}")]
    Ended(ExitStatus),
}

/// A component that is plugged in, asked one question at a time.
#[derive(Debug)]
pub struct ComponentProgram {
    component: VitaleComponent,
    turn: Mutex<()>,
}

impl ComponentProgram {
    /// The program of this component; it is not looked at before it is asked.
    #[must_use]
    pub fn new(component: VitaleComponent) -> Self {
        Self {
            component,
            turn: Mutex::default(),
        }
    }

    /// What the operator configured.
    #[must_use]
    pub fn component(&self) -> &VitaleComponent {
        &self.component
    }

    /// Runs the program, gives it `request` (4,096 bytes at most, what any pipe holds) and waits for its answer and its end.
    ///
    /// # Errors
    /// [`ProgramError`].
    pub fn ask(&self, request: &[u8]) -> Result<Vec<u8>, ProgramError> {
        let limit = Duration::from_secs(self.component.timeout_seconds);
        let _turn = match self.turn.try_lock() {
            Ok(turn) => turn,
            // Whoever panicked has killed its program.
            Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(ProgramError::Busy),
        };
        let program = trusted_file(&self.component.program, FileUse::Run)?;
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", SEARCH_PATH)
            .envs(VARIABLES.iter().filter_map(|name| {
                let value = std::env::var_os(name)?;
                Some((name, value))
            }))
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        let mut running = Running {
            process: command.spawn().map_err(ProgramError::Start)?,
            reaped: false,
        };
        let deadline = Instant::now() + limit;
        let late = || ProgramError::Timeout(limit.as_secs());
        let answer = running.converse(request).recv_timeout(limit);
        let answer = match answer {
            Ok(answer) => answer.map_err(ProgramError::Output)?,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Err(late()),
        };
        if answer.len() > MAXIMUM_ANSWER_BYTES {
            return Err(ProgramError::TooLong);
        }
        match running.ended_by(deadline).map_err(ProgramError::Output)? {
            None => Err(late()),
            Some(status) if !status.success() => Err(ProgramError::Ended(status)),
            Some(_) => Ok(answer),
        }
    }
}

/// A program that is killed when this goes out of scope, and whatever it left in its process group with it.
struct Running {
    process: Child,
    /// Its id is nobody's any more.
    reaped: bool,
}

impl Running {
    /// Sends the request and, on a thread of its own, reads to the end of the output or to one byte too many.
    fn converse(&mut self, request: &[u8]) -> Receiver<std::io::Result<Vec<u8>>> {
        let (sender, receiver) = mpsc::channel();
        if let Some(mut input) = self.process.stdin.take() {
            // A program that does not want it may close its input.
            let _ = input.write_all(request);
        }
        if let Some(output) = self.process.stdout.take() {
            std::thread::spawn(move || {
                let most = u64::try_from(MAXIMUM_ANSWER_BYTES).unwrap_or(u64::MAX);
                let mut answer = Vec::new();
                let read = output.take(most + 1).read_to_end(&mut answer);
                // Nobody listens any more where the time is over.
                let _ = sender.send(read.map(|_| answer));
            });
        }
        receiver
    }

    fn ended_by(&mut self, deadline: Instant) -> std::io::Result<Option<ExitStatus>> {
        // It is not reaped here: its process group bears its id until then, and cannot be a stranger's.
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let Some(id) = self.id() else {
            return Ok(None);
        };
        while waitid(WaitId::Pid(id), look)?.is_none() {
            if Instant::now() >= deadline {
                return Ok(None);
            }
            std::thread::sleep(POLL);
        }
        self.end().map(Some)
    }

    /// Kills what is left of its process group, and reaps it.
    fn end(&mut self) -> std::io::Result<ExitStatus> {
        if let Some(group) = self.id().filter(|_| !self.reaped) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let status = self.process.wait()?;
        self.reaped = true;
        Ok(status)
    }

    fn id(&self) -> Option<Pid> {
        i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // There is nobody to tell.
        let _ = self.end();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};
    use std::time::{Duration, Instant};

    use paraphe_protocol::vitale_component::MAXIMUM_ANSWER_BYTES;

    use super::{ComponentProgram, ProgramError};
    use crate::config::{VitaleComponent, VitaleComponentKind};

    /// Seconds that no loaded machine needs, and that one waits in vain.
    const LONG: u64 = 60;
    const SHORT: u64 = 1;

    fn plugged_in(program: &Path, timeout_seconds: u64) -> ComponentProgram {
        ComponentProgram::new(VitaleComponent {
            name: "lecture".to_owned(),
            kind: VitaleComponentKind::ReadingComponent,
            program: program.to_owned(),
            timeout_seconds,
        })
    }

    fn script(directory: &Path, lines: &str) -> PathBuf {
        let path = directory.join("adapter");
        fs::write(&path, format!("#!/bin/sh\n{lines}\n")).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
        path
    }

    fn ask(lines: &str, timeout_seconds: u64) -> Result<Vec<u8>, ProgramError> {
        let directory = tempfile::tempdir().unwrap();
        let path = script(directory.path(), lines);
        plugged_in(&path, timeout_seconds).ask(b"question")
    }

    #[test]
    fn the_answer_is_all_that_was_written() {
        assert_eq!(
            ask("cat; echo ' heard'", LONG).unwrap(),
            b"question heard\n"
        );
        assert_eq!(ask("echo deaf", LONG).unwrap(), b"deaf\n");
        assert_eq!(ask("echo aside >&2", LONG).unwrap(), b"");
    }

    #[test]
    fn it_sees_only_what_it_needs() {
        let ours = tempfile::NamedTempFile::new().unwrap();
        let seen = String::from_utf8(ask("env; ls -l /proc/self/fd", LONG).unwrap()).unwrap();
        let ours = ours.path().to_str().unwrap();
        assert!(!seen.contains(ours), "a descriptor of ours was inherited");
        let foreign: Vec<_> = seen
            .lines()
            .filter_map(|line| Some(line.split_once('=')?.0))
            .filter(|name| !super::VARIABLES.contains(name))
            .collect();
        // The shell's own.
        for name in foreign {
            assert!(
                ["PATH", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name),
                "{name}"
            );
        }
    }

    #[test]
    fn failures_are_told_apart() {
        assert!(matches!(
            ask("echo half; exit 3", LONG),
            Err(ProgramError::Ended(_))
        ));
        assert!(matches!(
            ask("kill -9 $$", LONG),
            Err(ProgramError::Ended(_))
        ));
        assert!(matches!(
            ask("exec sleep 600", SHORT),
            Err(ProgramError::Timeout(_))
        ));
        assert!(matches!(
            ask("echo done; exec >&-; exec sleep 600", SHORT),
            Err(ProgramError::Timeout(_))
        ));
        let flood = format!("head -c {} /dev/zero", MAXIMUM_ANSWER_BYTES + 1);
        assert!(matches!(ask(&flood, LONG), Err(ProgramError::TooLong)));
        assert!(matches!(
            ask("exec cat /dev/zero", LONG),
            Err(ProgramError::TooLong)
        ));
        let missing = Path::new("/nonexistent/adapter");
        assert!(matches!(
            plugged_in(missing, LONG).ask(b""),
            Err(ProgramError::Unsafe(_))
        ));
    }

    /// Waits until the process whose id the file holds is dead; reaping is its adopter's business.
    fn wait_for_death(note: &Path) {
        let child = fs::read_to_string(note).unwrap();
        let state = format!("/proc/{}/stat", child.trim());
        let begun = Instant::now();
        while fs::read_to_string(&state).is_ok_and(|stat| !stat.contains(") Z")) {
            assert!(begun.elapsed().as_secs() < LONG, "the child lives on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn nothing_that_a_program_started_is_left() {
        let directory = tempfile::tempdir().unwrap();
        let note = directory.path().join("child");
        let begin =
            |redirection: &str| format!("sleep 600 {redirection} & echo $! > {}", note.display());
        // A child that holds the output open, beside its parent and after it.
        for lines in [begin("") + "; wait", begin("")] {
            let path = script(directory.path(), &lines);
            let late = plugged_in(&path, 2).ask(b"");
            assert!(matches!(late, Err(ProgramError::Timeout(2))), "{late:?}");
            wait_for_death(&note);
        }
        // A child that does not.
        let path = script(directory.path(), &(begin(">/dev/null") + "; echo done"));
        assert_eq!(plugged_in(&path, LONG).ask(b"").unwrap(), b"done\n");
        wait_for_death(&note);
    }

    #[test]
    fn one_question_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let (begun, go) = (directory.path().join("begun"), directory.path().join("go"));
        let lines = format!(
            "touch {}; while [ ! -e {} ]; do sleep 0.02; done; echo first",
            begun.display(),
            go.display()
        );
        let path = script(directory.path(), &lines);
        let program = plugged_in(&path, LONG);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| program.ask(b""));
            let started = Instant::now();
            while !begun.exists() {
                assert!(started.elapsed().as_secs() < LONG);
                std::thread::sleep(Duration::from_millis(10));
            }
            assert!(matches!(program.ask(b""), Err(ProgramError::Busy)));
            fs::write(&go, "").unwrap();
            assert_eq!(first.join().unwrap().unwrap(), b"first\n");
        });
    }
}
