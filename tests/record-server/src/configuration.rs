//! What an operator decides: names, addresses, folders, trust, environment, limits. Limits are data, with the defaults
//! of the French shared record where it has one (50 documents of 5 MB in a lot).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use paraphe_protocol::identifiers::Environment;
use paraphe_protocol::login::{Audience, OfferedAlgorithms, Origin};
use paraphe_protocol::login_server::LoginServer;

use crate::client_certificate::ClientCertificates;
use crate::clock::Clock;
use crate::signers::Signers;
use crate::tls::TlsSource;
use crate::trust::TrustSource;

/// Everything that [`Server::start`](crate::Server::start) needs.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Origin of the pages whose logins are accepted.
    pub origin: Origin,
    /// Name of this server, as agents have it in their own table.
    pub audience: Audience,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder of the database, the documents and the stagings. Created if absent.
    pub data: PathBuf,
    /// Whom to trust.
    pub trust: TrustSource,
    /// Test servers accept test cards only and give identities under the test authority; production the reverse.
    pub environment: Environment,
    /// The server's own certificate.
    pub tls: TlsSource,
    /// Whether clients authenticate themselves in the handshake.
    pub client_certificates: ClientCertificates,
    /// Signature algorithms accepted for a login, told with each nonce.
    pub offered: OfferedAlgorithms,
    /// Whether logins and sessions may be bound to no key: a stolen session token then serves whoever has it.
    pub accept_unbound: bool,
    /// The clock.
    pub clock: Clock,
    /// Who signs lots besides the cards of sessions.
    pub signers: Signers,
    /// Limits.
    pub limits: Limits,
}

impl Configuration {
    /// The server as far as logins go.
    pub(crate) fn login_server(&self) -> LoginServer {
        LoginServer {
            audience: self.audience.clone(),
            origin: self.origin.clone(),
            offered: self.offered.clone(),
            environment: self.environment,
            nonce_seconds: self.limits.nonce_seconds,
            outstanding_nonces: self.limits.outstanding_nonces,
            accept_unbound: self.accept_unbound,
        }
    }
}

/// Limits of what a client may ask. Sizes in bytes, times in seconds.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Documents in a lot.
    pub documents_per_lot: usize,
    /// Bytes in a document.
    pub document_bytes: u64,
    /// Bytes of a JSON request before a session is known.
    pub login_bytes: usize,
    /// Bytes of a JSON request in a session.
    pub request_bytes: usize,
    /// Certificates of patients' tokens on one record.
    pub patient_certificates: usize,
    /// Bytes of a lot's signature file (the commit request may have a third more, for base64).
    pub signature_bytes: usize,
    /// Life of a nonce.
    pub nonce_seconds: i64,
    /// Life of a session.
    pub session_seconds: i64,
    /// Life of a lot that is not committed.
    pub lot_seconds: i64,
    /// Nonces neither used nor expired.
    pub outstanding_nonces: u64,
    /// Lots open at once, over all sessions.
    pub open_lots: usize,
    /// Lots open at once in one session.
    pub open_lots_per_session: usize,
    /// Connections at once.
    pub connections: usize,
    /// A handshake, a request head or the next piece of a body that takes longer ends the connection.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            documents_per_lot: 50,
            document_bytes: 5_000_000,
            login_bytes: 64 << 10,
            request_bytes: 1 << 20,
            patient_certificates: 4,
            signature_bytes: 4 << 20,
            nonce_seconds: 120,
            session_seconds: 3_600,
            lot_seconds: 600,
            outstanding_nonces: 10_000,
            open_lots: 64,
            open_lots_per_session: 4,
            connections: 256,
            idle: Duration::from_secs(30),
        }
    }
}
