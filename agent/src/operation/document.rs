//! `document/put`, `document/get`, `document/drop`: documents in and out in pieces, base64 in JSON (RFC 4648 section 4,
//! padded, strict). A document is named only by who put it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe_protocol::api::{
    DocumentDropRequest, DocumentDropResponse, DocumentGetRequest, DocumentGetResponse,
    DocumentPutRequest, DocumentPutResponse, ErrorCode, MAXIMUM_CHUNK_BYTES,
};

use super::Context;
use crate::document_store::Owner;
use crate::problem::Failure;

pub(super) fn put(
    context: &Context<'_>,
    request: &DocumentPutRequest,
) -> Result<DocumentPutResponse, Failure> {
    let piece = STANDARD.decode(&request.content).map_err(|_| {
        Failure::new(ErrorCode::RequestInvalid).with_technical_detail("content is not base64")
    })?;
    if piece.len() > MAXIMUM_CHUNK_BYTES {
        return Err(Failure::new(ErrorCode::RequestInvalid)
            .with_technical_detail(format!("a piece is at most {MAXIMUM_CHUNK_BYTES} bytes")));
    }
    let (document, size, sha256) = context.agent.documents.put(
        &Owner::from(context.caller),
        request.document.as_deref(),
        request.offset,
        &piece,
        request.last,
    )?;
    Ok(DocumentPutResponse {
        document: document.as_str().to_owned(),
        size,
        sha256: sha256.map(|digest| digest.to_string()),
    })
}

pub(super) fn get(
    context: &Context<'_>,
    request: &DocumentGetRequest,
) -> Result<DocumentGetResponse, Failure> {
    let stored = context
        .agent
        .documents
        .get(&Owner::from(context.caller), &request.document)?;
    let left = stored.size().saturating_sub(request.offset);
    let length =
        usize::try_from(left).map_or(MAXIMUM_CHUNK_BYTES, |left| left.min(MAXIMUM_CHUNK_BYTES));
    let mut piece = vec![0; length];
    let read = stored
        .read_at(&mut piece, request.offset)
        .map_err(|error| {
            let failure = Failure::new(ErrorCode::Internal);
            failure.with_system_error("Document en attente", "Document in hand", &error)
        })?;
    piece.truncate(read);
    Ok(DocumentGetResponse {
        content: STANDARD.encode(&piece),
        size: stored.size(),
        last: u64::try_from(read).unwrap_or(u64::MAX) >= left,
    })
}

pub(super) fn drop_document(
    context: &Context<'_>,
    request: &DocumentDropRequest,
) -> Result<DocumentDropResponse, Failure> {
    context
        .agent
        .documents
        .drop_document(&Owner::from(context.caller), &request.document)?;
    Ok(DocumentDropResponse {})
}
