//! A document that the agent has, brought here piece by piece (`document/get`). The agent forgets what it made for this command.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe_protocol::api::{DocumentDropRequest, DocumentGetRequest, Operation};
use serde::Serialize;

use super::failure::Failure;
use super::session::Session;

/// Hands every byte of `document` to `sink`, in order, and has the agent forget it.
pub(super) async fn fetch(
    session: &mut Session,
    document: String,
    sink: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    read(session, document.clone(), sink).await?;
    let request = DocumentDropRequest { document };
    session.perform(Operation::DocumentDrop, &request).await?;
    Ok(())
}

/// Hands every byte of `document` to `sink`, in order.
pub(super) async fn read(
    session: &mut Session,
    document: String,
    sink: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let piece_at = |offset| DocumentGetRequest {
        document: document.clone(),
        offset,
    };
    pieces(session, Operation::DocumentGet, piece_at, sink).await
}

/// Hands every byte that `operation` gives to `sink`, in order.
pub(super) async fn pieces<Request: Serialize>(
    session: &mut Session,
    operation: Operation,
    piece_at: impl Fn(u64) -> Request,
    mut sink: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut offset = 0_u64;
    loop {
        let piece = session.perform(operation, &piece_at(offset)).await?;
        let bytes = STANDARD
            .decode(piece["content"].as_str().ok_or(Failure::Answer)?)
            .map_err(|_| Failure::Answer)?;
        sink(&bytes)?;
        if piece["last"] == true {
            return Ok(());
        }
        let length = u64::try_from(bytes.len()).map_err(|_| Failure::Answer)?;
        if length == 0 {
            return Err(Failure::Answer);
        }
        offset = offset.checked_add(length).ok_or(Failure::Answer)?;
    }
}
