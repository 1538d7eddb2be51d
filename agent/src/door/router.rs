//! From a permit to an answer: the rate of the caller, its turn, the announced body within its time, the operation, the
//! result. Takes a [`Permit`], so nothing comes here that the gate refused.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderMap};
use paraphe_protocol::api::{Language, Operation};
use tokio::time::timeout;

use super::gate::Permit;
use super::response::{self, Answer};
use super::ticket::Ticket;
use super::turns::NoTurn;
use super::{DoorTraffic, Handler, Limits, Reception};
use crate::caller::Caller;
use crate::elsewhere;

/// Perform what the permit allows.
pub(super) async fn perform<H: Handler>(
    handler: &H,
    permit: &Permit,
    request: Request<Incoming>,
    reception: &Reception,
    traffic: &DoorTraffic,
) -> Answer {
    let began = Instant::now();
    let language = language(request.headers());
    let (caller, operation, origin) = (permit.caller(), permit.operation(), permit.origin());
    // A program of the user hands a lot over in thousands of requests.
    if matches!(caller, Caller::Site(_)) && !reception.requests.take(caller) {
        traffic.note_too_busy();
        return response::too_busy(language, origin);
    }
    let ticket = Ticket::shown(request.headers());
    let limits = &reception.limits;
    let mut arriving = ArrivingBody::new(permit, request);
    if permit.body_bytes() <= limits.early_body_bytes
        && let Err(failed) = arriving.arrive(limits).await
    {
        return response::body_failed(failed.timed_out, language, origin);
    }
    let asked_for_turn = Instant::now();
    let _turn = match reception
        .turns
        .take(operation, caller, ticket.as_ref())
        .await
    {
        Ok(turn) => turn,
        Err(NoTurn::Queued {
            ticket,
            ahead,
            kept,
        }) => {
            traffic.note_queued();
            return response::queued(&ticket, ahead, kept, language, origin);
        }
        Err(NoTurn::Full) => {
            traffic.note_too_busy();
            return response::too_busy(language, origin);
        }
    };
    let queued = asked_for_turn.elapsed();
    let body = match arriving.arrive(limits).await {
        Ok(body) => body,
        Err(failed) => return response::body_failed(failed.timed_out, language, origin),
    };
    traffic.note_performed();
    let (outcome, elsewhere) =
        elsewhere::measured(handler.perform(caller, operation, &body, language)).await;
    let answer = match outcome {
        Ok(response) => {
            tracing::info!(%operation, "performed");
            response::result(response, origin)
        }
        Err(problem) => {
            tracing::debug!(%operation, code = problem.code.name(), "problem answered");
            response::problem(&problem, language, origin)
        }
    };
    // A long poll is nothing but a wait.
    if !matches!(operation, Operation::Events | Operation::PairingStatus) {
        let others = queued + arriving.took + elsewhere;
        traffic.note_own_time(began.elapsed().saturating_sub(others));
    }
    answer
}

/// A body that is read once, before the turn or in it.
struct ArrivingBody {
    announced: u64,
    incoming: Option<Incoming>,
    arrived: Bytes,
    /// How long the caller took for it.
    took: Duration,
}

struct BodyFailed {
    timed_out: bool,
}

impl ArrivingBody {
    fn new(permit: &Permit, request: Request<Incoming>) -> Self {
        Self {
            announced: permit.body_bytes(),
            incoming: Some(request.into_body()),
            arrived: Bytes::new(),
            took: Duration::ZERO,
        }
    }

    async fn arrive(&mut self, limits: &Limits) -> Result<Bytes, BodyFailed> {
        let Some(incoming) = self.incoming.take() else {
            return Ok(self.arrived.clone());
        };
        if incoming.size_hint().exact() != Some(self.announced) {
            return Err(BodyFailed { timed_out: false });
        }
        let began = Instant::now();
        let limit = usize::try_from(self.announced).unwrap_or(usize::MAX);
        let collected = timeout(limits.body, Limited::new(incoming, limit).collect()).await;
        self.took = began.elapsed();
        match collected {
            Ok(Ok(collected)) => {
                self.arrived = collected.to_bytes();
                Ok(self.arrived.clone())
            }
            Ok(Err(_)) => Err(BodyFailed { timed_out: false }),
            Err(_) => Err(BodyFailed { timed_out: true }),
        }
    }
}

/// The language that the caller reads.
pub(super) fn language(headers: &HeaderMap) -> Language {
    headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map_or(Language::French, Language::from_accept_language)
}
