//! What a card made to be handed over as it is, a login, a VIHF, an approval: into the file that was named, else printed.

use std::path::PathBuf;

use serde_json::Value;

use super::failure::Failure;
use super::session::Invocation;
use super::{new_file, output};

/// Writes or prints it; the file, where the person is still to be told what is in it.
pub(super) fn hand_over(
    invocation: &Invocation,
    answer: &Value,
    made: &str,
    file: Option<PathBuf>,
) -> Result<Option<PathBuf>, Failure> {
    if let Some(path) = &file {
        new_file::write(path, made.as_bytes())?;
    }
    if invocation.options.json {
        output::json(answer);
        return Ok(None);
    }
    if file.is_none() {
        output::print(made);
    }
    Ok(file)
}
