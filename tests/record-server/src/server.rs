//! The server as a library: started from a configuration, stopped in order.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::client_certificate::{CardClients, ClientCertificates};
use crate::configuration::Configuration;
use crate::http::Listener;
use crate::lot::OpenLots;
use crate::problem::Refusal;
use crate::service::Service;
use crate::storage::{Storage, StorageError, StorageThread};
use crate::tls::{AskedOfClients, Tls, TlsError};
use crate::trace::TraceEntry;
use crate::trust::{Trust, TrustError};

/// How often expired lots are swept, whether or not anybody opens one.
const SWEEP_EVERY: std::time::Duration = std::time::Duration::from_secs(60);

/// The server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The data folder cannot be used.
    #[error("the data folder cannot be used: {0}")]
    Data(#[source] std::io::Error),
    /// The database cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Trust cannot be loaded.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The server's certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// The record server.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts serving on the current tokio runtime.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(configuration: Configuration) -> Result<RunningServer, StartError> {
        let data = configuration.data.clone();
        let address = configuration.listen;
        std::fs::create_dir_all(data.join("documents")).map_err(StartError::Data)?;
        let trust = Arc::new(Trust::load(
            configuration.trust.clone(),
            configuration.environment,
        )?);
        let clients = match configuration.client_certificates {
            ClientCertificates::NotAsked | ClientCertificates::Any => None,
            ClientCertificates::Required => Some(Arc::new(CardClients::new(
                Arc::clone(&trust),
                configuration.environment,
                configuration.clock.clone(),
            ))),
        };
        let now = SystemTime::now().into();
        let asked = match (&clients, configuration.client_certificates) {
            (Some(clients), _) => AskedOfClients::CardCertificate(Arc::clone(clients)),
            (None, ClientCertificates::Any) => AskedOfClients::AnyCertificate,
            (None, _) => AskedOfClients::Nothing,
        };
        let tls = Tls::load(&configuration.tls, &asked, now)?;
        let patients = configuration.signers.patients.clone();
        let patients = patients
            .map(|source| Trust::load(source, configuration.environment))
            .transpose()?;
        let lots = OpenLots::new(data.join("staging")).map_err(StartError::Data)?;
        let (storage, thread) = Storage::open(&data.join("records.sqlite"))?;
        remove_orphans(&storage, &data.join("documents")).await?;
        let service = Arc::new(Service::new(configuration, storage, trust, patients, lots));

        let listen_error = |source| StartError::Listen { address, source };
        let listener = Listener::bind(address, tls.config, clients, Arc::clone(&service))
            .await
            .map_err(listen_error)?;
        let address = listener.address().map_err(listen_error)?;
        service.listens_at(address);
        let (stop, stopped) = watch::channel(false);
        let sweeper = tokio::spawn(sweep(Arc::clone(&service), stopped.clone()));
        let serving = tokio::spawn(listener.serve(stopped));
        Ok(RunningServer {
            address,
            root_pem: tls.root_pem,
            service,
            stop,
            tasks: [serving, sweeper],
            thread,
        })
    }
}

/// A server that runs until [`RunningServer::stop`].
#[derive(Debug)]
pub struct RunningServer {
    address: SocketAddr,
    root_pem: Option<String>,
    service: Arc<Service>,
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 2],
    thread: StorageThread,
}

impl RunningServer {
    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The root to trust, where the server made its own certificate.
    #[must_use]
    pub fn root_pem(&self) -> Option<&str> {
        self.root_pem.as_deref()
    }

    /// The whole trace, oldest first: for the operator.
    ///
    /// # Errors
    /// The database failed.
    pub async fn trace(&self) -> Result<Vec<TraceEntry>, Refusal> {
        self.service.whole_trace().await
    }

    /// Ends the lots that have expired, now; done every minute anyway.
    pub fn sweep(&self) {
        self.service.sweep();
    }

    /// Stops: no new connection, requests under way end, the database is closed.
    pub async fn stop(self) {
        // Nobody listens any more where both tasks have already ended.
        let _ = self.stop.send(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a task of the server failed");
            }
        }
        drop(self.service);
        let thread = self.thread;
        if let Err(error) = tokio::task::spawn_blocking(move || thread.join()).await {
            tracing::error!(%error, "the database thread was not waited for");
        }
    }
}

async fn sweep(service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let mut tick = tokio::time::interval(SWEEP_EVERY);
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            _ = tick.tick() => {
                let service = Arc::clone(&service);
                // Removes folders: not for the async executor.
                let swept = tokio::task::spawn_blocking(move || service.sweep()).await;
                if let Err(error) = swept {
                    tracing::error!(%error, "expired lots were not swept");
                }
            }
        }
    }
}

/// Removes folders of lots that have no row: a crash came between the rename and the commit.
async fn remove_orphans(storage: &Storage, documents: &Path) -> Result<(), StartError> {
    let documents = documents.to_owned();
    storage
        .run(move |connection| -> Result<(), OrphanError> {
            for record in std::fs::read_dir(&documents)? {
                for lot in std::fs::read_dir(record?.path())? {
                    let lot = lot?;
                    let known: bool = connection.query_row(
                        "SELECT EXISTS (SELECT 1 FROM lot WHERE id = ?1)",
                        [lot.file_name().to_string_lossy()],
                        |row| row.get(0),
                    )?;
                    if !known {
                        tracing::warn!("a lot that was never committed is removed");
                        std::fs::remove_dir_all(lot.path())?;
                    }
                }
            }
            Ok(())
        })
        .await
        .map_err(|error| match error {
            OrphanError::File(error) => StartError::Data(error),
            OrphanError::Storage(error) => StartError::Storage(error),
        })
}

enum OrphanError {
    File(std::io::Error),
    Storage(StorageError),
}

impl From<std::io::Error> for OrphanError {
    fn from(error: std::io::Error) -> Self {
        Self::File(error)
    }
}

impl From<StorageError> for OrphanError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<rusqlite::Error> for OrphanError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.into())
    }
}
