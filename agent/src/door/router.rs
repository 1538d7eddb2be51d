//! From a permit to an answer: read the announced body within its time, perform the operation, write the result. Takes a
//! [`Permit`], so nothing comes here that the gate refused.

use http_body_util::{BodyExt, Limited};
use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderMap};
use paraphe_protocol::api::{ErrorCode, Language, Problem};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::gate::Permit;
use super::response::{self, Answer};
use super::{Handler, Limits};

/// Perform what the permit allows.
pub(super) async fn perform<H: Handler>(
    handler: &H,
    permit: &Permit,
    request: Request<Incoming>,
    limits: &Limits,
    operations: &Semaphore,
) -> Answer {
    let language = language(request.headers());
    let Ok(_place) = operations.try_acquire() else {
        let busy = Problem::new(ErrorCode::TooBusy, language);
        return response::problem(&busy, language, permit.origin());
    };
    let announced = permit.body_bytes();
    let limit = usize::try_from(announced).unwrap_or(usize::MAX);
    let body = request.into_body();
    if body.size_hint().exact() != Some(announced) {
        return response::body_failed(false, language, permit.origin());
    }
    let body = match timeout(limits.body, Limited::new(body, limit).collect()).await {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(_)) => return response::body_failed(false, language, permit.origin()),
        Err(_) => return response::body_failed(true, language, permit.origin()),
    };
    let operation = permit.operation();
    match handler
        .perform(permit.caller(), operation, &body, language)
        .await
    {
        Ok(response) => {
            tracing::info!(%operation, "performed");
            response::result(response, permit.origin())
        }
        Err(problem) => {
            tracing::debug!(%operation, code = problem.code.name(), "problem answered");
            response::problem(&problem, language, permit.origin())
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
