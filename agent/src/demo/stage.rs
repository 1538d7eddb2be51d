//! The stage: a workstation with two readers, its agent behind the HTTPS door, and a record server, all in this
//! process and in one folder. Keys and certificates are made there, afresh, and vouch for nothing outside.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_protocol::api::{Event, EventKind, EventsRequest, EventsResponse, Operation};
use paraphe_protocol::identifiers::Environment;
use paraphe_protocol::login::OfferedAlgorithms;
use paraphe_record_server::client::Client;
use paraphe_record_server::{
    ClientCertificates, Clock, Configuration, Limits as RecordLimits, RunningServer, Server,
    TlsSource, TrustSource,
};
use paraphe_softcard::{PkiDirectory, Profile, SoftCard};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::DemoError;
use super::page::Page;
use super::pin::ScriptedFingers;
use crate::config::Config;
use crate::door::https::HttpsDoor;
use crate::door::{Limits, Reception, Stop};
use crate::reader::InProcessReaders;
use crate::service::Agent;
use crate::trust::TlsDirectory;

/// The record's site; a name that no resolver will ever know (RFC 6761).
pub(super) const ORIGIN: &str = "https://dossier.simulateur.invalid";
/// The record server's name in the agent's own table.
const AUDIENCE: &str = "urn:paraphe:demo:record-server";
/// Reader of the professional's card.
pub(super) const PROFESSIONAL_READER: &str = "Lecteur de demonstration 00 00";
/// Reader of the patient's card.
pub(super) const PATIENT_READER: &str = "Lecteur de demonstration 00 01";

/// Everything that runs during the demo.
pub(super) struct Stage {
    pub(super) page: Page,
    pub(super) readers: InProcessReaders,
    pub(super) records: Client,
    pub(super) pki: PkiDirectory,
    server: RunningServer,
    door: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Stage {
    /// Sets everything up under `folder`.
    pub(super) async fn set(folder: &Path) -> Result<Self, DemoError> {
        let now = UnixTime::from(SystemTime::now());
        let pki =
            PkiDirectory::open_or_create(&folder.join("pki"), now).map_err(DemoError::because)?;

        let server = Server::start(Configuration {
            origin: ORIGIN.parse().map_err(DemoError::because)?,
            audience: AUDIENCE.parse().map_err(DemoError::because)?,
            listen: ([127, 0, 0, 1], 0).into(),
            data: folder.join("record-server"),
            trust: TrustSource::Directory(pki.path_of_directory().to_owned()),
            environment: Environment::Test,
            tls: TlsSource::SelfSigned,
            client_certificates: ClientCertificates::default(),
            offered: OfferedAlgorithms::all(),
            accept_unbound: false,
            clock: Clock::system(),
            signers: paraphe_record_server::Signers::default(),
            limits: RecordLimits::default(),
        })
        .await
        .map_err(DemoError::because)?;
        let root = server.root_pem().unwrap_or_default().to_owned();
        let records = Client::new(&format!("https://{}", server.address()), root.as_bytes())?;

        let config = Arc::new(configuration(&pki)?);
        let readers = InProcessReaders::new();
        readers.add_reader(PROFESSIONAL_READER);
        readers.add_reader(PATIENT_READER);
        let agent = Agent::start_in(
            Arc::clone(&config),
            Arc::new(readers.clone()),
            Arc::new(ScriptedFingers),
            &folder.join("agent"),
        )
        .map_err(DemoError::because)?;

        let tls = TlsDirectory::new(folder.join("agent").join("tls"));
        tls.initialise(now, false).map_err(DemoError::because)?;
        let identity = tls
            .read(now)
            .and_then(crate::trust::TrustState::into_identity)
            .map_err(DemoError::because)?;
        let door = HttpsDoor::listen(0, identity)
            .await
            .map_err(DemoError::because)?;
        let port = door.port();
        let (stop, stopped) = Stop::by_hand();
        let door = tokio::spawn(async move {
            let callers = agent.callers();
            let reception = Reception::new(Limits::default(), agent.traffic().clone());
            door.serve(agent, callers, Arc::new(reception), stopped)
                .await;
        });
        let page = Page::open(port, &fs::read(tls.root_file())?, ORIGIN).await?;

        Ok(Self {
            page,
            readers,
            records,
            pki,
            server,
            door,
            stop,
        })
    }

    /// Puts a shipped card into a reader, in place of the one that is there, and waits until the agent has seen it.
    pub(super) async fn insert(&mut self, reader: &str, profile: &str) -> Result<(), DemoError> {
        let profile = Profile::shipped(profile).map_err(DemoError::because)?;
        let card = SoftCard::new(&profile, &mut self.pki).map_err(DemoError::because)?;
        let before: EventsResponse = self
            .page
            .call(Operation::Events, &EventsRequest::default())
            .await?;
        self.readers.insert(reader, card);
        let mut cursor = before.cursor;
        loop {
            let request = EventsRequest {
                cursor: Some(cursor),
                wait_ms: Some(5_000),
            };
            let news: EventsResponse = self.page.call(Operation::Events, &request).await?;
            let seen =
                |event: &Event| event.kind == EventKind::CardInserted && event.reader == reader;
            if news.events.iter().any(seen) {
                return Ok(());
            }
            if news.events.is_empty() {
                return Err(DemoError::because("the agent did not see the card"));
            }
            cursor = news.cursor;
        }
    }

    /// Stops everything in order.
    pub(super) async fn strike(self) -> Result<(), DemoError> {
        drop(self.page);
        self.stop.send_replace(true);
        self.door.await.map_err(DemoError::because)?;
        self.server.stop().await;
        Ok(())
    }
}

/// The folder for the results: the one named, if it is absent or empty, or a new temporary one.
pub(super) fn results_folder(named: Option<&Path>) -> Result<PathBuf, DemoError> {
    let Some(folder) = named else {
        let folder = tempfile::Builder::new().prefix("paraphe-demo-").tempdir()?;
        return Ok(folder.keep());
    };
    if folder.exists() && fs::read_dir(folder)?.next().is_some() {
        return Err(DemoError::OutputNotEmpty(folder.to_owned()));
    }
    fs::create_dir_all(folder)?;
    Ok(fs::canonicalize(folder)?)
}

/// The same configuration file that an administrator would write.
fn configuration(pki: &PkiDirectory) -> Result<Config, DemoError> {
    let text = format!(
        "[[record_server]]\n\
         name = \"demo\"\n\
         title = \"Dossier de démonstration\"\n\
         audience = \"{AUDIENCE}\"\n\
         [[site]]\n\
         origin = \"{ORIGIN}\"\n\
         record_server = \"demo\"\n\
         [trust]\n\
         anchors = {anchors:?}\n\
         intermediates = {intermediates:?}\n\
         crls = {crls:?}\n\
         accept_test = true\n",
        anchors = pki.anchors(),
        intermediates = pki.intermediates(),
        crls = pki.crls(),
    );
    Config::from_toml(&text, Path::new("demo.toml")).map_err(DemoError::because)
}
