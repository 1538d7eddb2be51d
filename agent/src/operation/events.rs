//! `events`: what changed at the readers since a cursor, as a long poll. A wait longer than the API allows is refused, not
//! shortened, so that a caller does not mistake an early answer for a quiet hour.

use std::time::Duration;

use paraphe_protocol::api::{ErrorCode, EventsRequest, EventsResponse, MAXIMUM_EVENT_WAIT_MS};

use crate::caller::Caller;
use crate::document_store::Owner;
use crate::events::EventLog;
use crate::problem::Failure;

pub(super) async fn perform(
    events: &EventLog,
    caller: &Caller,
    request: EventsRequest,
) -> Result<EventsResponse, Failure> {
    let wait = request.wait_ms.unwrap_or_default();
    if wait > MAXIMUM_EVENT_WAIT_MS {
        return Err(Failure::new(ErrorCode::RequestInvalid)
            .with_technical_detail(format!("wait_ms is at most {MAXIMUM_EVENT_WAIT_MS}")));
    }
    // On the agent's own page the person sees what every caller does.
    let owner = match caller {
        Caller::OwnPage => None,
        _ => Some(Owner::from(caller)),
    };
    Ok(events
        .after(
            owner.as_ref(),
            request.cursor,
            Duration::from_millis(wait.into()),
        )
        .await)
}
