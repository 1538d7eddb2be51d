//! `paraphe batch`: many files, each signed by itself. `start` and `resume` stay until the end and show how far it is; with
//! `--detach` the running agent goes on alone. A command that does its own work may be interrupted at any point: `resume` goes on.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use paraphe_protocol::api::{
    BatchCancelRequest, BatchChoice, BatchForgetRequest, BatchItemRequest, BatchResultRequest,
    BatchResumeRequest, BatchStartRequest, BatchState, BatchStatusRequest, BatchSummary,
    DocumentSource, Operation,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Ending;
use super::batch_progress::Progress;
use super::failure::Failure;
use super::output::{self, Lines, at, either, list};
use super::session::{Invocation, Session, invalid};

/// How often the agent is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Longest title, characters (the API's limit).
const MAXIMUM_TITLE: usize = 128;
/// Files that fit a request; more go through a list.
const MAXIMUM_INLINE: usize = 5_000;

#[derive(Debug, Subcommand)]
pub(super) enum BatchCommand {
    /// Signe des fichiers, un par un, avec une seule saisie / signs files, each by itself, with one entry
    Start(StartArguments),
    /// Où en sont les traitements / how the batches stand
    Status {
        /// Un seul / one only
        batch: Option<String>,
        /// Avec ses éléments, à partir de celui-ci / with its items, from this one on
        #[arg(long, value_name = "N", requires = "batch")]
        from: Option<u32>,
    },
    /// Continue ce qui manque / goes on with what is missing
    Resume(ResumeArguments),
    /// Arrête entre deux signatures / stops between two signatures
    Cancel {
        /// Lequel / which
        batch: String,
    },
    /// Oublie un traitement et les résultats que l'agent en garde / forgets a batch and the results that the agent keeps of it
    Forget {
        /// Lequel / which
        batch: String,
        /// Même inachevé : ce qui manque ne pourra plus être repris / even unfinished: what is missing can never be resumed
        #[arg(long)]
        unfinished: bool,
    },
    /// Le résultat d'un élément / the result of an item
    Result {
        /// Lequel / which
        batch: String,
        /// Numéro de l'élément / number of the item
        item: u32,
    },
}

#[derive(Debug, Args)]
pub(super) struct StartArguments {
    /// Pour quoi faire, montré avec la demande du code / what for, shown where the PIN is asked for
    #[arg(
        long,
        value_name = "TEXTE/TEXT",
        default_value = "Signature de fichiers"
    )]
    purpose: String,
    /// Format de signature / signature format
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Place de la signature / where the signature stands
    #[arg(long, value_name = "PACKAGING")]
    packaging: Option<String>,
    /// Niveau / level
    #[arg(long, value_name = "B|T|LT|LTA")]
    level: Option<String>,
    /// Algorithme / algorithm
    #[arg(long, value_name = "RS256…")]
    algorithm: Option<String>,
    /// Répertoire des résultats, absent ou vide / directory of the results, absent or empty
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Liste d'éléments, une ligne JSON chacun / list of items, a JSON line each
    #[arg(long, value_name = "FILE", conflicts_with = "files")]
    list: Option<PathBuf>,
    #[command(flatten)]
    work: WorkArguments,
    /// Les fichiers / the files
    #[arg(value_name = "FILE", required_unless_present = "list")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct ResumeArguments {
    /// Lequel / which
    batch: String,
    /// Réessaie aussi les éléments refusés / tries refused items once more
    #[arg(long)]
    retry_failed: bool,
    #[command(flatten)]
    work: WorkArguments,
}

#[derive(Debug, Args)]
struct WorkArguments {
    /// Sous ce mandat déjà ouvert / under this mandate, which is open
    #[arg(long, value_name = "ID")]
    mandate: Option<String>,
    /// N'attend pas la fin / does not wait for the end
    #[arg(long)]
    detach: bool,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    command: BatchCommand,
) -> Result<Ending, Failure> {
    let answer = match command {
        BatchCommand::Start(arguments) => {
            let (detach, list) = (arguments.work.detach, written_list(&arguments)?);
            let request = start_request(invocation, arguments, list.as_ref())?;
            let answer = session.perform(Operation::BatchStart, &request).await?;
            return follow(invocation, session, &answer, detach).await;
        }
        BatchCommand::Resume(arguments) => {
            let request = BatchResumeRequest {
                batch: arguments.batch,
                mandate: arguments.work.mandate,
                not_after: None,
                retry_failed: arguments.retry_failed,
            };
            let answer = session.perform(Operation::BatchResume, &request).await?;
            return follow(invocation, session, &answer, arguments.work.detach).await;
        }
        BatchCommand::Status { batch, from } => {
            let request = BatchStatusRequest {
                batch,
                from,
                maximum: None,
            };
            session.perform(Operation::BatchStatus, &request).await?
        }
        BatchCommand::Cancel { batch } => {
            let request = BatchCancelRequest { batch };
            session.perform(Operation::BatchCancel, &request).await?
        }
        BatchCommand::Forget { batch, unfinished } => {
            let request = BatchForgetRequest { batch, unfinished };
            let answer = session.perform(Operation::BatchForget, &request).await?;
            if invocation.options.json {
                output::json(&answer);
            } else {
                let mut lines = Lines::default();
                let forgotten = either(invocation.language, "oublié", "forgotten");
                lines.row(
                    either(invocation.language, "Traitement", "Batch"),
                    forgotten,
                );
                lines.print();
            }
            return Ok(Ending::Done);
        }
        BatchCommand::Result { batch, item } => {
            let request = BatchResultRequest { batch, item };
            session.perform(Operation::BatchResult, &request).await?
        }
    };
    show(invocation, &answer);
    Ok(Ending::Done)
}

/// Stays until the batch ends, and shows how far it is.
async fn follow(
    invocation: &Invocation,
    session: &mut Session,
    answer: &Value,
    detach: bool,
) -> Result<Ending, Failure> {
    let request = BatchStatusRequest {
        batch: Some(at(answer, "/batch")),
        ..BatchStatusRequest::default()
    };
    if detach && matches!(session, Session::Running(..)) {
        show(invocation, answer);
        return Ok(Ending::Done);
    }
    let mut progress = Progress::new(invocation.options.json, invocation.language);
    loop {
        let status = session.perform(Operation::BatchStatus, &request).await?;
        let summary: BatchSummary =
            serde_json::from_value(status["batches"][0].clone()).map_err(|_| Failure::Answer)?;
        progress.show(&summary);
        match summary.state {
            BatchState::Preparing | BatchState::Queued | BatchState::Signing => {}
            state => {
                progress.end(&summary);
                return match summary.problem {
                    Some(problem) => Err(Failure::Problem(Box::new(problem))),
                    None if state == BatchState::Done && summary.failed == 0 => Ok(Ending::Done),
                    None => Ok(Ending::Refused),
                };
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The items as a list in a file, where they are too many for a request.
fn written_list(arguments: &StartArguments) -> Result<Option<tempfile::NamedTempFile>, Failure> {
    use std::io::Write;
    if arguments.files.len() <= MAXIMUM_INLINE {
        return Ok(None);
    }
    let mut file = tempfile::NamedTempFile::new()?;
    let mut writer = std::io::BufWriter::new(file.as_file_mut());
    for path in &arguments.files {
        let line = serde_json::to_vec(&item(path)?).map_err(|_| Failure::Answer)?;
        writer.write_all(&line)?;
        writer.write_all(b"\n")?;
    }
    writer.flush()?;
    drop(writer);
    Ok(Some(file))
}

fn start_request(
    invocation: &Invocation,
    arguments: StartArguments,
    written: Option<&tempfile::NamedTempFile>,
) -> Result<BatchStartRequest, Failure> {
    let list = match (written, &arguments.list) {
        (Some(file), _) => Some(path_of(file.path())?),
        (None, Some(path)) => Some(path_of(path)?),
        (None, None) => None,
    };
    let items = if list.is_some() {
        Vec::new()
    } else {
        let items = arguments.files.iter().map(|path| item(path));
        items.collect::<Result<_, _>>()?
    };
    Ok(BatchStartRequest {
        purpose: arguments.purpose,
        mandate: arguments.work.mandate,
        not_after: None,
        defaults: BatchChoice {
            format: named(invocation, "--format", arguments.format)?,
            packaging: named(invocation, "--packaging", arguments.packaging)?,
            level: named(invocation, "--level", arguments.level)?,
            algorithm: named(invocation, "--algorithm", arguments.algorithm)?,
        },
        items,
        list: list.map(DocumentSource::Path),
        output: Some(path_of(&arguments.output)?),
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
    })
}

fn item(path: &Path) -> Result<BatchItemRequest, Failure> {
    let title = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(BatchItemRequest {
        source: DocumentSource::Path(path_of(path)?),
        title: Some(title.chars().take(MAXIMUM_TITLE).collect()),
        signature: BatchChoice::default(),
    })
}

/// Absolute, and in UTF-8 as JSON wants it.
fn path_of(path: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(path).map_err(|source| Failure::File {
        path: path.to_owned(),
        source,
    })?;
    absolute
        .into_os_string()
        .into_string()
        .map_err(|path| Failure::File {
            path: path.into(),
            source: std::io::ErrorKind::InvalidFilename.into(),
        })
}

/// The value that the API names so.
fn named<T: DeserializeOwned>(
    invocation: &Invocation,
    option: &str,
    name: Option<String>,
) -> Result<Option<T>, Failure> {
    let Some(name) = name else { return Ok(None) };
    serde_json::from_value(Value::String(name))
        .map(Some)
        .map_err(|_| {
            let said = format!("{option} : valeur inconnue.");
            invalid(
                invocation.language,
                &said,
                &format!("{option}: not a known value."),
            )
        })
}

fn show(invocation: &Invocation, answer: &Value) {
    if invocation.options.json {
        output::json(answer);
        return;
    }
    let language = invocation.language;
    let say = |french, english| either(language, french, english);
    let mut text = String::new();
    let batches = match answer.get("batches") {
        Some(_) => list(answer, "/batches"),
        None => std::slice::from_ref(answer),
    };
    for batch in batches {
        let mut lines = Lines::default();
        lines.row(say("Traitement", "Batch"), at(batch, "/batch"));
        lines.row(say("Objet", "Purpose"), at(batch, "/purpose"));
        lines.row(say("État", "State"), at(batch, "/state"));
        lines.row(say("Éléments", "Items"), at(batch, "/items"));
        lines.row(say("Faits", "Done"), at(batch, "/done"));
        lines.row(say("Refusés", "Failed"), at(batch, "/failed"));
        lines.row(say("Par minute", "A minute"), at(batch, "/per_minute"));
        lines.row(say("Résultats", "Results"), at(batch, "/output"));
        lines.row(say("Raison", "Reason"), at(batch, "/problem/title"));
        lines.row(say("Fichier", "File"), at(batch, "/signature/path"));
        text.push_str(&lines.text());
        text.push('\n');
    }
    for item in list(answer, "/items") {
        let line = format!(
            "{:>6}  {:8}  {}  {}",
            at(item, "/item"),
            at(item, "/state"),
            at(item, "/title"),
            at(item, "/problem/title")
        );
        text.push_str(output::shown(&line).trim_end());
        text.push('\n');
    }
    output::print(&text);
}
