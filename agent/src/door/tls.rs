//! TLS of the HTTPS door: version 1.3 only (RFC 8446), ALPN `http/1.1` only (RFC 7301), no client certificate, one leaf
//! certificate under the workstation's own root. Refuses everything older.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::version::TLS13;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The HTTPS door's certificate and key, ready for use. Clones are the same identity: one that is replaced is replaced for all.
#[derive(Clone)]
pub struct ServerIdentity(Arc<Mutex<Arc<ServerConfig>>>);

impl ServerIdentity {
    /// From a leaf certificate (no chain: its issuer is the root that browsers were given) and its key.
    ///
    /// # Errors
    /// The key is of an unknown kind or is not the certificate's.
    pub fn new(
        leaf: CertificateDer<'static>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, rustls::Error> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(Mutex::new(Arc::new(config)))))
    }

    /// From the next handshake on, `other` is shown.
    pub(crate) fn replace_with(&self, other: &Self) {
        let config = other.config();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = config;
    }

    pub(super) fn acceptor(&self) -> tokio_rustls::TlsAcceptor {
        tokio_rustls::TlsAcceptor::from(self.config())
    }

    fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl std::fmt::Debug for ServerIdentity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ServerIdentity")
    }
}
