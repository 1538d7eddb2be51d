//! What a server knows of the connection and of the client's key by itself, and what a session is bound to.
//!
//! A page proves a key of its own at every request (RFC 9449); a program proves one likewise, or the key of a certificate in the TLS
//! handshake (RFC 8705). A login is bound to the same: `jkt` is the thumbprint of the key that is proven, `tls-exporter` the value of the
//! connection that the login came over (RFC 9266).

use crate::digest::Sha256Digest;
use crate::dpop::FreshProof;
use crate::login::{ChannelBinding, ChannelBindingKind};

/// What the server knows of the connection that a request came over.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    tls_exporter: Option<[u8; 32]>,
    client_certificate: Option<Sha256Digest>,
    proven_key: Option<Sha256Digest>,
}

/// What a session is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionKey {
    /// A key of the client's, by its JWK thumbprint (`jkt` of RFC 9449 section 6.1).
    Proven(Sha256Digest),
    /// The client's certificate, by its SHA-256 (`x5t#S256` of RFC 8705 section 3.1).
    ClientCertificate(Sha256Digest),
}

/// The request does not prove the key of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request does not prove the key that the session is bound to")]
pub struct SessionKeyMismatch;

impl Connection {
    /// A connection of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// It is TLS that ends in this very server, and this is its exporter value (label `EXPORTER-Channel-Binding`, 32 bytes).
    #[must_use]
    pub fn with_tls_exporter(self, value: [u8; 32]) -> Self {
        Self {
            tls_exporter: Some(value),
            ..self
        }
    }

    /// The TLS handshake proved the key of this certificate, in DER. Whether it is trusted does not matter for a session's key.
    #[must_use]
    pub fn with_client_certificate(self, der: &[u8]) -> Self {
        Self {
            client_certificate: Some(Sha256Digest::of(der)),
            ..self
        }
    }

    /// The request proved this key.
    #[must_use]
    pub fn with_proof(self, proof: &FreshProof) -> Self {
        Self {
            proven_key: Some(proof.thumbprint()),
            ..self
        }
    }

    /// Whether the request proved any key of its own.
    #[must_use]
    pub fn shows_a_key(&self) -> bool {
        self.proven_key.is_some()
    }

    /// What a session that is opened now is bound to: the key that the request proved, or else the connection's certificate.
    #[must_use]
    pub fn session_key(&self) -> Option<SessionKey> {
        let certificate = self.client_certificate.map(SessionKey::ClientCertificate);
        self.proven_key.map(SessionKey::Proven).or(certificate)
    }

    /// The binding of this kind with the value that the server knows. `none` only where the operator accepts logins that are bound to
    /// nothing.
    pub(super) fn binding(
        &self,
        kind: ChannelBindingKind,
        accept_unbound: bool,
    ) -> Option<ChannelBinding> {
        match kind {
            ChannelBindingKind::None => accept_unbound.then_some(ChannelBinding::None),
            ChannelBindingKind::TlsExporter => self.tls_exporter.map(ChannelBinding::TlsExporter),
            ChannelBindingKind::JwkThumbprint => self
                .proven_key
                .map(|key| ChannelBinding::JwkThumbprint(*key.as_bytes())),
        }
    }
}

impl SessionKey {
    /// Whether a later request comes from whoever holds the key.
    ///
    /// # Errors
    /// [`SessionKeyMismatch`].
    pub fn check(&self, connection: &Connection) -> Result<(), SessionKeyMismatch> {
        let (expected, found) = match self {
            Self::Proven(key) => (key, connection.proven_key),
            Self::ClientCertificate(digest) => (digest, connection.client_certificate),
        };
        if found.as_ref() == Some(expected) {
            Ok(())
        } else {
            Err(SessionKeyMismatch)
        }
    }

    /// Name of the confirmation method (RFC 7800): `jkt` or `x5t#S256`.
    #[must_use]
    pub const fn method(&self) -> &'static str {
        match self {
            Self::Proven(_) => "jkt",
            Self::ClientCertificate(_) => "x5t#S256",
        }
    }

    /// The digest that is compared.
    #[must_use]
    pub const fn digest(&self) -> Sha256Digest {
        match self {
            Self::Proven(digest) | Self::ClientCertificate(digest) => *digest,
        }
    }

    /// From what [`SessionKey::method`] and [`SessionKey::digest`] gave, as a server keeps them with its session.
    #[must_use]
    pub fn from_parts(method: &str, digest: Sha256Digest) -> Option<Self> {
        match method {
            "jkt" => Some(Self::Proven(digest)),
            "x5t#S256" => Some(Self::ClientCertificate(digest)),
            _ => None,
        }
    }
}
