//! What the server is made of, and the one way through which every action goes: identify, check the rules, act, trace.
//! The actions themselves are methods written beside what they act on (`session.rs`, `record.rs`, `lot/`).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use paraphe_certs::UnixTime;
use paraphe_stores::SqliteStore;

use crate::configuration::Configuration;
use crate::http::Credentials;
use crate::lot::OpenLots;
use crate::nonce::NonceResponse;
use crate::problem::Refusal;
use crate::rules::Action;
use crate::session::Session;
use crate::storage::Storage;
use crate::token::random_bytes;
use crate::trace::{Entry, TraceEntry, all};
use crate::trust::Trust;

/// The server without its sockets.
#[derive(Debug)]
pub(crate) struct Service {
    configuration: Arc<Configuration>,
    storage: Storage,
    trust: Arc<Trust>,
    patients: Option<Arc<Trust>>,
    lots: Arc<OpenLots>,
    /// Where it listens, once it does.
    address: OnceLock<SocketAddr>,
}

impl Service {
    pub(crate) fn new(
        configuration: Configuration,
        storage: Storage,
        trust: Arc<Trust>,
        patients: Option<Trust>,
        lots: OpenLots,
    ) -> Self {
        Self {
            configuration: Arc::new(configuration),
            storage,
            trust,
            patients: patients.map(Arc::new),
            lots: Arc::new(lots),
            address: OnceLock::new(),
        }
    }

    pub(crate) fn listens_at(&self, address: SocketAddr) {
        // Told once, before anything is served.
        let _ = self.address.set(address);
    }

    /// The URLs by which clients may know this server, without path: its pages' origin, and where it listens.
    pub(crate) fn own_urls(&self) -> impl Iterator<Item = String> {
        let origin = self.configuration.origin.to_string();
        let listening = self.address.get().into_iter().flat_map(|address| {
            let by_name = format!("https://localhost:{}", address.port());
            [format!("https://{address}"), by_name]
        });
        std::iter::once(origin).chain(listening)
    }

    pub(crate) fn configuration(&self) -> Arc<Configuration> {
        Arc::clone(&self.configuration)
    }

    pub(crate) const fn storage(&self) -> &Storage {
        &self.storage
    }

    pub(crate) fn trust(&self) -> Arc<Trust> {
        Arc::clone(&self.trust)
    }

    /// Whom to trust for patients' certificates, where they are taken at all.
    pub(crate) fn patients(&self) -> Option<Arc<Trust>> {
        self.patients.clone()
    }

    pub(crate) fn lots(&self) -> &Arc<OpenLots> {
        &self.lots
    }

    pub(crate) fn now(&self) -> UnixTime {
        self.configuration.clock.now()
    }

    /// Folder of the documents of a stored lot.
    pub(crate) fn lot_folder(&self, record: &str, lot: &str) -> PathBuf {
        self.configuration
            .data
            .join("documents")
            .join(record)
            .join(lot)
    }

    /// `POST /v1/nonce`.
    pub(crate) async fn nonce(&self) -> Result<NonceResponse, Refusal> {
        let now = self.now();
        let server = self.configuration.login_server();
        let issued = self
            .storage
            .run(move |connection| -> Result<_, Refusal> {
                let store = &mut SqliteStore::on(connection);
                Ok(server.issue_nonce(store, random_bytes()?, now)?)
            })
            .await?;
        let offered = self.configuration.offered.names();
        Ok(NonceResponse {
            nonce: issued.nonce.to_string(),
            expires_at: issued.expires_at,
            audience: self.configuration.audience.to_string(),
            offered: offered.map(str::to_owned).collect(),
        })
    }

    /// Identifies who asks and checks the rules, before anything of the request's body is read.
    pub(crate) async fn authorise(
        &self,
        credentials: &Credentials,
        action: Action,
        entry: &mut Entry,
    ) -> Result<Session, Refusal> {
        let session = self.session(credentials).await?;
        entry.actor = Some(session.actor.clone());
        session.check(action)?;
        Ok(session)
    }

    /// Writes the trace of an action that ended this way, unless the action wrote it with its own data. A trace that
    /// cannot be written makes the action fail.
    pub(crate) async fn trace_outcome<T: Send>(
        &self,
        entry: Entry,
        outcome: Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let line = match &outcome {
            Ok(_) if entry.settled => return outcome,
            Ok(_) => entry.done(),
            Err(refusal) => entry.refused(refusal.code),
        };
        self.storage
            .run(move |connection| line.write(connection).map_err(Refusal::from))
            .await?;
        outcome
    }

    /// The whole trace, oldest first.
    pub(crate) async fn whole_trace(&self) -> Result<Vec<TraceEntry>, Refusal> {
        self.storage
            .run(|connection| all(connection).map_err(Refusal::from))
            .await
    }

    /// Removes what has expired.
    pub(crate) fn sweep(&self) {
        self.lots.sweep(self.now());
    }
}
