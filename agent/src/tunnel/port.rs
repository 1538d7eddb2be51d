//! A tunnel's port on 127.0.0.1: a bounded number of connections at once, each asked of the kernel whose it is before a byte of it is read,
//! then served as HTTP/1.1 (RFC 9112) until its peer leaves or the tunnel ends, which cuts it wherever it is.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use paraphe_protocol::api::ErrorCode;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::Tunnel;
use super::forward::Forwarding;
use crate::door::peer;
use crate::problem::Failure;

/// Out of descriptors, most often: time for some to come back, rather than spin.
const PAUSE_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);
/// How long a request's head may take, and a connection wait for the next request.
const HEAD: Duration = Duration::from_secs(60);
/// Most bytes read ahead of what was passed on, for each direction of each connection.
pub(super) const BUFFER: usize = 128 << 10;

/// A port, not open to anybody yet.
#[derive(Debug)]
pub(crate) struct LocalPort {
    listener: std::net::TcpListener,
    number: u16,
}

impl LocalPort {
    /// Takes a free one. Within the runtime.
    pub(crate) fn take() -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::new(ErrorCode::Internal).with_system_error("Port local", "Local port", &error)
        };
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0);
        let listener = std::net::TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let number = listener.local_addr().map_err(failed)?.port();
        Ok(Self { listener, number })
    }

    /// Its number.
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// Serves the tunnel on it, until it ends. Within the runtime.
    pub(super) fn open(self, tunnel: &Arc<Tunnel>, connections: u32) {
        let tunnel = Arc::clone(tunnel);
        Handle::current().spawn(async move {
            match TcpListener::from_std(self.listener) {
                Ok(listener) => accept(&listener, &tunnel, connections).await,
                Err(error) => tracing::error!(%error, "a tunnel's port cannot be listened on"),
            }
        });
    }
}

async fn accept(listener: &TcpListener, tunnel: &Arc<Tunnel>, connections: u32) {
    let places = usize::try_from(connections).unwrap_or(usize::MAX);
    let places = Arc::new(Semaphore::new(places));
    let uid = rustix::process::getuid().as_raw();
    let mut ending = tunnel.ending();
    loop {
        let accepted = tokio::select! {
            () = ending.said() => return,
            // More than may be at once wait their turn.
            accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, listener.accept().await)
            } => accepted,
        };
        let (Ok(place), connection) = accepted else {
            return;
        };
        let (stream, peer) = match connection {
            Ok(connection) => connection,
            Err(error) => {
                tracing::warn!(%error, "a connection to a tunnel could not be accepted");
                tokio::time::sleep(PAUSE_AFTER_FAILED_ACCEPT).await;
                continue;
            }
        };
        let tunnel = Arc::clone(tunnel);
        tokio::spawn(async move {
            serve(stream, peer, &tunnel, uid).await;
            drop(place);
        });
    }
}

async fn serve(stream: TcpStream, peer: SocketAddr, tunnel: &Arc<Tunnel>, uid: u32) {
    let mut ending = tunnel.ending();
    let served = async {
        if !peer::belongs_to(&stream, peer, uid).await {
            return;
        }
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let forwarding = Forwarding::new(tunnel);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(BUFFER)
            .serve_connection(
                TokioIo::new(stream),
                service_fn(|request| forwarding.answer(request)),
            );
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to a tunnel ended");
        }
    };
    tokio::select! {
        () = served => {}
        () = ending.said() => {}
    }
}
