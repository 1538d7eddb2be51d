//! The helper process of one module: `paraphe pkcs11-helper`, started by the agent with one end of a socket pair as standard
//! input. It takes that socket to a descriptor of its own before the module is loaded, so that a module that prints or reads
//! meets `/dev/null`. The module is called by the first thread and by no other. A second thread reads calls; when the agent's
//! end is gone it ends this process and whatever the module started, also where the module never returns.

use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

use rustix::process::{Pid, Resource, Rlimit, Signal};

use super::frame::{self, Frame};
use super::loaded_module::LoadedModule;
use super::message::{Call, Refusal, Reply, Request};

/// The name of the hidden command.
pub(crate) const COMMAND: &str = "pkcs11-helper";
/// Most memory that a module may map, bytes: a length that is a lie ends in a refused allocation.
const MAXIMUM_MEMORY: u64 = 4 << 30;
/// Descriptors below are the standard ones.
const FIRST_OWN_DESCRIPTOR: i32 = 3;

/// Serves the agent until its end of the socket is gone.
pub(crate) fn run() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        // Nobody reads what is printed: the agent sees that the socket was closed.
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve() -> std::io::Result<()> {
    let mut socket = take_socket()?;
    rustix::process::setrlimit(
        Resource::As,
        Rlimit {
            current: Some(MAXIMUM_MEMORY),
            maximum: Some(MAXIMUM_MEMORY),
        },
    )?;
    let this_process = rustix::process::getpid();
    let (calls, inbox) = mpsc::sync_channel::<Frame>(1);
    let mut reading = socket.try_clone()?;
    thread::Builder::new()
        .name("calls".to_owned())
        .spawn(move || {
            while let Ok(Some(frame)) = frame::read(&mut reading) {
                if calls.send(frame).is_err() {
                    break;
                }
            }
            end_all(this_process);
        })?;
    let mut module = None;
    while let Ok(frame) = inbox.recv() {
        let reply = answer(frame, &mut module);
        if rustix::process::getpid() != this_process {
            // The module forked and came back twice: only the process that was asked answers.
            let _ends_here = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
        }
        let message = serde_json::to_vec(&reply)?;
        frame::write(&mut socket, &message, [b"", b""])?;
    }
    Ok(())
}

fn answer(frame: Frame, module: &mut Option<LoadedModule>) -> Reply {
    let Ok(Request { number, call }) = serde_json::from_slice(&frame.message) else {
        return Reply {
            number: 0,
            result: Err(Refusal::NotACall),
        };
    };
    let result = match (call, module.as_mut()) {
        (Call::Load { file }, None) => LoadedModule::load(&file).map(|(loaded, answer)| {
            *module = Some(loaded);
            answer
        }),
        (call, Some(loaded)) => loaded.perform(call, frame.secrets),
        (_, None) => Err(Refusal::NotACall),
    };
    Reply { number, result }
}

/// Standard input to a descriptor of our own, closed in whatever is started from here; the standard ones become `/dev/null`.
fn take_socket() -> std::io::Result<UnixStream> {
    let socket = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), FIRST_OWN_DESCRIPTOR)?;
    let nothing = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    rustix::stdio::dup2_stdin(nothing.as_fd())?;
    rustix::stdio::dup2_stdout(nothing.as_fd())?;
    Ok(UnixStream::from(socket))
}

/// Ends this process and, where it leads a group of its own, all that the module started.
fn end_all(this_process: Pid) {
    if rustix::process::getpgrp() == this_process {
        let _ends_here = rustix::process::kill_process_group(this_process, Signal::KILL);
    }
    let _ends_here = rustix::process::kill_process(this_process, Signal::KILL);
}
