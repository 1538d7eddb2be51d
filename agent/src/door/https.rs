//! The HTTPS door: 127.0.0.1 and ::1, never another address; for each connection first whose it is, then TLS 1.3 within
//! its time, then HTTP/1.1 through the gate. Handshakes run each in its own task: a silent peer delays nobody.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::dispatched::Dispatched;
use super::gate::{Admission, Gate};
use super::response::{self, Answer};
use super::{
    Callers, DoorError, DoorTraffic, Handler, Reception, Stop, connection, peer, plain,
    port_holder, router,
};

pub use super::tls::ServerIdentity;

/// Out of descriptors, most often: time for some to come back, rather than spin.
pub(super) const PAUSE_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// The HTTPS door, not yet serving.
#[derive(Debug)]
pub struct HttpsDoor {
    sources: Vec<Source>,
    identity: ServerIdentity,
    port: u16,
}

/// Where connections come from.
#[derive(Debug)]
enum Source {
    /// An address of our own.
    Listener(TcpListener),
    /// The machine's dispatcher, which holds the port.
    Dispatcher(Dispatched),
}

impl Source {
    async fn accept(&mut self) -> std::io::Result<(TcpStream, SocketAddr)> {
        match self {
            Self::Listener(listener) => listener.accept().await,
            Self::Dispatcher(dispatched) => dispatched.accept().await,
        }
    }
}

/// What all connections of the door share.
struct Shared<H> {
    handler: H,
    gate: Gate,
    identity: ServerIdentity,
    reception: Arc<Reception>,
    uid: u32,
}

impl<H> Shared<H> {
    fn traffic(&self) -> &DoorTraffic {
        self.reception.traffic.https()
    }
}

impl HttpsDoor {
    /// Listen on 127.0.0.1 and ::1. A loopback address that the machine does not have is left out, with a line in
    /// the log; both must not be missing. Port 0 takes a free one (for tests).
    ///
    /// # Errors
    /// The port is taken, on either address: who holds it is named. Or there is no loopback at all.
    pub async fn listen(port: u16, identity: ServerIdentity) -> Result<Self, DoorError> {
        Self::with_listeners(Vec::new(), port, identity).await
    }

    /// Serve on sockets that were handed over and checked, and on the loopback address that is not among them: whoever held
    /// it could pose as the agent there.
    ///
    /// # Errors
    /// As [`Self::listen`].
    pub(super) async fn with_listeners(
        mut listeners: Vec<TcpListener>,
        port: u16,
        identity: ServerIdentity,
    ) -> Result<Self, DoorError> {
        let mut port = port;
        for ip in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
            let handed_over = listeners
                .iter()
                .any(|listener| listener.local_addr().is_ok_and(|bound| bound.ip() == ip));
            if handed_over {
                continue;
            }
            let address = SocketAddr::new(ip, port);
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    port = listener.local_addr().map_or(port, |bound| bound.port());
                    listeners.push(listener);
                }
                Err(error) if absent(&error) => {
                    tracing::warn!(%address, "this loopback address does not exist here");
                }
                Err(source) => {
                    return Err(DoorError::Listen {
                        address,
                        source,
                        holder: port_holder::holder_of(address).map(Box::new),
                    });
                }
            }
        }
        if listeners.is_empty() {
            return Err(DoorError::NoLoopback);
        }
        Ok(Self {
            sources: listeners.into_iter().map(Source::Listener).collect(),
            identity,
            port,
        })
    }

    /// Serve what the machine's dispatcher hands over.
    pub(super) fn dispatched(dispatched: Dispatched, port: u16, identity: ServerIdentity) -> Self {
        Self {
            sources: vec![Source::Dispatcher(dispatched)],
            identity,
            port,
        }
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Serve these callers until `stop` says so; then give running operations [`super::Limits::farewell`] to end.
    pub async fn serve<H: Handler>(
        self,
        handler: H,
        callers: impl Into<Callers>,
        reception: Arc<Reception>,
        stop: Stop,
    ) {
        let limits = reception.limits;
        let shared = Arc::new(Shared {
            handler,
            gate: Gate::for_sites(callers, self.port, limits.body_bytes),
            identity: self.identity,
            reception,
            uid: rustix::process::getuid().as_raw(),
        });
        let places = Arc::new(Semaphore::new(limits.connections));
        let mut loops = JoinSet::new();
        for source in self.sources {
            let (shared, places, stop) = (Arc::clone(&shared), Arc::clone(&places), stop.clone());
            loops.spawn(accept(source, shared, places, stop));
        }
        while loops.join_next().await.is_some() {}
    }
}

fn absent(error: &std::io::Error) -> bool {
    // EAFNOSUPPORT has no kind of its own.
    error.kind() == ErrorKind::AddrNotAvailable
        || error.raw_os_error() == Some(rustix::io::Errno::AFNOSUPPORT.raw_os_error())
}

async fn accept<H: Handler>(
    mut source: Source,
    shared: Arc<Shared<H>>,
    places: Arc<Semaphore>,
    mut stop: Stop,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = source.accept() => accepted,
            Some(_) = connections.join_next() => continue,
            () = stop.said() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(PAUSE_AFTER_FAILED_ACCEPT).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!("too many connections");
            continue;
        };
        let (shared, stop) = (Arc::clone(&shared), stop.clone());
        connections.spawn(async move {
            serve_connection(stream, peer, &shared, stop).await;
            drop(place);
        });
    }
    drop(source);
    let ended = async { while connections.join_next().await.is_some() {} };
    if timeout(shared.reception.limits.farewell, ended)
        .await
        .is_err()
    {
        tracing::warn!("operations that were still running are abandoned");
    }
}

async fn serve_connection<H: Handler>(
    mut stream: TcpStream,
    peer: SocketAddr,
    shared: &Shared<H>,
    stop: Stop,
) {
    let limits = &shared.reception.limits;
    shared.traffic().note_connection();
    if !peer::belongs_to(&stream, peer, shared.uid).await {
        shared.traffic().note_stranger();
        return;
    }
    shared.reception.handshakes.wait().await;
    // Answers are written whole; waiting for more (RFC 896) would only cost time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let handshake = async {
        match plain::begins_tls(&mut stream).await? {
            true => shared.identity.acceptor().accept(stream).await.map(Some),
            false => Ok(None),
        }
    };
    let stream = match timeout(limits.handshake, handshake).await {
        Ok(Ok(Some(stream))) => stream,
        Ok(Ok(None)) => {
            tracing::debug!("plain text");
            return;
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake failed");
            return;
        }
        Err(_) => {
            tracing::debug!("TLS handshake took too long");
            return;
        }
    };
    connection::serve(stream, *limits, stop, |request| respond(request, shared)).await;
}

async fn respond<H: Handler>(request: Request<Incoming>, shared: &Shared<H>) -> Answer {
    match shared.gate.admit_site(&request) {
        Ok(Admission::Preflight(origin)) => response::preflight(&origin),
        Ok(Admission::PageFile(file)) => response::page_file(file),
        Ok(Admission::Perform(permit)) => {
            let (reception, traffic) = (&*shared.reception, shared.traffic());
            router::perform(&shared.handler, &permit, request, reception, traffic).await
        }
        Err(refusal) => {
            shared.traffic().note_refused();
            tracing::warn!(check = %refusal, "request refused");
            response::refusal(&refusal, router::language(request.headers()))
        }
    }
}
