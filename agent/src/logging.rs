//! The log: structured, English, to standard error; text on a terminal, JSON lines otherwise (systemd's journal). Nothing
//! is logged that names a patient, a document's content or a PIN: no call in this program is given one to log.

use std::io::IsTerminal;

use tracing::Level;
use tracing::subscriber::SetGlobalDefaultError;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::{LogConfig, LogFormat, LogLevel};

/// Begin to log. Other crates' own words are kept to warnings.
///
/// # Errors
/// Logging was begun before.
pub fn start(config: &LogConfig) -> Result<(), SetGlobalDefaultError> {
    let on_terminal = std::io::stderr().is_terminal();
    let level = match config.level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
    };
    let targets = Targets::new()
        .with_default(level.min(Level::WARN))
        .with_target("paraphe", level);
    let lines = match (config.format, on_terminal) {
        (LogFormat::Json, _) | (LogFormat::Auto, false) => fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(std::io::stderr)
            .boxed(),
        (LogFormat::Text, _) | (LogFormat::Auto, true) => fmt::layer()
            .with_ansi(on_terminal)
            .with_writer(std::io::stderr)
            .boxed(),
    };
    tracing::subscriber::set_global_default(Registry::default().with(lines.with_filter(targets)))
}
