//! `batch/start`, `batch/status`, `batch/result`, `batch/cancel`, `batch/resume`, `batch/forget`: the engine (`crate::batch`) as callers see it.

use std::fs::File;
use std::io::{Read, Write};
use std::sync::Arc;

use paraphe_protocol::api::{
    BatchCancelRequest, BatchForgetRequest, BatchForgetResponse, BatchResultRequest,
    BatchResultResponse, BatchResumeRequest, BatchStartRequest, BatchStatusRequest,
    BatchStatusResponse, BatchSummary, DocumentSource, ErrorCode, MAXIMUM_BATCH_PAGE,
};

use super::Context;
use crate::batch::{self, Batch, Run};
use crate::caller::Caller;
use crate::document_store::Owner;
use crate::problem::Failure;

pub(super) fn start(
    context: &Context<'_>,
    request: &BatchStartRequest,
) -> Result<BatchSummary, Failure> {
    if let Some(mandate) = &request.mandate {
        let owner = Owner::from(context.caller);
        context.agent.mandates.find(&owner, mandate)?.check_open()?;
    }
    let batch = batch::begin(context, request)?;
    let run = Run {
        caller: context.caller.clone(),
        language: context.language,
        mandate: request.mandate.clone(),
        not_after: request.not_after,
        retry_failed: false,
    };
    batch::start(context.agent.shared()?, &batch, run)?;
    Ok(batch.summary(context.language))
}

pub(super) fn status(
    context: &Context<'_>,
    request: &BatchStatusRequest,
) -> Result<BatchStatusResponse, Failure> {
    let maximum = request.maximum.unwrap_or(MAXIMUM_BATCH_PAGE);
    if maximum > MAXIMUM_BATCH_PAGE || request.from == Some(0) {
        return Err(
            Failure::new(ErrorCode::RequestInvalid).with_technical_detail(format!(
                "from is at least 1, maximum at most {MAXIMUM_BATCH_PAGE}"
            )),
        );
    }
    let owner = Owner::from(context.caller);
    let batches = &context.agent.batches;
    let Some(id) = &request.batch else {
        let all = batches.of(&owner);
        return Ok(BatchStatusResponse {
            batches: all
                .iter()
                .map(|batch| batch.summary(context.language))
                .collect(),
            items: Vec::new(),
        });
    };
    let batch = batches.find(&owner, id)?;
    let summary = batch.summary(context.language);
    let items = match request.from {
        Some(from) => batch.items(from, maximum, context.language)?,
        None => Vec::new(),
    };
    Ok(BatchStatusResponse {
        batches: vec![summary],
        items,
    })
}

pub(super) fn result(
    context: &Context<'_>,
    request: &BatchResultRequest,
) -> Result<BatchResultResponse, Failure> {
    let owner = Owner::from(context.caller);
    let batch = context.agent.batches.find(&owner, &request.batch)?;
    let (path, size, sha256) = batch.result(request.item)?;
    let signature = match context.caller {
        Caller::LocalProgram { .. } | Caller::CommandLine => {
            let path = path.into_os_string().into_string();
            DocumentSource::Path(path.map_err(|_| Failure::new(ErrorCode::PathNotAllowed))?)
        }
        Caller::Site(_) | Caller::OwnPage => {
            let documents = &context.agent.documents;
            let mut writer = documents.writer_of_at_most(size)?;
            let mut file =
                File::open(&path).map_err(|_| Failure::new(ErrorCode::DocumentMissing))?;
            let mut buffer = vec![0; 64 << 10];
            loop {
                let read = file
                    .read(&mut buffer)
                    .map_err(|_| Failure::new(ErrorCode::DocumentMissing))?;
                if read == 0 {
                    break;
                }
                writer
                    .write_all(buffer.get(..read).unwrap_or_default())
                    .map_err(|error| writer.error(error))?;
            }
            let mut ids = documents.keep_all(&owner, vec![writer.close()])?;
            let id = ids.pop().ok_or(ErrorCode::Internal)?;
            DocumentSource::Document(id.as_str().to_owned())
        }
    };
    Ok(BatchResultResponse {
        item: request.item,
        signature,
        size,
        sha256: sha256.to_string(),
    })
}

pub(super) fn cancel(
    context: &Context<'_>,
    request: &BatchCancelRequest,
) -> Result<BatchSummary, Failure> {
    let batch = find(context, &request.batch)?;
    batch.cancel()?;
    Ok(batch.summary(context.language))
}

pub(super) fn forget(
    context: &Context<'_>,
    request: &BatchForgetRequest,
) -> Result<BatchForgetResponse, Failure> {
    let owner = Owner::from(context.caller);
    let batches = &context.agent.batches;
    batches.forget(&owner, &request.batch, request.unfinished)?;
    Ok(BatchForgetResponse {})
}

pub(super) fn resume(
    context: &Context<'_>,
    request: &BatchResumeRequest,
) -> Result<BatchSummary, Failure> {
    let batch = find(context, &request.batch)?;
    let run = Run {
        caller: context.caller.clone(),
        language: context.language,
        mandate: request.mandate.clone(),
        not_after: request.not_after,
        retry_failed: request.retry_failed,
    };
    batch::start(context.agent.shared()?, &batch, run)?;
    Ok(batch.summary(context.language))
}

fn find(context: &Context<'_>, id: &str) -> Result<Arc<Batch>, Failure> {
    let owner = Owner::from(context.caller);
    context.agent.batches.find(&owner, id)
}
