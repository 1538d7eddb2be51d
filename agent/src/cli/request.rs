//! `paraphe request`: the question for a PIN that is open now, what would be signed, and a no from elsewhere than its window.

use clap::Subcommand;
use paraphe_protocol::api::{
    Language, Operation, RequestListRequest, RequestRefuseRequest, RequestShowRequest,
};
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
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
