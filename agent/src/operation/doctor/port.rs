//! The HTTPS door's port as a browser reaches it, on both loopback addresses: whoever answers there must show the certificate of this workstation. Another
//! program that answers, or that listens and does not, is named.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use openssl::ssl::{SslConnector, SslMethod};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use paraphe_protocol::api::{DoctorCheck, DoctorSubject, ErrorCode, Language};

use super::super::Context;
use super::door_certificate::DoorCertificate;
use super::{Looked, fault};
use crate::door::holder_of;
use crate::problem::Sentence;
use crate::trust::TrustState;

/// For each step of a connection; on loopback.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who answers at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answering {
    /// An agent with this workstation's certificate.
    Ours,
    /// Nobody listens.
    Nobody,
    /// The machine has no such address.
    NoAddress,
    /// Somebody without our certificate.
    Stranger,
}

pub(super) fn look(context: &Context<'_>, certificate: &DoorCertificate) -> DoctorCheck {
    let language = context.language;
    let port = context.agent.config.port;
    let roots: Vec<X509> = certificate
        .state
        .iter()
        .flat_map(TrustState::roots)
        .filter_map(|root| X509::from_der(root.der()).ok())
        .collect();
    let answering = [
        IpAddr::from(Ipv4Addr::LOCALHOST),
        Ipv6Addr::LOCALHOST.into(),
    ]
    .map(|ip| SocketAddr::new(ip, port))
    .map(|address| (address, answering(address, &roots)));
    let [french, english]: [Vec<String>; 2] = [true, false].map(|french| {
        answering
            .iter()
            .map(|(address, who)| format!("{address}{}", told(*who, french)))
            .collect()
    });
    let looked = Looked::at(DoctorSubject::Port, french.join(" ; "), english.join("; "));
    let strangers = answering
        .iter()
        .filter(|(_, who)| *who == Answering::Stranger);
    let faults: Vec<_> = strangers
        .map(|(address, _)| {
            let holder = holder_of(*address);
            let named = |language| {
                holder
                    .as_ref()
                    .map_or_else(|| "?".to_owned(), |holder| holder.named(language))
            };
            let sentence = Sentence::new(
                format!(
                    "{address} ne montre pas le certificat de ce poste ; il est tenu par {}.",
                    named(Language::French)
                ),
                format!(
                    "{address} does not show this workstation's certificate; it is held by {}.",
                    named(Language::English)
                ),
            );
            fault(ErrorCode::PortTaken, &sentence, language)
        })
        .collect();
    let ours = answering.iter().any(|(_, who)| *who == Answering::Ours);
    if faults.is_empty() && !ours {
        return looked.unknown(language);
    }
    looked.with_faults(faults).judged(language)
}

fn told(who: Answering, french: bool) -> &'static str {
    match (who, french) {
        (Answering::Ours, true) => " : l'agent",
        (Answering::Ours, false) => ": the agent",
        (Answering::Nobody, true) => " : personne n'écoute",
        (Answering::Nobody, false) => ": nobody listens",
        (Answering::NoAddress, true) => " : adresse absente de ce poste",
        (Answering::NoAddress, false) => ": no such address here",
        (Answering::Stranger, true) => " : un autre programme",
        (Answering::Stranger, false) => ": another program",
    }
}

/// Without a root of ours nobody can be recognised.
fn answering(address: SocketAddr, roots: &[X509]) -> Answering {
    let stream = match TcpStream::connect_timeout(&address, PATIENCE) {
        Ok(stream) => stream,
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => return Answering::NoAddress,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Answering::Nobody,
        Err(_) => return Answering::Stranger,
    };
    if shows_our_certificate(stream, address.ip(), roots) == Some(true) {
        Answering::Ours
    } else {
        Answering::Stranger
    }
}

fn shows_our_certificate(stream: TcpStream, ip: IpAddr, roots: &[X509]) -> Option<bool> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    let mut connector = SslConnector::builder(SslMethod::tls_client()).ok()?;
    // These roots and no other: what the system trusts does not vouch for the agent.
    let mut store = X509StoreBuilder::new().ok()?;
    for root in roots {
        store.add_cert(root.clone()).ok()?;
    }
    connector.set_cert_store(store.build());
    Some(connector.build().connect(&ip.to_string(), stream).is_ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::net::TcpListener;

    use super::{Answering, answering};

    #[test]
    fn who_shows_no_certificate_is_a_stranger_and_nobody_is_nobody() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert_eq!(answering(address, &[]), Answering::Stranger);
        drop(listener);
        assert_eq!(answering(address, &[]), Answering::Nobody);
    }
}
