//! `audit/list`, `audit/verify`, `audit/export`: the journal, looked at, checked and taken away as a file. The user's own programs
//! only: it tells of every site.

use std::io::Write;

use paraphe_protocol::api::{
    AuditExportRequest, AuditExportResponse, AuditListRequest, AuditListResponse,
    AuditVerifyRequest, AuditVerifyResponse, ErrorCode, MAXIMUM_AUDIT_PAGE,
};

use super::Context;
use crate::audit::check;
use crate::document_store::Owner;
use crate::problem::Failure;

const USUAL_PAGE: u16 = 50;

pub(super) fn list(
    context: &Context<'_>,
    request: &AuditListRequest,
) -> Result<AuditListResponse, Failure> {
    let limit = request.limit.unwrap_or(USUAL_PAGE);
    if !(1..=MAXIMUM_AUDIT_PAGE).contains(&limit) {
        return Err(Failure::new(ErrorCode::RequestInvalid)
            .with_technical_detail(format!("limit: 1 to {MAXIMUM_AUDIT_PAGE}")));
    }
    let journal = &context.agent.journal;
    let (entries, head) = journal.latest(request.before, limit.into())?;
    Ok(AuditListResponse { entries, head })
}

pub(super) fn verify(
    context: &Context<'_>,
    request: &AuditVerifyRequest,
) -> Result<AuditVerifyResponse, Failure> {
    let journal = context.agent.journal.reader()?;
    let found = check(journal, request.noted.as_ref(), |_, _| {}).map_err(unreadable)?;
    Ok(AuditVerifyResponse {
        intact: found.fault.is_none(),
        entries: found.entries,
        head: found.head,
        fault: found.fault,
    })
}

/// What does not hold is not given away as if it did: the file ends where the chain does, and its head says so.
pub(super) fn export(
    context: &Context<'_>,
    request: &AuditExportRequest,
) -> Result<AuditExportResponse, Failure> {
    let store = &context.agent.documents;
    let owner = Owner::from(context.caller);
    store.check_room_for(&owner, 1)?;
    let mut writer = store.writer_of_at_most(u64::MAX)?;
    let (mut entries, mut failed) = (0_u64, None);
    let journal = context.agent.journal.reader()?;
    let found = check(journal, None, |entry, line| {
        let is_wanted = request.from.is_none_or(|from| entry.at >= from)
            && request.to.is_none_or(|to| entry.at < to);
        if is_wanted && failed.is_none() {
            entries = entries.saturating_add(1);
            let written = writer
                .write_all(line)
                .and_then(|()| writer.write_all(b"\n"));
            failed = written.err();
        }
    })
    .map_err(unreadable)?;
    if let Some(error) = failed {
        return Err(writer.error(error).into());
    }
    let ids = store.keep_all(&owner, vec![writer.close()])?;
    let id = ids.into_iter().next().ok_or(ErrorCode::Internal)?;
    Ok(AuditExportResponse {
        document: id.as_str().to_owned(),
        entries,
        head: found.head,
    })
}

#[allow(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn unreadable(error: std::io::Error) -> Failure {
    Failure::new(ErrorCode::AuditUnavailable).with_system_error(
        "Le journal ne peut pas être lu",
        "The journal cannot be read",
        &error,
    )
}
