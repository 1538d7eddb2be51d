//! `paraphe dispatch`: the dispatcher of a machine that several people use at once, as systemd starts it.

use super::Ending;
use super::failure::Failure;
use super::session::{Invocation, begin_to_log};
use crate::dispatch::{self, Sockets};

pub(super) fn run(invocation: &Invocation) -> Result<Ending, Failure> {
    begin_to_log(&invocation.config.log)?;
    // Before any thread is started.
    let sockets = Sockets::open(invocation.config.port, &invocation.config.dispatch_socket)?;
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Ready]) {
        tracing::debug!(%error, "the service manager was not told");
    }
    dispatch::run(sockets)?;
    Ok(Ending::Done)
}
