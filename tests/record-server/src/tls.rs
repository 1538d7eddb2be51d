//! The server's side of TLS: 1.3 only, and 1.2 where clients authenticate themselves in it, HTTP/1.1 only, with a certificate from PEM files or one made for localhost at
//! start, whose root is handed to the caller so that clients trust it. A client that is asked for any certificate shows one to bind its
//! session to (RFC 8705 section 2.2); who the client is, the login says and never that certificate.

use std::sync::Arc;

use paraphe_certs::UnixTime;
use paraphe_certs::localhost::{LocalhostCertificates, LocalhostError, MAX_VALIDITY};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{DigitallySignedStruct, DistinguishedName, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime as TlsTime};

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

/// What clients are asked for in the handshake.
#[derive(Debug, Clone)]
pub(crate) enum AskedOfClients {
    Nothing,
    /// Any, or none: a browser would let its user choose one, which is why it is not always asked for.
    AnyCertificate,
    CardCertificate(Arc<CardClients>),
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
        asked: &AskedOfClients,
        now: UnixTime,
    ) -> Result<Self, TlsError> {
        match source {
            TlsSource::Pem {
                certificate_chain,
                private_key,
            } => Ok(Self {
                config: config(certificate_chain, private_key, asked)?,
                root_pem: None,
            }),
            TlsSource::SelfSigned => {
                let made = LocalhostCertificates::generate(now, MAX_VALIDITY)?;
                let key = made.leaf_key_pem().expose().as_bytes();
                Ok(Self {
                    config: config(made.leaf_pem().as_bytes(), key, asked)?,
                    root_pem: Some(made.root_pem()),
                })
            }
        }
    }
}

fn config(chain: &[u8], key: &[u8], asked: &AskedOfClients) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = CertificateDer::pem_slice_iter(chain).collect::<Result<Vec<_>, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let mut config = match asked {
        AskedOfClients::Nothing => builder
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth(),
        AskedOfClients::AnyCertificate => builder
            .with_protocol_versions(&[&TLS13])?
            .with_client_cert_verifier(Arc::new(AnyKey(provider))),
        AskedOfClients::CardCertificate(clients) => {
            let clients: Arc<dyn ClientCertVerifier> = Arc::<CardClients>::clone(clients);
            builder
                .with_protocol_versions(&[&TLS13, &TLS12])?
                .with_client_cert_verifier(clients)
        }
    }
    .with_single_cert(chain, key)?;
    if matches!(asked, AskedOfClients::CardCertificate(_)) {
        // Cards sign slowly: what was proven once is resumed, and verified again (client_certificate.rs).
        config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?;
    }
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Any certificate, whose key the client must prove by the handshake's signature. It admits nobody.
#[derive(Debug)]
struct AnyKey(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyKey {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: TlsTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
