//! `paraphe serve`: the agent in the background, as systemd starts it.

use std::time::SystemTime;

use paraphe_certs::UnixTime;

use super::Ending;
use super::failure::Failure;
use super::session::{self, Invocation, begin_to_log};
use super::{pin_entry, trust};
use crate::door::{Doors, Inherited, Limits, Reception, Stop};
use crate::trust::take_up_renewals;

pub(super) fn run(invocation: &Invocation) -> Result<Ending, Failure> {
    begin_to_log(&invocation.config.log)?;
    let socket = invocation.directories.socket();
    // Before any thread is started.
    let inherited = Inherited::take(invocation.config.port, socket.as_deref())?;
    let now = UnixTime::from(SystemTime::now());
    let certificates = trust::directory(invocation)?;
    let state = certificates.read(now)?;
    if state.should_be_renewed(now) {
        let days = state.days_left(now);
        tracing::warn!(
            days,
            "the HTTPS door's certificate ends soon: paraphe trust renew"
        );
    }
    let identity = state.into_identity()?;
    let runtime = session::runtime()?;
    runtime.block_on(async {
        let stop = Stop::on_signals()?;
        let shown = identity.clone();
        let doors = Doors::open(&invocation.config, socket.as_deref(), identity, inherited).await?;
        tokio::spawn(take_up_renewals(certificates, shown, stop.clone()));
        let pin_entry = pin_entry::for_the_background(invocation)?;
        let agent = invocation.start_agent(pin_entry).await?;
        agent.watch_tokens();
        let reception = Reception::new(Limits::default(), agent.traffic().clone());
        doors
            .serve(agent.clone(), agent.callers(), reception, stop)
            .await;
        agent.stop();
        Ok::<_, Failure>(())
    })?;
    // A dialogue that is still open does not keep the agent from stopping.
    runtime.shutdown_background();
    Ok(Ending::Done)
}
