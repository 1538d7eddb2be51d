//! The dispatcher: where several people use one machine at once, a program of its own holds the port on both loopbacks from the
//! start of the machine, so that nobody can squat it. For each connection the kernel says whose the other end is, and the
//! connection itself is handed to that user's agent (SCM_RIGHTS, unix(7)), or closed. It reads no byte of any connection, holds no
//! key, knows no card, and needs no privilege: agents come to it, over a Unix socket where the kernel says whose each is
//! (registration.rs). An agent asks the kernel once more whose a connection is that it is handed (door/peer.rs): a dispatcher
//! that erred would give nobody another's card. Without a dispatcher one user's agent binds the port itself.

mod error;
pub(crate) mod handing_over;
mod registration;
mod sockets;

#[cfg(test)]
mod tests;

use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub use error::DispatchError;
pub use sockets::Sockets;

use crate::door::peer;
use registration::{HandOver, Registrations};

/// Out of descriptors, most often: time for some to come back, rather than spin.
const PAUSE_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// Hands connections over until the process ends.
///
/// # Errors
/// No thread could be started.
pub fn run(sockets: Sockets) -> Result<(), DispatchError> {
    let registrations = Arc::new(Registrations::default());
    let mut threads = Vec::new();
    for listener in sockets.tcp {
        let registrations = Arc::clone(&registrations);
        threads.push(started("dispatch", move || {
            hand_over_all(&listener, &registrations);
        })?);
    }
    let registering = sockets.unix;
    threads.push(started("register", move || {
        register_all(&registering, &registrations);
    })?);
    for thread in threads {
        // They loop for ever; one that panicked ends the program, and the service manager starts it again.
        if thread.join().is_err() {
            return Err(DispatchError::Thread(std::io::Error::other(
                "a thread ended",
            )));
        }
    }
    Ok(())
}

fn started(
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<thread::JoinHandle<()>, DispatchError> {
    let builder = thread::Builder::new().name(name.to_owned());
    builder.spawn(work).map_err(DispatchError::Thread)
}

fn hand_over_all(listener: &TcpListener, registrations: &Registrations) {
    loop {
        match listener.accept() {
            Ok((stream, peer)) => hand_over(&stream, peer, registrations),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                thread::sleep(PAUSE_AFTER_FAILED_ACCEPT);
            }
        }
    }
}

fn hand_over(stream: &TcpStream, peer: std::net::SocketAddr, registrations: &Registrations) {
    let owner = match stream.local_addr() {
        Ok(ours) => peer::owner_of(peer, ours),
        Err(error) => Err(error),
    };
    let uid = match owner {
        Ok(Some(uid)) => uid,
        // It is closed already.
        Ok(None) => return,
        Err(error) => {
            tracing::error!(%error, "the owner of a connection cannot be found, closed");
            return;
        }
    };
    match registrations.hand_over(uid, stream) {
        HandOver::Done => tracing::debug!(uid, "connection handed over"),
        HandOver::NoAgent => tracing::info!(uid, "connection closed: this user has no agent"),
        HandOver::NotTaking => {
            tracing::warn!(uid, "connection closed: this user's agent takes none");
        }
    }
}

fn register_all(listener: &UnixListener, registrations: &Registrations) {
    loop {
        match listener.accept() {
            Ok((stream, _)) => registrations.register(stream),
            Err(error) => {
                tracing::warn!(%error, "a registration could not be accepted");
                thread::sleep(PAUSE_AFTER_FAILED_ACCEPT);
            }
        }
    }
}
