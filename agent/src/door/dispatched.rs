//! Connections that the machine's dispatcher hands over (agent/src/dispatch): the agent registers with it and takes what comes, each a
//! connection of this user's to the HTTPS door's port. Which user a connection is of is asked of the kernel again, as for
//! any other, so that a false dispatcher could keep connections from an agent and give it none that is not its own. (Whose the
//! socket is could not be told everywhere: in the user namespace of the agent's unit all others are "nobody".) A dispatcher that
//! is restarted is found again.

use std::fs::symlink_metadata;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, Interest};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{sleep, timeout};

use super::DoorError;
use crate::dispatch::handing_over::{ANOTHER_IS_THERE, REGISTERED, take};

/// Time for the dispatcher's word at registration.
const WORD: Duration = Duration::from_secs(10);
/// Between two tries to find a dispatcher that went away.
const PAUSE: Duration = Duration::from_secs(2);

/// The line to the dispatcher.
#[derive(Debug)]
pub(super) struct Dispatched {
    socket: PathBuf,
    line: UnixStream,
    port: u16,
}

impl Dispatched {
    /// Register with the dispatcher of this machine; `None`: it has none.
    pub(super) async fn register(socket: &Path, port: u16) -> Result<Option<Self>, DoorError> {
        let refused = |reason: &'static str| DoorError::Dispatcher {
            path: socket.to_owned(),
            reason,
        };
        match symlink_metadata(socket) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(refused("cannot be looked at")),
        }
        match line(socket).await {
            Ok(Some(line)) => Ok(Some(Self {
                socket: socket.to_owned(),
                line,
                port,
            })),
            Ok(None) => Err(DoorError::AlreadyRunning {
                path: socket.to_owned(),
            }),
            Err(error) => {
                tracing::warn!(%error, "the dispatcher does not answer");
                Err(refused("nobody answers there"))
            }
        }
    }

    /// The next connection.
    pub(super) async fn accept(&mut self) -> io::Result<(TcpStream, SocketAddr)> {
        loop {
            self.line.readable().await?;
            let taken = self.line.try_io(Interest::READABLE, || take(&self.line));
            let connection = match taken {
                Ok(Some(connection)) => std::net::TcpStream::from(connection),
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Ok(None) => {
                    tracing::warn!("the dispatcher is gone");
                    self.line = self.found_again().await;
                    continue;
                }
                Err(error) => {
                    tracing::warn!(%error, "the dispatcher handed over no connection");
                    self.line = self.found_again().await;
                    continue;
                }
            };
            let ours = connection.local_addr()?;
            if !ours.ip().is_loopback() || ours.port() != self.port {
                tracing::warn!(%ours, "a connection to another address was handed over, closed");
                continue;
            }
            connection.set_nonblocking(true)?;
            let peer = connection.peer_addr()?;
            return Ok((TcpStream::from_std(connection)?, peer));
        }
    }

    async fn found_again(&self) -> UnixStream {
        loop {
            sleep(PAUSE).await;
            match line(&self.socket).await {
                Ok(Some(line)) => {
                    tracing::info!("registered with the dispatcher again");
                    return line;
                }
                Ok(None) => tracing::warn!("the dispatcher has another agent of this user"),
                Err(error) => tracing::debug!(%error, "no dispatcher yet"),
            }
        }
    }
}

/// A line on which this user's agent is registered; `None`: another agent of this user is.
async fn line(socket: &Path) -> io::Result<Option<UnixStream>> {
    let mut line = UnixStream::connect(socket).await?;
    let mut word = [0];
    timeout(WORD, line.read_exact(&mut word))
        .await
        .map_err(|_| io::Error::from(ErrorKind::TimedOut))??;
    match word {
        [REGISTERED] => Ok(Some(line)),
        [ANOTHER_IS_THERE] => Ok(None),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}
