//! [`Fetch`] over HTTP/1.1 (RFC 9112), with TLS where the address says so: one connection for each question, no proxy, no cookies, at most
//! three redirections. It has a small runtime of its own, so that it can be called from any thread that may block.

use std::error::Error;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::address::Address;
use super::tls_anchors;
use super::{Fetch, FetchError, FetchRequest};
use crate::config::Config;
use crate::elsewhere;

const MOST_REDIRECTIONS: usize = 3;

/// Asks over the network.
#[derive(Debug)]
pub(crate) struct HttpFetcher {
    config: Arc<Config>,
}

impl HttpFetcher {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self { config }
    }

    async fn follow(&self, request: &FetchRequest<'_>) -> Result<Vec<u8>, FetchError> {
        let mut address = Address::parse(request.address)?;
        for _ in 0..=MOST_REDIRECTIONS {
            match self.ask(&address, request).await? {
                Answer::Body(body) => return Ok(body),
                Answer::Elsewhere(location) => {
                    address =
                        address
                            .redirected(&location)
                            .ok_or_else(|| FetchError::Redirect {
                                host: address.authority.clone(),
                            })?;
                }
            }
        }
        Err(FetchError::Redirect {
            host: address.authority,
        })
    }

    async fn ask(
        &self,
        address: &Address,
        request: &FetchRequest<'_>,
    ) -> Result<Answer, FetchError> {
        let failed = |cause: &dyn std::fmt::Display| FetchError::Connection {
            host: address.authority.clone(),
            cause: cause.to_string(),
        };
        let stream = TcpStream::connect((address.host.as_str(), address.port))
            .await
            .map_err(|error| failed(&error))?;
        if !address.is_https {
            return converse(stream, address, request).await;
        }
        let roots = tls_anchors::load(self.config.evidence.tls_anchors.as_deref())
            .map_err(|error| failed(&error))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| failed(&error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(address.host.clone()).map_err(|error| failed(&error))?;
        let stream = TlsConnector::from(Arc::new(tls))
            .connect(name, stream)
            .await
            .map_err(|error| failed(&error))?;
        converse(stream, address, request).await
    }
}

impl Fetch for HttpFetcher {
    fn fetch(&self, request: &FetchRequest<'_>) -> Result<Vec<u8>, FetchError> {
        let host = || Address::parse(request.address).map_or(String::new(), |it| it.authority);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| FetchError::Connection {
                host: host(),
                cause: error.to_string(),
            })?;
        let answer = elsewhere::wait(|| {
            runtime.block_on(async {
                tokio::time::timeout(request.timeout, self.follow(request)).await
            })
        });
        // A name that is still being looked up must not hold the caller.
        runtime.shutdown_background();
        answer.unwrap_or_else(|_| {
            Err(FetchError::TimedOut {
                host: host(),
                seconds: request.timeout.as_secs(),
            })
        })
    }
}

enum Answer {
    Body(Vec<u8>),
    Elsewhere(String),
}

async fn converse<S>(
    stream: S,
    address: &Address,
    request: &FetchRequest<'_>,
) -> Result<Answer, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let host = || address.authority.clone();
    let failed = |cause: String| FetchError::Connection {
        host: host(),
        cause,
    };
    let (mut sender, connection) = handshake(TokioIo::new(stream))
        .await
        .map_err(|error| failed(error.to_string()))?;
    let driver = tokio::spawn(connection);
    let builder = Request::builder()
        .uri(&address.path)
        .header(header::HOST, &address.authority)
        .header(header::USER_AGENT, "paraphe");
    let message = match request.post {
        Some((media_type, body)) => builder
            .method(Method::POST)
            .header(header::CONTENT_TYPE, media_type)
            .body(Full::new(Bytes::copy_from_slice(body))),
        None => builder.body(Full::default()),
    };
    let message = message.map_err(|error| failed(error.to_string()))?;
    let answer = sender
        .send_request(message)
        .await
        .map_err(|error| failed(error.to_string()))?;
    match answer.status() {
        StatusCode::OK => {}
        status if status.is_redirection() => {
            let location = answer.headers().get(header::LOCATION);
            let location = location.and_then(|location| location.to_str().ok());
            let location = location.ok_or_else(|| FetchError::Redirect { host: host() })?;
            return Ok(Answer::Elsewhere(location.to_owned()));
        }
        status => {
            return Err(FetchError::Status {
                host: host(),
                status: status.as_u16(),
            });
        }
    }
    let limit = request.maximum_bytes;
    let body = Limited::new(answer.into_body(), limit)
        .collect()
        .await
        .map_err(|error| told(error.as_ref(), &host(), limit))?
        .to_bytes();
    driver.abort();
    Ok(Answer::Body(body.to_vec()))
}

fn told(error: &(dyn Error + 'static), host: &str, limit: usize) -> FetchError {
    if error.is::<http_body_util::LengthLimitError>() {
        FetchError::TooLong {
            host: host.to_owned(),
            limit,
        }
    } else {
        FetchError::Connection {
            host: host.to_owned(),
            cause: error.to_string(),
        }
    }
}
