//! `paraphe open`: the agent's own page, in the person's browser, by a link that is good once. The link stands in the argument of the
//! browser's process, where other users of the machine may see it: it is of no use to them, because their connections are closed.

use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;
use paraphe_protocol::api::{OpenRequest, Operation};

use super::Ending;
use super::failure::Failure;
use super::mandate::no_agent;
use super::output::{self, at, either};
use super::session::{Invocation, Session};

/// The desktop's own choice of a browser.
const OPENER: &str = "xdg-open";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Écrit le lien au lieu de l'ouvrir / prints the link instead of opening it
    #[arg(long)]
    print: bool,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: &Arguments,
) -> Result<Ending, Failure> {
    if matches!(session, Session::Here(..)) {
        return Err(no_agent(invocation.language));
    }
    let answer = session.perform(Operation::Open, &OpenRequest {}).await?;
    if invocation.options.json {
        output::json(&answer);
        return Ok(Ending::Done);
    }
    let url = at(&answer, "/url");
    if arguments.print || !opened(&url) {
        output::print(&format!("{url}\n"));
    }
    if !arguments.print {
        output::print(either(
            invocation.language,
            "La page de l'agent s'ouvre dans votre navigateur ; ce lien sert une fois, dans la minute.\n",
            "The agent's page opens in your browser; this link is good once, within a minute.\n",
        ));
    }
    Ok(Ending::Done)
}

fn opened(url: &str) -> bool {
    Command::new(Path::new(OPENER))
        .arg(url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
