//! The server's side of TLS: 1.3 only, and 1.2 where clients authenticate themselves in it, HTTP/1.1 only, with a certificate from PEM files or one made for localhost at
//! start, whose root is handed to the caller so that clients trust it.

use std::sync::Arc;

use paraphe_certs::UnixTime;
use paraphe_certs::localhost::{LocalhostCertificates, LocalhostError, MAX_VALIDITY};
use rustls::ServerConfig;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::{TLS12, TLS13};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::client_certificate::CardClients;

/// Where the server's certificate comes from.
#[derive(Clone)]
#[non_exhaustive]
pub enum TlsSource {
    /// PEM: certificate chain, leaf first, and private key.
    Pem {
        /// The chain.
        certificate_chain: Vec<u8>,
        /// The key; secret.
        private_key: Vec<u8>,
    },
    /// A root and a leaf for localhost, 127.0.0.1 and ::1, made in memory at each start.
    SelfSigned,
}

impl std::fmt::Debug for TlsSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Pem { .. } => f.write_str("TlsSource::Pem(..)"),
            Self::SelfSigned => f.write_str("TlsSource::SelfSigned"),
        }
    }
}

/// The server's certificate cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// Not PEM, or the key is not there.
    #[error("the server's certificate or key is not PEM: {0}")]
    Pem(#[from] rustls_pki_types::pem::Error),
    /// The localhost certificate could not be made.
    #[error("no certificate for localhost could be made: {0}")]
    Localhost(#[from] LocalhostError),
    /// rustls refused.
    #[error("the server's certificate or key cannot be used: {0}")]
    Rustls(#[from] rustls::Error),
}

/// TLS ready to serve, and the root to trust where it was made here.
pub(crate) struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) root_pem: Option<String>,
}

impl Tls {
    /// A certificate made here is valid around `now`, which is the real time: clients judge it by their own clock.
    pub(crate) fn load(
        source: &TlsSource,
        clients: Option<&Arc<CardClients>>,
        now: UnixTime,
    ) -> Result<Self, TlsError> {
        match source {
            TlsSource::Pem {
                certificate_chain,
                private_key,
            } => Ok(Self {
                config: config(certificate_chain, private_key, clients)?,
                root_pem: None,
            }),
            TlsSource::SelfSigned => {
                let made = LocalhostCertificates::generate(now, MAX_VALIDITY)?;
                let key = made.leaf_key_pem().expose().as_bytes();
                Ok(Self {
                    config: config(made.leaf_pem().as_bytes(), key, clients)?,
                    root_pem: Some(made.root_pem()),
                })
            }
        }
    }
}

fn config(
    chain: &[u8],
    key: &[u8],
    clients: Option<&Arc<CardClients>>,
) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let mut config = match clients {
        None => builder
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth(),
        Some(clients) => {
            let clients: Arc<dyn ClientCertVerifier> = Arc::<CardClients>::clone(clients);
            builder
                .with_protocol_versions(&[&TLS13, &TLS12])?
                .with_client_cert_verifier(clients)
        }
    }
    .with_single_cert(chain, key)?;
    if clients.is_some() {
        // Cards sign slowly: what was proven once is resumed, and verified again (client_certificate.rs).
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
    }
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
