//! The dispatcher's sockets: handed over by systemd (systemd/paraphe-dispatch.socket) and checked, or made here. Both loopback
//! addresses are held, or the dispatcher does not start: one that is left to others is where they squat. Only an address that
//! the machine does not have is left out.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

use listenfd::ListenFd;

use super::DispatchError;

/// `FileDescriptorName=` of systemd/paraphe-dispatch.socket.
const NAME: &str = "paraphe-dispatch";

/// The dispatcher's sockets.
#[derive(Debug)]
pub struct Sockets {
    pub(super) tcp: Vec<TcpListener>,
    pub(super) unix: UnixListener,
}

impl Sockets {
    /// Those that systemd handed over; else new ones on `port` and at `registering`. To be called before any thread is
    /// started, because the variables that announce sockets are removed from the environment.
    ///
    /// # Errors
    /// A socket that was handed over is not one of ours, or one cannot be made.
    pub fn open(port: u16, registering: &Path) -> Result<Self, DispatchError> {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let inherited = ListenFd::from_env();
        if inherited.len() > 0 {
            return Self::take(inherited, &names, port);
        }
        let mut tcp = Vec::new();
        for ip in [
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::LOCALHOST),
        ] {
            let address = SocketAddr::new(ip, port);
            match TcpListener::bind(address) {
                Ok(listener) => tcp.push(listener),
                Err(error) if is_absent(&error) => {
                    tracing::warn!(%address, "this loopback address does not exist here");
                }
                Err(source) => return Err(DispatchError::Listen { address, source }),
            }
        }
        let unix = listen(registering).map_err(|source| DispatchError::Socket {
            path: registering.to_owned(),
            source,
        })?;
        Ok(Self { tcp, unix })
    }

    fn take(mut inherited: ListenFd, names: &str, port: u16) -> Result<Self, DispatchError> {
        let (mut tcp, mut unix) = (Vec::new(), None);
        let mut names = names.split(':');
        for number in 0..inherited.len() {
            let fault = |reason| DispatchError::Inherited { number, reason };
            if names.next() != Some(NAME) {
                return Err(fault("the name must be \"paraphe-dispatch\""));
            }
            if let Ok(Some(listener)) = inherited.take_tcp_listener(number) {
                let address = listener.local_addr().map_err(|_| fault("no address"))?;
                if !address.ip().is_loopback() || address.port() != port {
                    return Err(fault(
                        "the address must be 127.0.0.1 or ::1 with the configured port",
                    ));
                }
                // systemd's are not blocking, ours wait.
                listener
                    .set_nonblocking(false)
                    .map_err(|_| fault("no wait"))?;
                tcp.push(listener);
            } else if let Ok(Some(listener)) = inherited.take_unix_listener(number) {
                listener
                    .set_nonblocking(false)
                    .map_err(|_| fault("no wait"))?;
                unix = Some(listener);
            } else {
                return Err(fault("neither a TCP nor a Unix stream socket"));
            }
        }
        let missing = DispatchError::Inherited {
            number: inherited.len(),
            reason: "a TCP or the Unix socket is missing",
        };
        match unix {
            Some(unix) if !tcp.is_empty() => Ok(Self { tcp, unix }),
            _ => Err(missing),
        }
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    // EAFNOSUPPORT has no kind of its own.
    error.kind() == ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

/// Every user may come; whose agent it is, the kernel says.
fn listen(path: &Path) -> std::io::Result<UnixListener> {
    if let Some(directory) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o755).create(directory)?;
    }
    // The port is ours by now: a socket that is still there was left by a dispatcher that ended.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666))?;
    Ok(listener)
}
