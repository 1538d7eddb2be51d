//! `paraphe show`: a document as it would be signed. Text goes to the terminal with everything hidden in it visible; anything else
//! to the person's viewer, from the agent's snapshot and not from the file. `paraphe sign --show` signs that very snapshot.

use std::path::{Path, PathBuf};

use clap::Args;
use paraphe_protocol::api::{DocumentDropRequest, DocumentShowRequest, Operation, Problem};
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::fetched_document;
use super::lot_sign::source;
use super::output::{self, Lines, at, either, list};
use super::session::{Invocation, Session};
use super::viewer::Copy;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Type du document ; absent : d'après son contenu / the document's type; absent: found from its content
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,
    /// Le document / the document
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: &Arguments,
) -> Result<Ending, Failure> {
    let media_type = arguments.media_type.clone();
    let snapshot = snapshot(invocation, session, &arguments.file, media_type).await?;
    if invocation.options.json {
        output::json(&snapshot);
    } else {
        show(invocation, session, &arguments.file, &snapshot).await?;
        let document = at(&snapshot, "/document");
        let dropped = DocumentDropRequest { document };
        session.perform(Operation::DocumentDrop, &dropped).await?;
    }
    Ok(match list(&snapshot, "/problems") {
        [] => Ending::Done,
        _ => Ending::Refused,
    })
}

/// Reads the file once; what comes back names the snapshot.
pub(super) async fn snapshot(
    invocation: &Invocation,
    session: &mut Session,
    file: &Path,
    media_type: Option<String>,
) -> Result<Value, Failure> {
    let request = DocumentShowRequest {
        source: source(file, invocation.language)?,
        media_type,
    };
    session.perform(Operation::DocumentShow, &request).await
}

/// Shows a snapshot to the person, with what stands against signing it.
pub(super) async fn show(
    invocation: &Invocation,
    session: &mut Session,
    file: &Path,
    snapshot: &Value,
) -> Result<(), Failure> {
    let language = invocation.language;
    let mut lines = Lines::default();
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    lines.row(either(language, "Document", "Document"), &*name);
    lines.row(
        either(language, "Type", "Type"),
        at(snapshot, "/media_type"),
    );
    lines.row(either(language, "Octets", "Bytes"), at(snapshot, "/size"));
    lines.row("SHA-256", at(snapshot, "/sha256"));
    lines.print();
    for problem in list(snapshot, "/problems") {
        let problem: Result<Problem, _> = serde_json::from_value(problem.clone());
        output::problem(&problem.map_err(|_| Failure::Answer)?, language, false);
    }
    match snapshot["text"].as_str() {
        Some(text) => {
            // The agent made everything in it visible.
            output::print(&format!("\n{text}\n"));
            if snapshot["text_is_cut"] == true {
                let more = either(
                    language,
                    "[…] Le texte continue : le fichier entier est plus long que ce qui est montré.",
                    "[…] The text goes on: the whole file is longer than what is shown.",
                );
                output::print(&format!("{more}\n"));
            }
            Ok(())
        }
        None => {
            let mut copy = Copy::begin(invocation, &name)?;
            let document = at(snapshot, "/document");
            fetched_document::read(session, document, |bytes| copy.write(bytes)).await?;
            copy.show(invocation, &at(snapshot, "/sha256"))
        }
    }
}
