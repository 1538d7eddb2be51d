//! Tunnels: a port on 127.0.0.1 behind which a configured record server answers, over mutual TLS with the card's authentication
//! certificate (docs/tunnel.md). Practice software speaks plain HTTP/1.1 to the port; the card signs each full TLS handshake, most
//! connections are resumed without it, and bodies of any size pass in pieces. One PIN entry opens one tunnel, for a bounded number of
//! handshakes and a bounded time.
//!
//! Refused: a server that the configuration does not name, one whose certificate leads to none of its own anchors or is for another
//! name, and whoever at the port does not know the tunnel's secret.

mod admission;
mod anchors;
mod failure;
mod forward;
mod key;
mod one_tunnel;
mod port;
mod sessions;
mod signer;
mod suites;
mod traffic;
mod upstream;

use std::path::Path;
use std::sync::Arc;

use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{ErrorCode, TunnelEndReason, TunnelOpenResponse, TunnelSummary};
use paraphe_protocol::tls::TlsVersion;
use rustls::RootCertStore;
use tokio::runtime::Handle;

use crate::document_store::Owner;
use crate::opened::{self, Opened, OpenedList};
use crate::problem::Failure;
use crate::service::Inner;

pub(crate) use one_tunnel::{Tunnel, TunnelTerms};
pub(crate) use port::LocalPort;

/// Tunnels that may be open at once.
const MAXIMUM_OPEN: usize = 8;

/// The tunnels of this agent. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tunnels(OpenedList<Tunnel>);

impl Tunnels {
    /// Whether one more may be opened; asked before the PIN is.
    pub(crate) fn check_room(&self) -> Result<(), Failure> {
        if self.0.open() < MAXIMUM_OPEN {
            return Ok(());
        }
        Err(Failure::new(ErrorCode::TunnelLimit).with_detail(
            format!("{MAXIMUM_OPEN} tunnels sont déjà ouverts."),
            format!("{MAXIMUM_OPEN} tunnels are open already."),
        ))
    }

    /// Begins a tunnel: watched, reached once so that what is wrong is told now, then open to its caller. Blocks; within the runtime.
    pub(crate) fn begin(
        &self,
        agent: &Inner,
        port: LocalPort,
        terms: TunnelTerms,
    ) -> Result<TunnelOpenResponse, Failure> {
        let locks_told = terms.locks_told;
        let tunnel = Tunnel::new(terms, port.number(), agent)?;
        self.0.add(&tunnel);
        let started = opened::watch(&tunnel, agent.readers.clone());
        let reached = started.and_then(|()| {
            // In the list by now: what is told from here on reaches it, and what was told before is seen here.
            if let (told, Some(reason)) = agent.mandates.last_told()
                && told != locks_told
            {
                tunnel.end(reason.into());
            }
            reach(&tunnel)
        });
        if let Err(failure) = reached {
            tunnel.end(TunnelEndReason::NotReached);
            return Err(failure);
        }
        port.open(&tunnel, agent.config.tunnel.maximum_connections);
        tunnel.announce();
        let secret = tunnel.secret().reveal();
        Ok(TunnelOpenResponse {
            address: format!("http://127.0.0.1:{}/{secret}", tunnel.port()),
            secret: secret.to_owned(),
            tunnel: tunnel.summary(agent),
        })
    }

    /// The tunnel of this name, if it is this owner's.
    pub(crate) fn find(&self, owner: &Owner, id: &str) -> Result<Arc<Tunnel>, Failure> {
        let found = self.0.find(owner, id);
        found.ok_or_else(|| ErrorCode::TunnelUnknown.into())
    }

    /// All of this owner's, the oldest first.
    pub(crate) fn of(&self, owner: &Owner, agent: &Inner) -> Vec<TunnelSummary> {
        let own = self.0.of(owner);
        own.iter().map(|one| one.summary(agent)).collect()
    }

    /// Ends them all.
    pub(crate) fn end_all(&self, reason: TunnelEndReason) {
        self.0.end_all(reason);
    }
}

/// Connects once. A server that asks for no certificate is not one to be reached so.
fn reach(tunnel: &Tunnel) -> Result<(), Failure> {
    Handle::current().block_on(tunnel.upstream().try_out())?;
    if tunnel.handshakes() == 0 {
        return Err(failure::not_asked());
    }
    Ok(())
}

/// The version that is spoken with a card of these algorithms: the one that the configuration wants, or the highest that it can do.
pub(crate) fn version(
    algorithms: &[SignatureAlgorithm],
    wanted: Option<TlsVersion>,
) -> Result<TlsVersion, Failure> {
    suites::version(algorithms, wanted)
}

/// Whom to trust for a record server's certificate.
pub(crate) fn load_anchors(place: &Path) -> Result<RootCertStore, Failure> {
    anchors::load(place)
}
