//! `paraphe login`: a login assertion for a record server's nonce, to be handed over as it is.

use std::path::PathBuf;

use clap::Args;
use paraphe_protocol::api::{LoginRequest, Operation};

use super::Ending;
use super::failure::Failure;
use super::new_file;
use super::output::{self, Lines, at, either};
use super::session::{Invocation, Session};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Le défi du serveur, base64url / the server's nonce, base64url
    // One base64url text in 64 begins with a hyphen.
    #[arg(long, value_name = "BASE64URL", allow_hyphen_values = true)]
    nonce: String,
    /// Nom du serveur de dossiers dans la configuration / name of the record server in the configuration
    #[arg(long, value_name = "NOM/NAME")]
    server: String,
    /// Fichier où écrire la preuve ; sinon elle est affichée / file for the assertion; else it is printed
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: Arguments,
) -> Result<Ending, Failure> {
    let request = LoginRequest {
        nonce: arguments.nonce,
        server: Some(arguments.server.clone()),
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
    };
    let answer = session.perform(Operation::Login, &request).await?;
    let assertion = format!("{}\n", answer["assertion"]);
    if let Some(path) = &arguments.output {
        new_file::write(path, assertion.as_bytes())?;
    }
    if invocation.options.json {
        output::json(&answer);
        return Ok(Ending::Done);
    }
    let Some(path) = arguments.output else {
        output::print(&assertion);
        return Ok(Ending::Done);
    };
    let language = invocation.language;
    let mut lines = Lines::default();
    lines.row(either(language, "Carte", "Card"), at(&answer, "/card"));
    lines.row(either(language, "Pour", "For"), arguments.server);
    lines.row(
        either(language, "Preuve", "Assertion"),
        path.display().to_string(),
    );
    lines.print();
    Ok(Ending::Done)
}
