//! `request/list`, `request/show`, `request/get`, `request/refuse`: a look at the question for a PIN that is open, at the documents that would be signed
//! as they are now (their digests are what counts), and the person's no, which closes the window.

use paraphe_protocol::api::{
    DocumentGetRequest, DocumentGetResponse, DocumentShowRequest, DocumentShowResponse, ErrorCode,
    RequestGetRequest, RequestListRequest, RequestListResponse, RequestRefuseRequest,
    RequestRefuseResponse, RequestShowRequest, RequestSummary, RequestedDocument,
};

use super::{Context, document, document_show};
use crate::open_requests::OpenRequest;
use crate::problem::Failure;

pub(super) fn list(
    context: &Context<'_>,
    _request: &RequestListRequest,
) -> Result<RequestListResponse, Failure> {
    let open = context.agent.requests.all();
    let summary = |request: &OpenRequest| RequestSummary {
        request: request.id.clone(),
        statement: request.statement.clone(),
        reader: request.reader.clone(),
        on_keypad: request.on_keypad,
        asked_at: request.asked_at,
        documents: request
            .documents
            .iter()
            .map(|document| RequestedDocument {
                title: document.title.clone(),
            })
            .collect(),
    };
    Ok(RequestListResponse {
        requests: open.iter().map(|request| summary(request)).collect(),
    })
}

pub(super) fn show(
    context: &Context<'_>,
    request: &RequestShowRequest,
) -> Result<DocumentShowResponse, Failure> {
    let open = context.agent.requests.find(&request.request)?;
    let position = usize::try_from(request.document)
        .ok()
        .and_then(|position| position.checked_sub(1));
    let document = position
        .and_then(|position| open.documents.get(position))
        .ok_or(ErrorCode::DocumentMissing)?;
    let shown = DocumentShowRequest {
        source: document.source.clone(),
        media_type: document.media_type.clone(),
    };
    document_show::show(&as_its_caller(context, &open), &shown)
}

pub(super) fn get(
    context: &Context<'_>,
    request: &RequestGetRequest,
) -> Result<DocumentGetResponse, Failure> {
    let open = context.agent.requests.find(&request.request)?;
    let piece = DocumentGetRequest {
        document: request.document.clone(),
        offset: request.offset,
    };
    document::get(&as_its_caller(context, &open), &piece)
}

pub(super) fn refuse(
    context: &Context<'_>,
    request: &RequestRefuseRequest,
) -> Result<RequestRefuseResponse, Failure> {
    let open = context.agent.requests.find(&request.request)?;
    if open.on_keypad {
        return Err(Failure::new(ErrorCode::RequestInvalid).with_detail(
            "Le code se tape sur le lecteur : refusez avec sa touche d'annulation.",
            "The PIN is typed on the reader: refuse with its cancel key.",
        ));
    }
    context.agent.pin_entry.withdraw();
    Ok(RequestRefuseResponse {})
}

/// The documents are their caller's: they are looked at as they would.
fn as_its_caller<'a>(context: &Context<'a>, open: &'a OpenRequest) -> Context<'a> {
    Context {
        agent: context.agent,
        caller: &open.caller,
        language: context.language,
    }
}
