//! `pairing/request`, `pairing/status` for a site that asks for rights; `pairing/list`, `pairing/answer` for the person who decides.
//! What is bounded and how long anything lasts is `crate::sites`' affair.

use std::time::Duration;

use paraphe_protocol::api::{
    ErrorCode, MAXIMUM_PAIRING_WAIT_MS, PairingAnswerRequest, PairingListRequest,
    PairingListResponse, PairingRequest, PairingStatusRequest, PairingStatusResponse,
};

use super::Context;
use crate::caller::Caller;
use crate::config::Origin;
use crate::problem::Failure;
use crate::sites::Sites;

pub(super) fn request(
    context: &Context<'_>,
    request: &PairingRequest,
) -> Result<PairingStatusResponse, Failure> {
    let (answer, is_new) = context.agent.sites.ask(site(context.caller)?, request)?;
    if is_new {
        let agent = context.agent.shared()?;
        agent.pairing_window.ask(&agent);
    }
    Ok(answer)
}

pub(super) async fn status(
    sites: &Sites,
    caller: &Caller,
    request: PairingStatusRequest,
) -> Result<PairingStatusResponse, Failure> {
    let wait = request.wait_ms.unwrap_or_default();
    if wait > MAXIMUM_PAIRING_WAIT_MS {
        return Err(Failure::new(ErrorCode::RequestInvalid)
            .with_technical_detail(format!("wait_ms is at most {MAXIMUM_PAIRING_WAIT_MS}")));
    }
    let wait = Duration::from_millis(wait.into());
    sites
        .wait_for_answer(site(caller)?, request.pairing.as_deref(), wait)
        .await
}

pub(super) fn list(
    context: &Context<'_>,
    _request: &PairingListRequest,
) -> Result<PairingListResponse, Failure> {
    Ok(context.agent.sites.waiting(context.language))
}

pub(super) fn answer(
    context: &Context<'_>,
    request: &PairingAnswerRequest,
) -> Result<PairingStatusResponse, Failure> {
    context.agent.sites.answer(request)
}

fn site(caller: &Caller) -> Result<&Origin, Failure> {
    match caller {
        Caller::Site(origin) => Ok(origin),
        _ => Err(ErrorCode::OperationNotForPrograms.into()),
    }
}
