//! `paraphe demo`: the whole story on simulated cards (feature `softcard` only).

use std::path::PathBuf;

use clap::Args;

use super::Ending;
use super::failure::Failure;
use super::session::Invocation;
use crate::demo::{self, DemoOptions};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Dossier des résultats, absent ou vide / folder for the results, absent or empty
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
}

pub(super) fn run(invocation: &Invocation, arguments: Arguments) -> Result<Ending, Failure> {
    invocation.log_errors_only()?;
    demo::run(&DemoOptions {
        output: arguments.output,
    })?;
    Ok(Ending::Done)
}
