//! `paraphe demo`: the main job from card to record server, with simulated cards in this process, on real documents,
//! through the agent's HTTPS door as a web page would go. Nothing on the line is replaced but the cards' plastic and
//! the person's fingers: cards answer APDUs, the record server verifies everything. Never part of what users install.

mod narration;
mod page;
mod pin;
mod stage;
mod story;

use std::path::PathBuf;

pub use page::Page;

use paraphe_protocol::api::Problem;
use paraphe_record_server::client::ClientError;

/// What the person asked for.
#[derive(Debug, Clone, Default)]
pub struct DemoOptions {
    /// Folder for the results; `None`: a new one under the system's temporary folder. Must be absent or empty.
    pub output: Option<PathBuf>,
}

/// Why the demo could not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DemoError {
    /// The folder named for the results holds something.
    #[error("{}: le dossier n'est pas vide / the folder is not empty", .0.display())]
    OutputNotEmpty(PathBuf),
    /// The agent refused an operation that should have passed.
    #[error("{} ({})", .0.title, .0.code.name())]
    Refused(Box<Problem>),
    /// The record server refused, or could not be reached.
    #[error(transparent)]
    RecordServer(#[from] ClientError),
    /// The system refused.
    #[error(transparent)]
    System(#[from] std::io::Error),
    /// Something that must be refused was accepted: the demo has found a fault.
    #[error("accepté à tort / wrongly accepted: {0}")]
    WronglyAccepted(&'static str),
    /// Anything else that should not happen.
    #[error("{0}")]
    Unexpected(String),
}

impl DemoError {
    fn because(cause: impl std::fmt::Display) -> Self {
        Self::Unexpected(cause.to_string())
    }
}

/// Tells the whole story on standard output and leaves the results in a folder, which is returned.
///
/// # Errors
/// The first step that did not end as it should.
pub fn run(options: &DemoOptions) -> Result<PathBuf, DemoError> {
    let output = stage::results_folder(options.output.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(story::tell(&output))?;
    Ok(output)
}
