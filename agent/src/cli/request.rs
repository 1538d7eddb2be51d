//! `paraphe request`: the question for a PIN that is open now, what would be signed, and a no from elsewhere than its window.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use paraphe_protocol::api::{
    Language, Operation, RequestGetRequest, RequestListRequest, RequestRefuseRequest,
    RequestShowRequest,
};
use paraphe_protocol::digest::Sha256Hasher;
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::fetched_document;
use super::new_file::NewFile;
use super::output::{self, Lines, at, either, list};
use super::session::{Invocation, Session};

#[derive(Debug, Subcommand)]
pub(super) enum RequestCommand {
    /// La demande de code ouverte / the question for a PIN that is open
    List,
    /// Montre un document qui serait signé / shows a document that would be signed
    Show {
        /// La demande / the question
        request: String,
        /// Le rang du document, à partir de 1 / which document, from 1
        document: u32,
    },
    /// Copie dans un fichier un document qui serait signé / copies a document that would be signed to a file
    Get {
        /// La demande / the question
        request: String,
        /// Le rang du document, à partir de 1 / which document, from 1
        document: u32,
        /// Le fichier à faire / the file to make
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Dit non / says no
    Refuse {
        /// La demande / the question
        request: String,
    },
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    command: RequestCommand,
) -> Result<Ending, Failure> {
    let language = invocation.language;
    let answer = match command {
        RequestCommand::List => {
            let request = RequestListRequest {};
            session.perform(Operation::RequestList, &request).await?
        }
        RequestCommand::Show { request, document } => {
            let request = RequestShowRequest { request, document };
            session.perform(Operation::RequestShow, &request).await?
        }
        RequestCommand::Get {
            request,
            document,
            output,
        } => get(session, request, document, &output).await?,
        RequestCommand::Refuse { request } => {
            let request = RequestRefuseRequest { request };
            session.perform(Operation::RequestRefuse, &request).await?
        }
    };
    if invocation.options.json {
        output::json(&answer);
    } else {
        output::print(&lines(&answer, language));
    }
    Ok(Ending::Done)
}

/// The copy, of which the digest that was shown is checked; gives what was shown.
async fn get(
    session: &mut Session,
    request: String,
    document: u32,
    output: &Path,
) -> Result<Value, Failure> {
    let mut file = NewFile::begin(output)?;
    let asked = RequestShowRequest {
        request: request.clone(),
        document,
    };
    let mut shown = session.perform(Operation::RequestShow, &asked).await?;
    let piece_at = |offset| RequestGetRequest {
        request: request.clone(),
        document: at(&shown, "/document"),
        offset,
    };
    let mut hasher = Sha256Hasher::new();
    let sink = |bytes: &[u8]| {
        hasher.update(bytes);
        file.write(bytes)
    };
    fetched_document::pieces(session, Operation::RequestGet, piece_at, sink).await?;
    if hasher.finish().to_string() != at(&shown, "/sha256") {
        return Err(Failure::Answer);
    }
    file.finish()?;
    // It is in the file.
    if let Some(shown) = shown.as_object_mut() {
        shown.remove("text");
    }
    Ok(shown)
}

fn lines(answer: &Value, language: Language) -> String {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    for request in list(answer, "/requests") {
        lines.row(say("Demande", "Question"), at(request, "/request"));
        for line in at(request, "/statement").lines() {
            lines.heading(line);
        }
        for document in list(request, "/documents") {
            lines.indented(2, say("Document", "Document"), at(document, "/title"));
        }
    }
    lines.row(say("Nature", "Kind"), at(answer, "/media_type"));
    lines.row("SHA-256", at(answer, "/sha256"));
    for line in at(answer, "/text").lines() {
        lines.heading(line);
    }
    lines.text()
}
