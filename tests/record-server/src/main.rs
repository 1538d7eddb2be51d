//! The program `paraphe-record-server`: arguments in, one ready line out, a clean stop on SIGTERM or SIGINT. Logs go
//! to stderr and never hold an INS, a name or document content.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use paraphe_protocol::identifiers::Environment;
use paraphe_protocol::login::{Audience, OfferedAlgorithms, OfferedError, Origin};
use paraphe_record_server::server_signer::ServerSignerError;
use paraphe_record_server::{
    ClientCertificates, Clock, Configuration, Limits, Server, ServerSigner, Signers, StartError,
    TlsSource, TrustSource,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Serveur de dossiers de référence / reference record server (docs/record-server.md).
#[derive(Debug, Parser)]
#[command(name = "paraphe-record-server", version)]
struct Arguments {
    /// Dossier des données / data folder; created if absent.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Autorités et listes de révocation / folder with anchors/, intermediates/ and crls/.
    #[arg(long, value_name = "DIR")]
    trust: PathBuf,
    /// Origine des pages / origin of the pages whose logins are accepted, such as `https://localhost:8443`.
    #[arg(long)]
    origin: Origin,
    /// Nom du serveur pour les agents / name of this server in the agents' tables.
    #[arg(long)]
    audience: Audience,
    /// Adresse d'écoute / where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Certificat du serveur / server certificate chain, PEM.
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        conflicts_with = "self_signed"
    )]
    tls_cert: Option<PathBuf>,
    /// Clé du serveur / server private key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Certificat fait au démarrage / make a certificate for localhost, write its root to DIR/root.pem.
    #[arg(long, value_name = "DIR", required_unless_present = "tls_cert")]
    self_signed: Option<PathBuf>,
    /// Exige le certificat d'une carte ou d'une structure / demand a card's or a structure's certificate in the handshake.
    #[arg(long)]
    require_client_certificates: bool,
    /// Demander un certificat, quel qu'il soit, auquel lier la session / ask for a certificate, whichever, to bind the session to.
    #[arg(long, conflicts_with = "require_client_certificates")]
    ask_client_certificates: bool,
    /// Certificat du serveur pour les lots / the server's certificate for lots (ORG_SIGN), PEM, issuing certificates after it.
    #[arg(long, value_name = "FILE", requires = "lot_key")]
    lot_cert: Option<PathBuf>,
    /// Sa clé / its private key, PEM.
    #[arg(long, value_name = "FILE", requires = "lot_cert")]
    lot_key: Option<PathBuf>,
    /// Responsables des structures / persons responsible for structures: `structure national-identifier` a line, read again
    /// each time.
    #[arg(long, value_name = "FILE")]
    responsible: Option<PathBuf>,
    /// Autorités des patients / folder with anchors/, intermediates/ and crls/ of patients' own tokens; never a professional's.
    #[arg(long, value_name = "DIR")]
    patient_trust: Option<PathBuf>,
    /// Serveur de test / test server: test cards only.
    #[arg(long)]
    accept_test: bool,
    /// Algorithmes admis pour une connexion, dans l'ordre / algorithms of logins, in order: RS256,PS256,ES256,ES384 unless given.
    #[arg(long, value_name = "NAMES", value_parser = offered)]
    offered: Option<OfferedAlgorithms>,
    /// Admettre des sessions qui ne sont liées à aucune clé / admit sessions that are bound to no key: a stolen token then serves.
    #[arg(long)]
    accept_unbound: bool,
    /// Documents par lot / documents in a lot.
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().documents_per_lot)]
    documents_per_lot: usize,
    /// Octets par document / bytes in a document.
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().document_bytes)]
    document_bytes: u64,
}

/// What stops the program.
#[derive(Debug, thiserror::Error)]
enum ProgramError {
    #[error("{path}: {source}")]
    File {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(transparent)]
    Signer(#[from] ServerSignerError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    System(#[from] std::io::Error),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut stderr = std::io::stderr().lock();
            // Nothing can be done where even this cannot be written.
            let _ = writeln!(stderr, "paraphe-record-server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), ProgramError> {
    let tls = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(certificate), Some(key)) => TlsSource::Pem {
            certificate_chain: read(certificate)?,
            private_key: read(key)?,
        },
        _ => TlsSource::SelfSigned,
    };
    let server = match (&arguments.lot_cert, &arguments.lot_key) {
        (Some(certificate), Some(key)) => {
            Some(ServerSigner::from_pem(&read(certificate)?, &read(key)?)?)
        }
        _ => None,
    };
    // Waited for from before the ready line on, so that a stop right after it is clean too.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let audience = arguments.audience.clone();
    let running = Server::start(Configuration {
        origin: arguments.origin,
        audience: arguments.audience,
        listen: arguments.listen,
        data: arguments.data,
        trust: TrustSource::Directory(arguments.trust),
        environment: if arguments.accept_test {
            Environment::Test
        } else {
            Environment::Production
        },
        tls,
        client_certificates: if arguments.require_client_certificates {
            ClientCertificates::Required
        } else if arguments.ask_client_certificates {
            ClientCertificates::Any
        } else {
            ClientCertificates::NotAsked
        },
        offered: arguments.offered.unwrap_or_else(OfferedAlgorithms::all),
        accept_unbound: arguments.accept_unbound,
        clock: Clock::system(),
        signers: Signers {
            server,
            responsible: arguments.responsible,
            patients: arguments.patient_trust.map(TrustSource::Directory),
        },
        limits: Limits {
            documents_per_lot: arguments.documents_per_lot,
            document_bytes: arguments.document_bytes,
            ..Limits::default()
        },
    })
    .await?;
    if let (Some(folder), Some(root)) = (&arguments.self_signed, running.root_pem()) {
        write(folder, root)?;
    }
    let mut stdout = std::io::stdout().lock();
    writeln!(
        stdout,
        "ready https://{} audience {audience}",
        running.address()
    )?;
    stdout.flush()?;
    drop(stdout);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await;
    Ok(())
}

fn offered(names: &str) -> Result<OfferedAlgorithms, OfferedError> {
    OfferedAlgorithms::new(names.split(',').map(str::to_owned).collect())
}

fn read(path: &Path) -> Result<Vec<u8>, ProgramError> {
    std::fs::read(path).map_err(|source| ProgramError::File {
        path: path.to_owned(),
        source,
    })
}

/// Writes the root beside and renames it, so that nobody reads half of it.
fn write(folder: &Path, root: &str) -> Result<(), ProgramError> {
    let path = folder.join("root.pem");
    let beside = folder.join(".root.pem.new");
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&beside, root))
        .and_then(|()| std::fs::rename(&beside, &path))
        .map_err(|source| ProgramError::File { path, source })
}
