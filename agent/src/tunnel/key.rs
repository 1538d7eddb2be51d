//! The card's authentication key inside rustls: the certificate that is sent, the scheme that server and card have in common, and one
//! signature for each handshake, which [`SignHandshake`] makes. What is signed is read first as the content of a client's
//! CertificateVerify ([`CertificateVerify`]); anything else is refused, whoever asks.
//!
//! The certificate goes around `with_client_auth_cert`, which refuses the private critical extensions of the profile. Signing blocks:
//! handshakes run on threads that may.

use std::fmt;
use std::sync::Arc;

use paraphe_certs::Certificate;
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureScheme};
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::tls::{CertificateVerify, TlsVersion};
use rustls::client::ResolvesClientCert;
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{OtherError, SignatureAlgorithm as KeyKind};
use rustls_pki_types::CertificateDer;

use super::suites;
use crate::problem::Failure;

/// Makes the one signature of a handshake.
pub(super) trait SignHandshake: fmt::Debug + Send + Sync {
    /// Signs by this algorithm; the value is as keys give it. Blocks.
    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        content: &CertificateVerify,
    ) -> Result<Vec<u8>, Failure>;
}

/// Why a handshake was not signed, on its way through rustls.
#[derive(Debug, Clone)]
pub(super) struct NotSigned(pub(super) Failure);

impl fmt::Display for NotSigned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not signed: {}", self.0.code().name())
    }
}

impl std::error::Error for NotSigned {}

/// The certificate and its key.
#[derive(Debug)]
pub(super) struct TunnelKey(Arc<CertifiedKey>);

impl TunnelKey {
    /// Of the first certificate of `chain`, which the others lead on from.
    pub(super) fn new(
        chain: &[Certificate],
        version: TlsVersion,
        algorithms: &[SignatureAlgorithm],
        signer: Arc<dyn SignHandshake>,
    ) -> Self {
        let chain = chain
            .iter()
            .map(|one| CertificateDer::from(one.der().to_vec()));
        let key = Key {
            version,
            schemes: suites::schemes(algorithms, version),
            signer,
        };
        Self(Arc::new(CertifiedKey::new(chain.collect(), Arc::new(key))))
    }
}

impl ResolvesClientCert for TunnelKey {
    /// Whatever issuers the server names: which certificate is meant was decided when the tunnel was opened.
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct Key {
    version: TlsVersion,
    schemes: Vec<(SignatureAlgorithm, rustls::SignatureScheme)>,
    signer: Arc<dyn SignHandshake>,
}

impl SigningKey for Key {
    /// Never `None`: rustls would then send no certificate and let the handshake succeed. What cannot sign fails instead.
    fn choose_scheme(&self, offered: &[rustls::SignatureScheme]) -> Option<Box<dyn Signer>> {
        let common = self
            .schemes
            .iter()
            .find(|(_, scheme)| offered.contains(scheme));
        Some(Box::new(HandshakeSigner {
            version: self.version,
            chosen: common.copied(),
            signer: Arc::clone(&self.signer),
        }))
    }

    fn algorithm(&self) -> KeyKind {
        match self
            .schemes
            .first()
            .map(|(algorithm, _)| algorithm.scheme())
        {
            Some(SignatureScheme::Ecdsa(_)) => KeyKind::ECDSA,
            _ => KeyKind::RSA,
        }
    }
}

#[derive(Debug)]
struct HandshakeSigner {
    version: TlsVersion,
    /// `None`: nothing in common.
    chosen: Option<(SignatureAlgorithm, rustls::SignatureScheme)>,
    signer: Arc<dyn SignHandshake>,
}

impl HandshakeSigner {
    fn signed(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let (algorithm, _) = self.chosen.ok_or_else(|| {
            Failure::new(ErrorCode::TunnelTlsMismatch).with_detail(
                "Le serveur n'accepte aucun des algorithmes de signature de cette carte.",
                "The server accepts none of this card's signature algorithms.",
            )
        })?;
        let content = CertificateVerify::read(self.version, message).map_err(|error| {
            tracing::error!(%error, "a signature was asked for that is not a handshake's");
            Failure::new(ErrorCode::Internal)
        })?;
        let value = self.signer.sign(algorithm, &content)?;
        // X.509 and TLS write ECDSA as CMS does.
        Ok(algorithm.cms_value(&value)?)
    }
}

impl Signer for HandshakeSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.signed(message)
            .map_err(|failure| rustls::Error::Other(OtherError(Arc::new(NotSigned(failure)))))
    }

    fn scheme(&self) -> rustls::SignatureScheme {
        self.chosen
            .map_or(rustls::SignatureScheme::RSA_PKCS1_SHA256, |(_, scheme)| {
                scheme
            })
    }
}
