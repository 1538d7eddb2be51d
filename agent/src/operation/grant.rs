//! `grant/list`, `grant/revoke`: the sites that have rights here. With its rights a site's open mandates end; what a person is typing a
//! PIN for at that moment they see and can still cancel.

use paraphe_protocol::api::{
    ErrorCode, GrantListRequest, GrantListResponse, GrantRevokeRequest, GrantRevokeResponse,
    MandateEndReason,
};

use super::Context;
use crate::config::Origin;
use crate::document_store::Owner;
use crate::problem::Failure;

pub(super) fn list(
    context: &Context<'_>,
    _request: &GrantListRequest,
) -> Result<GrantListResponse, Failure> {
    Ok(context.agent.sites.grants(context.language))
}

pub(super) fn revoke(
    context: &Context<'_>,
    request: &GrantRevokeRequest,
) -> Result<GrantRevokeResponse, Failure> {
    let origin: Origin = request
        .origin
        .parse()
        .map_err(|_| Failure::from(ErrorCode::GrantUnknown))?;
    context.agent.sites.revoke(&origin)?;
    let owner = Owner::Site(origin);
    let mandates_ended = context
        .agent
        .mandates
        .end_of(&owner, MandateEndReason::Closed);
    Ok(GrantRevokeResponse {
        origin: request.origin.clone(),
        mandates_ended,
    })
}
