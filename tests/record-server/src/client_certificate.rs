//! Clients that authenticate themselves in the TLS handshake (RFC 5246 section 7.4.6, RFC 8446 section 4.4.2) by the certificate of a
//! card or of a structure's software. The path is `paraphe-certs`', for those two uses alone, because webpki refuses the private critical
//! extensions of the profile; the handshake's signature is `paraphe-protocol`'s. A resumed connection says again who it is, and is
//! verified again: a certificate that was revoked meanwhile gets no further.
//!
//! Refused: no certificate, one for another use, of an authority that is not trusted, expired, revoked, or of the other environment.

use std::fmt;
use std::sync::Arc;

use paraphe_certs::{
    CardLogin, Certificate, PathError, StructureLogin, TrustStore, UnixTime, VerifiedCertificate,
};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::identifiers::Environment;
use paraphe_protocol::tls::{SIGNATURE_SCHEMES, TlsVersion};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, OtherError, PeerIncompatible,
    SignatureScheme,
};
use rustls_pki_types::CertificateDer;
use serde::Serialize;

use crate::card::path_code;
use crate::clock::Clock;
use crate::problem::Code;
use crate::trust::Trust;

/// Whether clients must authenticate themselves in the handshake.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// None is asked for; TLS 1.3 only.
    #[default]
    NotAsked,
    /// Any may be shown, by its key; it admits nobody, and is what the client's session is bound to. TLS 1.3 only.
    Any,
    /// No connection without one; TLS 1.2 too, for cards that sign PKCS#1 v1.5 only.
    Required,
}

/// Who a connection's client is. Only verification makes one.
#[derive(Debug, Clone)]
pub enum ClientIdentity {
    /// A person, by a card.
    Person(Box<VerifiedCertificate<CardLogin>>),
    /// A structure's software.
    Structure(Box<VerifiedCertificate<StructureLogin>>),
}

/// Why a client is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientRefused {
    /// Its certificate does not hold.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A real card or structure on a test server.
    #[error("a certificate that is no test product's, on a test server")]
    Production,
}

impl ClientRefused {
    fn code(&self) -> Code {
        match self {
            Self::Path(error) => path_code(error),
            Self::Production => Code::ProductionCardRefused,
        }
    }

    /// What the client is told, in an alert.
    fn told(self) -> CertificateError {
        match self {
            Self::Path(PathError::Expired { .. }) => CertificateError::Expired,
            Self::Path(PathError::NotYetValid { .. }) => CertificateError::NotValidYet,
            Self::Path(PathError::Revoked { .. }) => CertificateError::Revoked,
            Self::Path(PathError::RevocationUnknown { .. }) => {
                CertificateError::UnknownRevocationStatus
            }
            Self::Path(PathError::UnknownIssuer { .. }) => CertificateError::UnknownIssuer,
            Self::Path(PathError::WrongUse { .. }) => CertificateError::InvalidPurpose,
            error => CertificateError::Other(OtherError(Arc::new(error))),
        }
    }
}

/// The same for who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientSummary {
    /// `person` or `structure`.
    pub kind: &'static str,
    /// National identifier of the person, or identifier of the structure.
    pub identifier: String,
    /// Name, as the certificate states it.
    pub name: String,
    /// Whether the certificate is of a test product.
    pub is_test: bool,
}

impl ClientIdentity {
    /// Verifies a certificate for the use that it states. The other certificates that the client sent are not needed: the server has
    /// its own issuing authorities.
    ///
    /// # Errors
    /// [`ClientRefused`], of the use that is nearer.
    pub fn verify(
        certificate: &Certificate,
        trust: &TrustStore,
        environment: Environment,
        at: UnixTime,
    ) -> Result<Self, ClientRefused> {
        let identity = match trust.verify::<CardLogin>(certificate, at) {
            Ok(person) => Self::Person(Box::new(person)),
            // Not about a person: perhaps about a structure.
            Err(PathError::Holder(_)) => {
                Self::Structure(Box::new(trust.verify::<StructureLogin>(certificate, at)?))
            }
            Err(error) => return Err(error.into()),
        };
        // Test and production never meet; the store refuses the one direction only.
        if environment == Environment::Test && !identity.summary().is_test {
            return Err(ClientRefused::Production);
        }
        Ok(identity)
    }

    /// Its certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        match self {
            Self::Person(verified) => verified.certificate(),
            Self::Structure(verified) => verified.certificate(),
        }
    }

    /// For who asks.
    #[must_use]
    pub fn summary(&self) -> ClientSummary {
        match self {
            Self::Person(verified) => ClientSummary {
                kind: "person",
                identifier: verified.holder().national_id.to_string(),
                name: verified.holder().display_name(),
                is_test: verified.holder().is_test(),
            },
            Self::Structure(verified) => ClientSummary {
                kind: "structure",
                identifier: verified.subject().structure_id.to_string(),
                name: verified.subject().name.clone(),
                is_test: verified.subject().is_test(),
            },
        }
    }
}

/// Verifies clients for rustls.
pub(crate) struct CardClients {
    trust: Arc<Trust>,
    environment: Environment,
    clock: Clock,
}

impl CardClients {
    pub(crate) fn new(trust: Arc<Trust>, environment: Environment, clock: Clock) -> Self {
        Self {
            trust,
            environment,
            clock,
        }
    }

    /// Who a connection's client is, by its certificate. Looks at the folder of revocation lists: blocking.
    pub(crate) fn identify(&self, certificate: &[u8]) -> Result<ClientIdentity, rustls::Error> {
        let certificate =
            Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
        let now = self.clock.now();
        let trust = self.trust.current();
        ClientIdentity::verify(&certificate, &trust, self.environment, now).map_err(|refused| {
            tracing::info!(code = refused.code().name(), "client refused");
            refused.told().into()
        })
    }
}

impl fmt::Debug for CardClients {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CardClients(..)")
    }
}

impl ClientCertVerifier for CardClients {
    /// None: a card has one certificate for this, and needs no hint.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: rustls_pki_types::UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.identify(end_entity)
            .map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if algorithm(signed.scheme).is_some_and(|known| !TlsVersion::Tls13.signs_by(known)) {
            return Err(PeerIncompatible::NoSignatureSchemesInCommon.into());
        }
        verify_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let all = SIGNATURE_SCHEMES.into_iter();
        all.map(|(_, number)| number.into()).collect()
    }
}

/// The algorithm of this name in TLS.
fn algorithm(scheme: SignatureScheme) -> Option<SignatureAlgorithm> {
    let mut known = SIGNATURE_SCHEMES.into_iter();
    known
        .find(|(_, number)| *number == u16::from(scheme))
        .map(|(algorithm, _)| algorithm)
}

fn verify_signature(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, rustls::Error> {
    let certificate =
        Certificate::from_der(certificate).map_err(|_| CertificateError::BadEncoding)?;
    let algorithm = algorithm(signed.scheme).ok_or(PeerIncompatible::NoSignatureSchemesInCommon)?;
    algorithm
        .from_cms_value(signed.signature())
        .and_then(|value| algorithm.verify(certificate.spki_der(), message, &value))
        .map(|()| HandshakeSignatureValid::assertion())
        .map_err(|_| CertificateError::BadSignature.into())
}
