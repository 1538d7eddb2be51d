//! Connections to one server: TLS 1.3 with one trusted root, kept alive between calls; each with its exporter value (RFC 9266).

use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use paraphe_protocol::login::EXPORTER_LABEL;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::ClientError;

/// Longest problem document, bytes.
const MAXIMUM_PROBLEM: usize = 64 << 10;

pub(super) type RequestBody = BoxBody<Bytes, std::io::Error>;

/// A body that is in memory.
pub(super) fn full(bytes: Vec<u8>) -> RequestBody {
    Full::new(Bytes::from(bytes))
        .map_err(|never| match never {})
        .boxed()
}

/// The server, how to reach it, and the connections that are free.
#[derive(Clone)]
pub(super) struct Connections {
    host: String,
    port: u16,
    name: ServerName<'static>,
    connector: TlsConnector,
    free: Arc<Mutex<Vec<Link>>>,
}

/// A connection.
pub(super) struct Link {
    sender: SendRequest<RequestBody>,
    /// What a login over it is bound to.
    pub(super) exporter: [u8; 32],
}

/// What a request carries beside its body.
#[derive(Default)]
pub(super) struct Shown {
    /// Scheme and token.
    pub(super) authorization: Option<String>,
    /// Proof of the client's key.
    pub(super) proof: Option<String>,
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Connections({}:{})", self.host, self.port)
    }
}

impl Connections {
    /// `identity`: the client's own certificate chain and private key, PEM.
    pub(super) fn new(
        url: &str,
        root_pem: &[u8],
        identity: Option<(&[u8], &[u8])>,
    ) -> Result<Self, ClientError> {
        let uri: Uri = url.parse().map_err(|_| ClientError::Url)?;
        let host = uri
            .host()
            .filter(|_| uri.scheme_str() == Some("https"))
            .ok_or(ClientError::Url)?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| ClientError::Url)?;
        Ok(Self {
            port: uri.port_u16().unwrap_or(443),
            host,
            name,
            connector: TlsConnector::from(Arc::new(configuration(root_pem, identity)?)),
            free: Arc::default(),
        })
    }

    /// The URL of a path, as a proof names it.
    pub(super) fn url(&self, path: &str) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        format!("https://{host}:{}{path}", self.port)
    }

    /// One request and its answer, at most `maximum` bytes where it succeeded; a refusal is an error. Over this connection, or any.
    pub(super) async fn exchange(
        &self,
        (method, path): (Method, &str),
        shown: Shown,
        body: Option<(RequestBody, &str)>,
        maximum: usize,
        over: Option<Link>,
    ) -> Result<Bytes, ClientError> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, format!("{}:{}", self.host, self.port));
        if let Some(authorization) = shown.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(proof) = shown.proof {
            request = request.header("DPoP", proof);
        }
        let body = match body {
            Some((body, media_type)) => {
                request = request.header(CONTENT_TYPE, media_type);
                body
            }
            None => full(Vec::new()),
        };
        let request = request
            .body(body)
            .map_err(|error| ClientError::Http(error.into()))?;
        let (connection, response) = self.send(request, over).await?;
        let status = response.status();
        let maximum = if status.is_success() {
            maximum
        } else {
            MAXIMUM_PROBLEM
        };
        let bytes = Limited::new(response.into_body(), maximum)
            .collect()
            .await
            .map_err(ClientError::Http)?
            .to_bytes();
        self.free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        if status.is_success() {
            Ok(bytes)
        } else {
            let problem = serde_json::from_slice(&bytes).map_err(ClientError::Answer)?;
            Err(ClientError::Refused(Box::new(problem)))
        }
    }

    async fn send(
        &self,
        mut request: Request<RequestBody>,
        over: Option<Link>,
    ) -> Result<(Link, hyper::Response<hyper::body::Incoming>), ClientError> {
        if let Some(mut link) = over {
            let answer = link.sender.send_request(request).await;
            return match answer {
                Ok(response) => Ok((link, response)),
                Err(error) => Err(ClientError::Http(error.into())),
            };
        }
        loop {
            let free = self
                .free
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let reused = free.is_some();
            let mut connection = match free {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            if let Err(error) = connection.sender.ready().await {
                if reused {
                    continue;
                }
                return Err(ClientError::Http(error.into()));
            }
            match connection.sender.try_send_request(request).await {
                Ok(response) => return Ok((connection, response)),
                // The server had closed a kept connection: nothing was sent, so it is sent again.
                Err(mut error) => match error.take_message().filter(|_| reused) {
                    Some(unsent) => request = unsent,
                    None => return Err(ClientError::Http(error.into_error().into())),
                },
            }
        }
    }

    /// A new connection.
    pub(super) async fn connect(&self) -> Result<Link, ClientError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port))
            .await
            .map_err(ClientError::Connect)?;
        stream.set_nodelay(true).map_err(ClientError::Connect)?;
        let stream = self
            .connector
            .connect(self.name.clone(), stream)
            .await
            .map_err(ClientError::Connect)?;
        let exporter = stream
            .get_ref()
            .1
            .export_keying_material([0; 32], EXPORTER_LABEL, None)
            .map_err(|error| ClientError::Http(error.into()))?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| ClientError::Http(error.into()))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to the record server broke");
            }
        });
        Ok(Link { sender, exporter })
    }
}

fn configuration(
    root_pem: &[u8],
    identity: Option<(&[u8], &[u8])>,
) -> Result<ClientConfig, ClientError> {
    let unusable = |error: &dyn std::fmt::Display| ClientError::Root(error.to_string());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(root_pem) {
        let certificate = certificate.map_err(|error| unusable(&error))?;
        roots.add(certificate).map_err(|error| unusable(&error))?;
    }
    if roots.is_empty() {
        return Err(ClientError::Root("no certificate".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>();
            let chain = chain.map_err(|_| ClientError::ProofKey)?;
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| ClientError::ProofKey)?;
            let made = builder.with_client_auth_cert(chain, key);
            made.map_err(|_| ClientError::ProofKey)?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
