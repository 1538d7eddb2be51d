//! Why there is no connection to the record server, told apart by what the TLS implementation met: the network, the server's
//! name, its authority, the version, or what the server thought of the card's certificate. What the card itself refused comes out as it is.

use std::error::Error;
use std::io;

use paraphe_protocol::api::ErrorCode;
use rustls::{AlertDescription, CertificateError, OtherError};

use super::key::NotSigned;
use crate::problem::Failure;

/// Of an error that a connection ended with, however deep TLS lies in it.
pub(super) fn of(error: &(dyn Error + 'static)) -> Failure {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return of_tls(error);
        }
        cause = match error.downcast_ref::<io::Error>() {
            // An io::Error's own source leaves out what it wraps.
            Some(wrapping) => match wrapping.get_ref() {
                Some(inner) => Some(inner as &(dyn Error + 'static)),
                None => return unreachable_because(wrapping),
            },
            None => error.source(),
        };
    }
    Failure::new(ErrorCode::TunnelServerUnreachable).with_technical_detail(error)
}

/// There is no connection in time.
pub(super) fn late(seconds: u64) -> Failure {
    Failure::new(ErrorCode::TunnelServerUnreachable).with_detail(
        format!("Pas de réponse en {seconds} s."),
        format!("No answer within {seconds} s."),
    )
}

/// The server never asked for the card's certificate, so that the connection proves nothing of the caller.
pub(super) fn not_asked() -> Failure {
    Failure::new(ErrorCode::TunnelCertificateRefused).with_detail(
        "Le serveur ne demande pas de certificat.",
        "The server asks for no certificate.",
    )
}

fn unreachable_because(error: &io::Error) -> Failure {
    Failure::new(ErrorCode::TunnelServerUnreachable).with_system_error("Réseau", "Network", error)
}

fn of_tls(error: &rustls::Error) -> Failure {
    let code = match error {
        rustls::Error::Other(OtherError(inner)) => {
            if let Some(NotSigned(failure)) = inner.downcast_ref::<NotSigned>() {
                return failure.clone();
            }
            ErrorCode::TunnelServerUnreachable
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => ErrorCode::TunnelServerName,
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            ErrorCode::TunnelServerUntrusted
        }
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::InsufficientSecurity
            | AlertDescription::HandshakeFailure,
        ) => ErrorCode::TunnelTlsMismatch,
        rustls::Error::AlertReceived(
            AlertDescription::AccessDenied
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRequired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::DecryptError
            | AlertDescription::UnknownCA
            | AlertDescription::UnsupportedCertificate,
        ) => ErrorCode::TunnelCertificateRefused,
        _ => ErrorCode::TunnelServerUnreachable,
    };
    Failure::new(code).with_technical_detail(error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::io;
    use std::sync::Arc;

    use paraphe_protocol::api::ErrorCode;
    use rustls::{AlertDescription, CertificateError, OtherError};

    use super::of;
    use crate::problem::Failure;
    use crate::tunnel::key::NotSigned;

    fn code(error: rustls::Error) -> ErrorCode {
        // As tokio-rustls wraps it, and once more.
        let inner = io::Error::new(io::ErrorKind::InvalidData, error);
        of(&io::Error::other(inner)).code()
    }

    #[test]
    fn each_failure_has_its_own_code() {
        let alert = |alert| code(rustls::Error::AlertReceived(alert));
        let certificate = |error| code(rustls::Error::InvalidCertificate(error));
        assert_eq!(
            alert(AlertDescription::UnknownCA),
            ErrorCode::TunnelCertificateRefused
        );
        assert_eq!(
            alert(AlertDescription::ProtocolVersion),
            ErrorCode::TunnelTlsMismatch
        );
        assert_eq!(
            alert(AlertDescription::InternalError),
            ErrorCode::TunnelServerUnreachable
        );
        let name = CertificateError::NotValidForName;
        assert_eq!(certificate(name), ErrorCode::TunnelServerName);
        let issuer = CertificateError::UnknownIssuer;
        assert_eq!(certificate(issuer), ErrorCode::TunnelServerUntrusted);
        let refused = NotSigned(Failure::new(ErrorCode::PinBlocked));
        let refused = rustls::Error::Other(OtherError(Arc::new(refused)));
        assert_eq!(code(refused), ErrorCode::PinBlocked);
        let network = of(&io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(network.code(), ErrorCode::TunnelServerUnreachable);
    }
}
