//! Sockets that systemd opened for us (sd_listen_fds(3)): taken only when each is named as in our unit and listens where
//! we would, so that a wrong unit cannot make the agent serve another address. Without TCP sockets they are enough where the
//! machine's dispatcher holds the port.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use listenfd::ListenFd;

use super::DoorError;

/// `FileDescriptorName=` of systemd/paraphe.socket.
const NAME: &str = "paraphe";

/// Sockets handed over at start-up and found to be ours.
#[derive(Debug)]
pub struct Inherited {
    pub(super) tcp: Vec<std::net::TcpListener>,
    pub(super) unix: std::os::unix::net::UnixListener,
}

impl Inherited {
    /// Take over the sockets, if any. To be called before any thread is started, because the variables that announce
    /// them are removed from the environment.
    ///
    /// # Errors
    /// A socket is not named as ours, listens elsewhere, or one of the doors is missing.
    pub fn take(port: u16, socket: Option<&Path>) -> Result<Option<Self>, DoorError> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        Self::check(ListenFd::from_env(), &names, port, socket)
    }

    fn check(
        mut sockets: ListenFd,
        names: &str,
        port: u16,
        socket: Option<&Path>,
    ) -> Result<Option<Self>, DoorError> {
        if sockets.len() == 0 {
            return Ok(None);
        }
        let mut names = names.split(':');
        let mut tcp = Vec::new();
        let mut unix = None;
        for number in 0..sockets.len() {
            let name = names.next().unwrap_or_default().to_owned();
            let fault = |reason| DoorError::Inherited {
                number,
                name: name.clone(),
                reason,
            };
            if name != NAME {
                return Err(fault("the name must be \"paraphe\""));
            }
            if let Ok(Some(listener)) = sockets.take_tcp_listener(number) {
                let address = listener.local_addr().map_err(|_| fault("no address"))?;
                if !is_our_address(address, port) {
                    return Err(fault(
                        "the address must be 127.0.0.1 or ::1 with the configured port",
                    ));
                }
                tcp.push(listener);
            } else if let Ok(Some(listener)) = sockets.take_unix_listener(number) {
                let address = listener.local_addr().map_err(|_| fault("no address"))?;
                if socket.is_none() || address.as_pathname() != socket {
                    return Err(fault(
                        "the path must be $XDG_RUNTIME_DIR/paraphe/agent.sock",
                    ));
                }
                if unix.replace(listener).is_some() {
                    return Err(fault("the Unix socket stands twice"));
                }
            } else {
                return Err(fault("neither a TCP nor a Unix stream socket"));
            }
        }
        let missing = |reason| DoorError::Inherited {
            number: sockets.len(),
            name: String::new(),
            reason,
        };
        match unix {
            Some(unix) => Ok(Some(Self { tcp, unix })),
            None => Err(missing("the Unix socket is missing")),
        }
    }
}

fn is_our_address(address: SocketAddr, port: u16) -> bool {
    let ip = address.ip();
    let loopback = ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST;
    loopback && address.port() == port
}
