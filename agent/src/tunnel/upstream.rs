//! Connections to the record server: TCP, then TLS with the card's certificate, verified by webpki against the anchors of that
//! server's entry alone, for its name. The handshake runs on a thread that may block, since the card may take seconds.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use paraphe_certs::Certificate;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::tls::TlsVersion;
use rustls::client::{ClientSessionStore, Resumption};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::failure;
use super::key::{SignHandshake, TunnelKey};
use super::sessions::{Place, Sessions, TICKET_WAIT};
use super::suites;
use crate::config::RecordServerAddress;
use crate::problem::Failure;

/// Longest wait for the network to connect, seconds.
const CONNECT_SECONDS: u64 = 10;
/// Longest handshake, seconds: the card's time, and a slow network's.
const HANDSHAKE_SECONDS: u64 = 45;

/// The way to one record server.
pub(super) struct Upstream {
    address: RecordServerAddress,
    name: ServerName<'static>,
    config: ClientConfig,
    sessions: Arc<Sessions>,
    version: TlsVersion,
}

/// How the card's side of TLS is made up.
#[derive(Debug)]
pub(super) struct ClientSide<'a> {
    /// The card's certificate, and the issuing ones that are known here.
    pub(super) chain: &'a [Certificate],
    pub(super) algorithms: &'a [SignatureAlgorithm],
    pub(super) version: TlsVersion,
}

impl Upstream {
    pub(super) fn new(
        address: RecordServerAddress,
        anchors: RootCertStore,
        client: &ClientSide<'_>,
        signer: Arc<dyn SignHandshake>,
    ) -> Result<Self, Failure> {
        let internal =
            |error: rustls::Error| Failure::new(ErrorCode::Internal).with_technical_detail(error);
        let name = ServerName::try_from(address.host.clone())
            .map_err(|error| Failure::new(ErrorCode::Internal).with_technical_detail(error))?;
        let version = client.version;
        let key = TunnelKey::new(client.chain, version, client.algorithms, signer);
        let mut config = ClientConfig::builder_with_provider(suites::provider(version))
            .with_protocol_versions(&[suites::protocol(version)])
            .map_err(internal)?
            .with_root_certificates(anchors)
            .with_client_cert_resolver(Arc::new(key));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            address,
            name,
            config,
            sessions: Arc::default(),
            version,
        })
    }

    /// As it stands in `Host`.
    pub(super) fn authority(&self) -> String {
        self.address.authority()
    }

    /// Forgets the sessions: no connection is resumed any more.
    pub(super) fn forget(&self) {
        self.sessions.forget();
    }

    /// A connection, resumed where there is a session.
    pub(super) async fn connect(&self) -> Result<TlsStream<TcpStream>, Failure> {
        self.connect_in(&self.sessions.place().await).await
    }

    /// A connection for nothing but to see whether the server takes the card's certificate, which in TLS 1.3 shows only after
    /// the handshake, with its first words.
    pub(super) async fn try_out(&self) -> Result<(), Failure> {
        let place = self.sessions.place().await;
        let mut stream = self.connect_in(&place).await?;
        if self.version == TlsVersion::Tls13 {
            let mut byte = [0];
            tokio::select! {
                first = stream.read(&mut byte) => {
                    if let Err(error) = first {
                        return Err(failure::of(&error));
                    }
                }
                () = place.settled() => {}
                () = tokio::time::sleep(TICKET_WAIT) => {}
            }
        }
        // Whether the server takes the farewell does not matter.
        let _gone = timeout(TICKET_WAIT, stream.shutdown()).await;
        Ok(())
    }

    async fn connect_in(&self, place: &Arc<Place>) -> Result<TlsStream<TcpStream>, Failure> {
        let address = (self.address.host.as_str(), self.address.port);
        let connecting = timeout(
            Duration::from_secs(CONNECT_SECONDS),
            TcpStream::connect(address),
        );
        let stream = match connecting.await {
            Ok(connected) => connected.map_err(|error| failure::of(&error))?,
            Err(_) => return Err(failure::late(CONNECT_SECONDS)),
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let mut config = self.config.clone();
        let store: Arc<dyn ClientSessionStore> = Arc::<Place>::clone(place);
        config.resumption = Resumption::store(store);
        let handshake = TlsConnector::from(Arc::new(config)).connect(self.name.clone(), stream);
        let limit = Duration::from_secs(HANDSHAKE_SECONDS);
        let runtime = Handle::current();
        // The card answers in seconds; meanwhile this thread waits and the executor does not.
        let shaken =
            tokio::task::spawn_blocking(move || runtime.block_on(timeout(limit, handshake)));
        let stream = match shaken.await {
            Ok(Ok(shaken)) => shaken.map_err(|error| failure::of(&error))?,
            Ok(Err(_)) => return Err(failure::late(HANDSHAKE_SECONDS)),
            Err(_) => return Err(ErrorCode::Internal.into()),
        };
        place.handshake_done();
        Ok(stream)
    }
}

impl fmt::Debug for Upstream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Upstream")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
