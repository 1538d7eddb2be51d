//! Accepting connections: a bounded number at once, a handshake and request heads within a time limit, and a stop that
//! lets requests under way end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use paraphe_protocol::api::Language;
use paraphe_protocol::login::EXPORTER_LABEL;
use paraphe_protocol::login_server::Connection;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::response::{self, ResponseBody};
use super::router;
use crate::client_certificate::{CardClients, ClientIdentity};
use crate::problem::{Code, Refusal};
use crate::service::Service;

/// Most bytes read ahead of what was parsed, a request head included.
const BUFFER: usize = 64 << 10;

/// Pause after a connection could not be accepted (out of descriptors, usually), so that others can end.
const PAUSE: Duration = Duration::from_millis(50);

/// Something that listens.
pub(crate) struct Listener {
    socket: TcpListener,
    acceptor: TlsAcceptor,
    clients: Option<Arc<CardClients>>,
    service: Arc<Service>,
}

impl Listener {
    pub(crate) async fn bind(
        address: SocketAddr,
        tls: Arc<rustls::ServerConfig>,
        clients: Option<Arc<CardClients>>,
        service: Arc<Service>,
    ) -> std::io::Result<Self> {
        Ok(Self {
            socket: TcpListener::bind(address).await?,
            acceptor: TlsAcceptor::from(tls),
            clients,
            service,
        })
    }

    pub(crate) fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` changes, then lets what is under way end.
    pub(crate) async fn serve(self, mut stop: watch::Receiver<bool>) {
        let limits = self.service.configuration().limits.clone();
        let places = Arc::new(Semaphore::new(limits.connections));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                _ = stop.changed() => break,
                // Finished connections are taken away as they end.
                Some(_) = connections.join_next() => continue,
                accepted = self.socket.accept() => accepted,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                tracing::warn!("too many connections: one more was closed");
                continue;
            };
            let acceptor = self.acceptor.clone();
            let clients = self.clients.clone();
            let service = Arc::clone(&self.service);
            let stop = stop.clone();
            connections.spawn(async move {
                serve_connection(stream, acceptor, clients, service, limits.idle, stop).await;
                drop(place);
            });
        }
        drop(self.socket);
        while connections.join_next().await.is_some() {}
    }
}

async fn serve_connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    clients: Option<Arc<CardClients>>,
    service: Arc<Service>,
    idle: Duration,
    mut stop: watch::Receiver<bool>,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY not set");
    }
    let handshake = tokio::select! {
        _ = stop.changed() => return,
        handshake = tokio::time::timeout(idle, accept(acceptor, clients, stream)) => handshake,
    };
    let (stream, client) = match handshake {
        Ok(Ok(accepted)) => accepted,
        Ok(Err(error)) => {
            tracing::debug!(%error, "TLS handshake failed");
            return;
        }
        Err(_) => return,
    };
    let shown = shown_by_tls(stream.get_ref().1);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(idle)
        .max_buf_size(BUFFER)
        .serve_connection(
            TokioIo::new(stream),
            service_fn(move |mut request: Request<Incoming>| {
                if let Some(client) = &client {
                    request.extensions_mut().insert(Arc::clone(client));
                }
                handle(Arc::clone(&service), request, shown.clone())
            }),
        );
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = stop.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

/// A handshake, and who the client is. Where clients authenticate themselves, revocation lists are looked at within it: not on the
/// executor.
async fn accept(
    acceptor: TlsAcceptor,
    clients: Option<Arc<CardClients>>,
    stream: TcpStream,
) -> std::io::Result<(TlsStream<TcpStream>, Option<Arc<ClientIdentity>>)> {
    let Some(clients) = clients else {
        return Ok((acceptor.accept(stream).await?, None));
    };
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let stream = runtime.block_on(acceptor.accept(stream))?;
        let certificate = stream.get_ref().1.peer_certificates();
        let certificate = certificate.and_then(|chain| chain.first());
        // Resumed or not: the handshake's own verification may be hours old.
        let client = match certificate {
            Some(certificate) => clients.identify(certificate),
            None => Err(rustls::Error::NoCertificatesPresented),
        };
        let client = client.map_err(std::io::Error::other)?;
        Ok((stream, Some(Arc::new(client))))
    })
    .await
    .unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

/// What the handshake proved: the connection's exporter (RFC 9266), and the client's certificate where it sent one.
fn shown_by_tls(tls: &rustls::ServerConnection) -> Connection {
    let mut connection = Connection::new();
    if let Ok(value) = tls.export_keying_material([0; 32], EXPORTER_LABEL, None) {
        connection = connection.with_tls_exporter(value);
    }
    match tls.peer_certificates().and_then(<[_]>::first) {
        Some(certificate) => connection.with_client_certificate(certificate),
        None => connection,
    }
}

/// Each request runs in a task of its own, so that it ends, and is traced, even when its client goes away.
async fn handle(
    service: Arc<Service>,
    request: Request<Incoming>,
    connection: Connection,
) -> Result<Response<ResponseBody>, Infallible> {
    let answered = tokio::spawn(router::answer(service, request, connection)).await;
    Ok(answered.unwrap_or_else(|error| {
        tracing::error!(%error, "a request's task failed");
        response::problem(&Refusal::new(Code::Internal), Language::default())
    }))
}
