//! The agent itself, as its doors see it: one call per operation, whoever asks and through whichever door. Blocking work
//! (cards, PIN entry, files, hashing) runs on threads of its own, never on the async executor, and a bounded number at once.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use paraphe_certs::UnixTime;
use paraphe_protocol::SecretPage;
use paraphe_protocol::api::{ErrorCode, Language, Operation, Problem, TunnelEndReason};
use paraphe_protocol::card::CardCache;
use paraphe_protocol::identifiers::Oid;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use crate::audit::Journal;
use crate::batch::Batches;
use crate::caller::Caller;
use crate::config::{Config, Directories};
use crate::document_store::DocumentStore;
use crate::door::{Callers, Handler, Traffic};
use crate::elsewhere;
use crate::events::EventLog;
use crate::evidence::{EvidenceSource, HttpFetcher};
use crate::installation::Installation;
use crate::mandate::Mandates;
use crate::open_requests::OpenRequests;
use crate::operation::{self, Context, TrustLoader};
use crate::own_page::PageSessions;
use crate::pin::{AwaitedEntry, PinEntry};
use crate::problem::Failure;
use crate::reader::{Backend, Readers, with_patience};
use crate::sites::{PairingWindow, Sites};
use crate::token::pkcs11::Modules;
use crate::tunnel::Tunnels;
use crate::vitale_component::ComponentProgram;

pub use crate::token::pkcs11::HelperProgram;

/// Operations that may block at the same time; more are refused rather than queued.
const MAXIMUM_BLOCKING: usize = 32;
/// How long the start waits for the first list of readers.
const FIRST_LISTING: Duration = Duration::from_secs(3);

/// The agent. Clones are the same agent.
#[derive(Debug, Clone)]
pub struct Agent {
    inner: Arc<Inner>,
    blocking: Arc<Semaphore>,
}

pub(crate) struct Inner {
    pub(crate) config: Arc<Config>,
    pub(crate) readers: Readers,
    pub(crate) modules: Modules,
    pub(crate) events: EventLog,
    pub(crate) documents: DocumentStore,
    pub(crate) mandates: Mandates,
    pub(crate) tunnels: Tunnels,
    pub(crate) batches: Batches,
    /// Which sites may ask for what.
    pub(crate) sites: Sites,
    pub(crate) pairing_window: PairingWindow,
    pub(crate) journal: Arc<Journal>,
    pub(crate) page_sessions: PageSessions,
    /// The question for a PIN that is open.
    pub(crate) requests: OpenRequests,
    this: Weak<Self>,
    installation: Installation,
    pub(crate) trust: TrustLoader,
    pub(crate) evidence: EvidenceSource,
    pub(crate) traffic: Traffic,
    pub(crate) card_cache: Arc<Mutex<CardCache>>,
    /// End of validity of cards read since the start, by serial number, the latest last.
    expiries: Mutex<VecDeque<(String, UnixTime)>>,
    pub(crate) pin_entry: Arc<dyn PinEntry>,
    /// Held while the person is asked for a PIN.
    pub(crate) pin_dialogue: Mutex<()>,
    /// What the operator plugged in, in the order of preference.
    pub(crate) vitale_programs: Vec<ComponentProgram>,
}

/// Why the agent cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No thread could be started.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
    /// There is no place for documents.
    #[error("{}: no place for documents: {source}", path.display())]
    Documents {
        /// Where documents should have been put.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl Agent {
    /// Starts the agent: the readers are watched from now on. Blocks up to 3 seconds until they are listed for the first
    /// time. Documents in hand are kept in unnamed files under the user's state directory.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(
        config: Arc<Config>,
        backend: Arc<dyn Backend>,
        pin_entry: Arc<dyn PinEntry>,
    ) -> Result<Self, StartError> {
        let directory = Directories::from_environment()
            .state
            .unwrap_or_else(std::env::temp_dir);
        Self::start_in(config, backend, pin_entry, &directory)
    }

    /// The same, with documents in hand kept under `directory`.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_in(
        config: Arc<Config>,
        backend: Arc<dyn Backend>,
        pin_entry: Arc<dyn PinEntry>,
        directory: &Path,
    ) -> Result<Self, StartError> {
        Self::start_with(
            config,
            backend,
            pin_entry,
            directory,
            &HelperProgram::this_program(),
        )
    }

    /// The same, with `helper` started for PKCS#11 modules; for programs other than `paraphe` that hold an agent.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start_with(
        config: Arc<Config>,
        backend: Arc<dyn Backend>,
        pin_entry: Arc<dyn PinEntry>,
        directory: &Path,
        helper: &HelperProgram,
    ) -> Result<Self, StartError> {
        let documents = DocumentStore::open(directory, config.limits).map_err(|source| {
            StartError::Documents {
                path: directory.to_owned(),
                source,
            }
        })?;
        if !SecretPage::new().is_locked() {
            tracing::warn!(
                "the system does not lock memory (RLIMIT_MEMLOCK): a PIN may reach the swap space"
            );
        }
        let events = EventLog::new();
        let journal = Arc::new(Journal::in_directory(directory, server_names(&config)));
        let readers =
            Readers::start(backend, events.clone(), FIRST_LISTING).map_err(StartError::Thread)?;
        let tunnels = Tunnels::default();
        let mandates = Mandates::new(
            events.clone(),
            Arc::clone(&journal),
            readers.clone(),
            config.session_bus.clone(),
        );
        // What ends mandates with the session ends tunnels too.
        let beside = tunnels.clone();
        mandates.also_end(move |reason| beside.end_all(reason.into()));
        Ok(Self {
            inner: Arc::new_cyclic(|this| Inner {
                this: Weak::clone(this),
                batches: Batches::in_directory(directory),
                journal: Arc::clone(&journal),
                trust: TrustLoader::with_freshness(
                    config.trust.clone(),
                    config.revocation.freshness,
                ),
                evidence: EvidenceSource::new(
                    Arc::clone(&config),
                    Arc::new(HttpFetcher::new(Arc::clone(&config))),
                    directory,
                ),
                vitale_programs: config
                    .vitale_components
                    .iter()
                    .cloned()
                    .map(ComponentProgram::new)
                    .collect(),
                modules: Modules::new(&config.pkcs11_modules, helper),
                sites: Sites::in_directory(Arc::clone(&config), directory, events.clone(), journal),
                pairing_window: PairingWindow::default(),
                page_sessions: PageSessions::default(),
                requests: OpenRequests::default(),
                mandates,
                tunnels,
                config,
                readers,
                events,
                documents,
                installation: Installation::in_directory(directory),
                traffic: Traffic::new(),
                card_cache: Arc::default(),
                expiries: Mutex::default(),
                pin_entry: Arc::new(AwaitedEntry(pin_entry)),
                pin_dialogue: Mutex::default(),
            }),
            blocking: Arc::new(Semaphore::new(MAXIMUM_BLOCKING)),
        })
    }

    /// Performs `operation` for `caller`: `body` is the JSON of its request, the answer that of its response. Must be called
    /// within a tokio runtime.
    ///
    /// # Errors
    /// A problem document, in `language`.
    pub async fn perform(
        &self,
        caller: &Caller,
        operation: Operation,
        body: &[u8],
        language: Language,
    ) -> Result<Box<RawValue>, Problem> {
        let result = match self.inner.sites.check(caller, operation) {
            Err(failure) => Err(failure),
            Ok(()) => {
                self.perform_permitted(caller, operation, body, language)
                    .await
            }
        };
        result.map_err(|failure| {
            tracing::info!(%operation, code = failure.code().name(), "refused or failed");
            failure.into_problem(language)
        })
    }

    /// Starts to watch the tokens of PKCS#11 modules; until somebody asks for events nothing is loaded for that.
    pub fn watch_tokens(&self) {
        self.inner
            .modules
            .watch(&self.inner.readers, &self.inner.events);
    }

    /// Stops every batch between two card operations and ends every mandate and tunnel: the agent is about to stop.
    pub fn stop(&self) {
        self.inner.batches.stop();
        self.inner.mandates.stop();
        self.inner.tunnels.end_all(TunnelEndReason::AgentStopped);
    }

    /// The numbers of the doors, to be counted there.
    #[must_use]
    pub fn traffic(&self) -> &Traffic {
        &self.inner.traffic
    }

    /// What operations act on, for tests that go below them.
    #[cfg(all(test, feature = "softcard"))]
    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// Whom the HTTPS door may let in.
    #[must_use]
    pub fn callers(&self) -> Callers {
        Callers {
            sites: self.inner.sites.clone(),
            own_page: Some(self.inner.page_sessions.clone()),
        }
    }

    /// The readers, for those who start the agent in their own process.
    #[must_use]
    pub fn readers(&self) -> &Readers {
        &self.inner.readers
    }

    /// `lot/sign` for the person at the command line, in this very process: `directory`, which must not exist or be empty,
    /// holds the documents as signed, `lot-signature.xml` and `lot.json` afterwards, or nothing.
    ///
    /// # Errors
    /// A problem document, in `language`.
    pub async fn sign_lot_into(
        &self,
        body: &[u8],
        directory: &Path,
        language: Language,
    ) -> Result<Box<RawValue>, Problem> {
        let body = body.to_vec();
        let directory = directory.to_owned();
        self.run_blocking(&Caller::CommandLine, language, move |context| {
            operation::sign_lot_into(context, &body, &directory)
        })
        .await
        .map_err(|failure| failure.into_problem(language))
    }

    async fn perform_permitted(
        &self,
        caller: &Caller,
        operation: Operation,
        body: &[u8],
        language: Language,
    ) -> Result<Box<RawValue>, Failure> {
        match operation {
            Operation::Events => {
                self.watch_tokens();
                operation::wait_for_events(&self.inner.events, caller, body).await
            }
            Operation::PairingStatus => {
                operation::wait_for_pairing(&self.inner.sites, caller, body).await
            }
            _ => {
                self.perform_blocking(caller, operation, body, language)
                    .await
            }
        }
    }

    async fn perform_blocking(
        &self,
        caller: &Caller,
        operation: Operation,
        body: &[u8],
        language: Language,
    ) -> Result<Box<RawValue>, Failure> {
        let body = body.to_vec();
        self.run_blocking(caller, language, move |context| {
            operation::perform(context, operation, &body)
        })
        .await
    }

    async fn run_blocking(
        &self,
        caller: &Caller,
        language: Language,
        work: impl FnOnce(&Context<'_>) -> Result<Box<RawValue>, Failure> + Send + 'static,
    ) -> Result<Box<RawValue>, Failure> {
        let permit = Arc::clone(&self.blocking)
            .try_acquire_owned()
            .map_err(|_| Failure::new(ErrorCode::TooBusy))?;
        let inner = Arc::clone(&self.inner);
        let caller = caller.clone();
        let report = elsewhere::Report::of_this_task();
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            report.tell(|| {
                with_patience(inner.config.limits.card_time, || {
                    work(&Context {
                        agent: &inner,
                        caller: &caller,
                        language,
                    })
                })
            })
        })
        .await
        .unwrap_or_else(|_| Err(Failure::new(ErrorCode::Internal)))
    }
}

fn server_names(config: &Config) -> Vec<String> {
    let servers = config.record_servers.iter();
    servers
        .map(|server| server.name.as_str().to_owned())
        .collect()
}

impl Inner {
    /// Remembers when the first certificate of a card ends.
    pub(crate) fn note_expiry(&self, serial: &str, ends: UnixTime) {
        let mut expiries = self.expiries.lock().unwrap_or_else(PoisonError::into_inner);
        expiries.retain(|(known, _)| known != serial);
        expiries.push_back((serial.to_owned(), ends));
        let excess = expiries.len().saturating_sub(CardCache::MAX_CARDS);
        expiries.drain(..excess);
    }

    /// When the first certificate of a card ends, where it was read before.
    pub(crate) fn expiry(&self, serial: &str) -> Option<UnixTime> {
        let expiries = self.expiries.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, ends) = expiries.iter().find(|(known, _)| known == serial)?;
        Some(*ends)
    }

    /// The agent for work that outlives a request.
    pub(crate) fn shared(&self) -> Result<Arc<Self>, Failure> {
        self.this
            .upgrade()
            .ok_or_else(|| ErrorCode::Internal.into())
    }

    /// Which installation of the software this is.
    pub(crate) fn installation_id(&self) -> Result<Oid, Failure> {
        self.installation.id(operation::unique_id)
    }
}

impl Handler for Agent {
    fn perform(
        &self,
        caller: &Caller,
        operation: Operation,
        body: &[u8],
        language: Language,
    ) -> impl Future<Output = Result<Box<RawValue>, Problem>> + Send {
        Self::perform(self, caller, operation, body, language)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.mandates.stop();
        self.tunnels.end_all(TunnelEndReason::AgentStopped);
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Agent").finish_non_exhaustive()
    }
}
