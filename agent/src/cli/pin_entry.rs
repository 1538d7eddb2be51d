//! Which way the PIN is asked for: handed over for unattended work, else as the configuration says. A way that does not
//! exist here is an error only when a PIN is needed.

use std::fs::File;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use paraphe_protocol::card::{LastTry, UnblockingCode};

use super::failure::Failure;
use super::session::Invocation;
use crate::config::PinEntryMethod;
use crate::pin::{
    DescriptorPinEntry, EnteredPin, PinEntry, PinEntryError, PinRequest, PinentryProgram,
    RefusedFiles, TerminalPinEntry,
};

/// For a command that a person or a script runs.
pub(super) fn for_a_person(invocation: &Invocation) -> Result<Arc<dyn PinEntry>, Failure> {
    match handed_over(invocation)? {
        Some(entry) => Ok(entry),
        None => Ok(configured(invocation, std::io::stdin().is_terminal())),
    }
}

/// For the agent that runs in the background: there is no terminal.
pub(super) fn for_the_background(invocation: &Invocation) -> Result<Arc<dyn PinEntry>, Failure> {
    match handed_over(invocation)? {
        Some(entry) => Ok(entry),
        None => Ok(configured(invocation, false)),
    }
}

/// The last try of a PIN is never spent unattended.
fn handed_over(invocation: &Invocation) -> Result<Option<Arc<dyn PinEntry>>, Failure> {
    let options = &invocation.options;
    if let Some(path) = &options.pin_file {
        let entry = DescriptorPinEntry::from_file(path, LastTry::Refused)?;
        return Ok(Some(Arc::new(not_refused(invocation, entry)?)));
    }
    let Some(number) = options.pin_fd else {
        return Ok(None);
    };
    // The descriptor is opened a second time by its name: taking over a number is not something that the compiler can check.
    let place = PathBuf::from(format!("/dev/fd/{number}"));
    let file = File::open(&place).map_err(|source| PinEntryError::Source { place, source })?;
    let entry = DescriptorPinEntry::from_descriptor(file.into(), LastTry::Refused)?;
    Ok(Some(Arc::new(not_refused(invocation, entry)?)))
}

/// Without a state directory there is no memory of what was refused.
fn not_refused(
    invocation: &Invocation,
    entry: DescriptorPinEntry,
) -> Result<DescriptorPinEntry, PinEntryError> {
    match &invocation.directories.state {
        Some(directory) => entry.unless_refused(RefusedFiles::in_directory(directory)),
        None => Ok(entry),
    }
}

fn configured(invocation: &Invocation, terminal: bool) -> Arc<dyn PinEntry> {
    let config = &invocation.config.pin_entry;
    let display = ["WAYLAND_DISPLAY", "DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    let at_terminal = match config.method {
        PinEntryMethod::Terminal => true,
        PinEntryMethod::Pinentry => false,
        _ => terminal && !display,
    };
    if at_terminal {
        usable(TerminalPinEntry::new())
    } else {
        usable(PinentryProgram::new(config.program.as_deref()))
    }
}

fn usable(entry: Result<impl PinEntry + 'static, PinEntryError>) -> Arc<dyn PinEntry> {
    match entry {
        Ok(entry) => Arc::new(entry),
        Err(error) => Arc::new(NoPinEntry {
            detail: error.to_string(),
        }),
    }
}

/// Says why there is no way to ask, when one is needed.
struct NoPinEntry {
    detail: String,
}

impl PinEntry for NoPinEntry {
    fn ask(&self, _request: &PinRequest) -> Result<EnteredPin, PinEntryError> {
        Err(PinEntryError::Unavailable {
            detail: self.detail.clone(),
        })
    }

    fn ask_unblocking_code(
        &self,
        _request: &PinRequest,
    ) -> Result<(UnblockingCode, LastTry), PinEntryError> {
        Err(PinEntryError::Unavailable {
            detail: self.detail.clone(),
        })
    }

    fn is_interactive(&self) -> bool {
        false
    }
}
