//! Both doors together: opened (or taken over from systemd), announced as ready (sd_notify(3)), served until the agent is
//! told to stop by SIGTERM or SIGINT.

use std::path::Path;
use std::sync::Arc;

use sd_notify::NotifyState;
use tokio::net::TcpListener;

use super::dispatched::Dispatched;
use super::https::{HttpsDoor, ServerIdentity};
use super::inherited::Inherited;
use super::socket::SocketDoor;
use super::{Callers, DoorError, Handler, Reception, Stop};
use crate::config::Config;

/// The HTTPS door and the Unix socket, open and not yet serving.
#[derive(Debug)]
pub struct Doors {
    https: HttpsDoor,
    socket: SocketDoor,
}

impl Doors {
    /// Open both doors, on sockets that were handed over where there are some. The HTTPS door takes its connections from the
    /// machine's dispatcher where it has one, and holds the port itself otherwise.
    ///
    /// # Errors
    /// One of them cannot be opened.
    pub async fn open(
        config: &Config,
        socket: Option<&Path>,
        identity: ServerIdentity,
        inherited: Option<Inherited>,
    ) -> Result<Self, DoorError> {
        let port = config.port;
        let (tcp, socket) = match inherited {
            Some(inherited) => take_over(inherited)?,
            None => {
                let socket = socket.ok_or(DoorError::NoRuntimeDirectory)?;
                (Vec::new(), SocketDoor::listen(socket).await?)
            }
        };
        if !tcp.is_empty() {
            let https = HttpsDoor::with_listeners(tcp, port, identity).await?;
            return Ok(Self { https, socket });
        }
        let https = match Dispatched::register(&config.dispatch_socket, port).await? {
            Some(dispatched) => HttpsDoor::dispatched(dispatched, port, identity),
            None if socket.is_inherited() => {
                return Err(DoorError::Inherited {
                    number: 0,
                    name: String::new(),
                    reason: "the TCP sockets are missing",
                });
            }
            None => HttpsDoor::listen(port, identity).await?,
        };
        Ok(Self { https, socket })
    }

    /// The HTTPS door's port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.https.port()
    }

    /// Serve these callers, and the user's programs, until told to stop.
    pub async fn serve<H: Handler>(
        self,
        handler: H,
        callers: Callers,
        reception: Reception,
        stop: Stop,
    ) {
        tracing::info!(
            port = self.https.port(),
            sites = callers.sites.configured(),
            "ready"
        );
        announce(NotifyState::Ready);
        let reception = Arc::new(reception);
        let https = self.https.serve(
            handler.clone(),
            callers,
            Arc::clone(&reception),
            stop.clone(),
        );
        let socket = self.socket.serve(handler, reception, stop);
        tokio::join!(https, socket);
        announce(NotifyState::Stopping);
    }
}

fn take_over(inherited: Inherited) -> Result<(Vec<TcpListener>, SocketDoor), DoorError> {
    let failed = |source| DoorError::System {
        doing: "taking over the sockets from systemd",
        source,
    };
    let mut listeners = Vec::new();
    for listener in inherited.tcp {
        listener.set_nonblocking(true).map_err(failed)?;
        listeners.push(TcpListener::from_std(listener).map_err(failed)?);
    }
    inherited.unix.set_nonblocking(true).map_err(failed)?;
    let unix = tokio::net::UnixListener::from_std(inherited.unix).map_err(failed)?;
    Ok((listeners, SocketDoor::with_listener(unix)))
}

fn announce(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::debug!(%error, "the service manager was not told");
    }
}
