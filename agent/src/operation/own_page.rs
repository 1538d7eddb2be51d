//! `open` for the user's programs, `page/enter` for the page that their link opens.

use paraphe_protocol::api::{
    ErrorCode, OpenRequest, OpenResponse, PageEnterRequest, PageEnterResponse,
};

use super::Context;
use crate::caller::Caller;
use crate::own_page::LINK_LASTS;
use crate::problem::Failure;

pub(super) fn open(context: &Context<'_>, _request: &OpenRequest) -> Result<OpenResponse, Failure> {
    Ok(OpenResponse {
        url: context.agent.page_sessions.link()?,
        seconds: LINK_LASTS.as_secs(),
    })
}

pub(super) fn enter(
    context: &Context<'_>,
    request: &PageEnterRequest,
) -> Result<PageEnterResponse, Failure> {
    match context.caller {
        Caller::OwnPage => Ok(PageEnterResponse {
            session: context.agent.page_sessions.enter(&request.link)?,
        }),
        _ => Err(ErrorCode::OperationNotForPrograms.into()),
    }
}
