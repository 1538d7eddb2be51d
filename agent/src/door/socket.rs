//! The Unix socket: `$XDG_RUNTIME_DIR/paraphe/agent.sock` in a directory that only the user can enter; the kernel says who
//! connects (SO_PEERCRED, unix(7)) and only the agent's own user is served. The same HTTP/1.1 and JSON as the HTTPS
//! door, without an origin: a request that carries what only browsers send is refused.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::gate::Gate;
use super::response::{self, Answer};
use super::{DoorError, DoorTraffic, Handler, Reception, Stop, connection, https, router};

/// The Unix socket's door, not yet serving.
#[derive(Debug)]
pub struct SocketDoor {
    listener: UnixListener,
    /// To be removed at the end; `None` for a socket that systemd keeps.
    path: Option<PathBuf>,
}

struct Shared<H> {
    handler: H,
    gate: Gate,
    reception: Arc<Reception>,
    uid: u32,
}

impl<H> Shared<H> {
    fn traffic(&self) -> &DoorTraffic {
        self.reception.traffic.socket()
    }
}

impl SocketDoor {
    /// Make the directory and the socket. A socket that a dead agent left is replaced.
    ///
    /// # Errors
    /// The directory is somebody else's, an agent is already there, or the system refuses.
    pub async fn listen(path: &Path) -> Result<Self, DoorError> {
        let failed = |source| DoorError::Socket {
            path: path.to_owned(),
            source,
        };
        prepare_directory(path)?;
        match UnixStream::connect(path).await {
            Ok(_) => {
                return Err(DoorError::AlreadyRunning {
                    path: path.to_owned(),
                });
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                fs::remove_file(path).map_err(failed)?;
            }
            Err(error) => return Err(failed(error)),
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self {
            listener,
            path: Some(path.to_owned()),
        })
    }

    /// Serve on a socket that was handed over and checked.
    pub(super) fn with_listener(listener: UnixListener) -> Self {
        Self {
            listener,
            path: None,
        }
    }

    /// Whether it was handed over.
    pub(super) fn is_inherited(&self) -> bool {
        self.path.is_none()
    }

    /// Serve until `stop` says so; then give running operations [`super::Limits::farewell`] to end.
    pub async fn serve<H: Handler>(self, handler: H, reception: Arc<Reception>, mut stop: Stop) {
        let limits = reception.limits;
        let shared = Arc::new(Shared {
            handler,
            gate: Gate::for_local_programs(limits.body_bytes),
            reception,
            uid: rustix::process::getuid().as_raw(),
        });
        let places = Arc::new(Semaphore::new(limits.connections));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Some(_) = connections.join_next() => continue,
                () = stop.said() => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(https::PAUSE_AFTER_FAILED_ACCEPT).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                tracing::warn!("too many connections");
                continue;
            };
            let (shared, stop) = (Arc::clone(&shared), stop.clone());
            connections.spawn(async move {
                serve_connection(stream, &shared, stop).await;
                drop(place);
            });
        }
        drop(self.listener);
        if let Some(path) = self.path
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::debug!(%error, "the socket was already gone");
        }
        let ended = async { while connections.join_next().await.is_some() {} };
        if timeout(limits.farewell, ended).await.is_err() {
            tracing::warn!("operations that were still running are abandoned");
        }
    }
}

/// The directory of the socket: ours, and nobody else may enter.
fn prepare_directory(socket: &Path) -> Result<(), DoorError> {
    let directory = socket.parent().unwrap_or(socket);
    let made = fs::DirBuilder::new().mode(0o700).create(directory);
    if let Err(source) = made
        && source.kind() != ErrorKind::AlreadyExists
    {
        return Err(DoorError::Socket {
            path: socket.to_owned(),
            source,
        });
    }
    let ours = fs::symlink_metadata(directory).is_ok_and(|metadata| {
        metadata.is_dir()
            && metadata.uid() == rustix::process::getuid().as_raw()
            && metadata.mode() & 0o077 == 0
    });
    if ours {
        Ok(())
    } else {
        Err(DoorError::SocketDirectory {
            path: directory.to_owned(),
        })
    }
}

async fn serve_connection<H: Handler>(stream: UnixStream, shared: &Shared<H>, stop: Stop) {
    shared.traffic().note_connection();
    let credentials = match stream.peer_cred() {
        Ok(credentials) if credentials.uid() == shared.uid => credentials,
        Ok(credentials) => {
            shared.traffic().note_stranger();
            tracing::warn!(uid = credentials.uid(), "connection of another user closed");
            return;
        }
        Err(error) => {
            tracing::error!(%error, "the owner of a connection cannot be found, closed");
            return;
        }
    };
    connection::serve(stream, shared.reception.limits, stop, |request| {
        respond(request, shared, credentials.pid())
    })
    .await;
}

async fn respond<H: Handler>(
    request: Request<Incoming>,
    shared: &Shared<H>,
    pid: Option<i32>,
) -> Answer {
    match shared.gate.admit_local(&request, shared.uid, pid) {
        Ok(permit) => {
            let (reception, traffic) = (&*shared.reception, shared.traffic());
            router::perform(&shared.handler, &permit, request, reception, traffic).await
        }
        Err(refusal) => {
            shared.traffic().note_refused();
            tracing::warn!(check = ?refusal, "local request refused");
            response::local_refusal(&refusal, router::language(request.headers()))
        }
    }
}
