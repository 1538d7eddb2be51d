//! `document/show`: what will be signed, to be looked at before. A file is read once, into a snapshot in the document store; the
//! digest, the text and the bytes that a viewer is given are the snapshot's, and so are the bytes that are signed by its name. The
//! documents' own readers (`paraphe_protocol::document`, `pades`, `xml::gate`) say what stands against signing it.
//!
//! Nothing is rendered here and nothing in a document acts: text comes with every hidden character visible, everything else goes
//! to a viewer as it is.

use std::path::Path;
use std::sync::Arc;

use paraphe_protocol::api::{
    DocumentShowRequest, DocumentShowResponse, DocumentSource, ErrorCode, MAXIMUM_SHOWN_TEXT,
};
use paraphe_protocol::document::{
    DocumentError, DocumentFormat, DocumentLimits, Inspector, visible,
};
use paraphe_protocol::pades;
use paraphe_protocol::xml::gate;

use super::{Context, Source};
use crate::document_store::{Owner, StoredDocument};
use crate::problem::Failure;
use crate::signing::{XML, is_xml};

/// Bytes looked at at once.
const PIECE: usize = 256 << 10;

pub(super) fn show(
    context: &Context<'_>,
    request: &DocumentShowRequest,
) -> Result<DocumentShowResponse, Failure> {
    let declared = request.media_type.as_deref();
    let path = match &request.source {
        DocumentSource::Path(path) => path.as_str(),
        DocumentSource::Document(_) => "",
    };
    let file_name = Path::new(path).file_name().and_then(|name| name.to_str());
    let is_xml = is_xml(declared, file_name.unwrap_or_default());
    let declared = match declared {
        Some(declared) if !is_xml => Some(declared.parse::<DocumentFormat>().map_err(|error| {
            Failure::new(ErrorCode::DocumentFormat).with_technical_detail(error)
        })?),
        _ => None,
    };
    let (document, stored) = snapshot(context, &request.source)?;
    let (format, problems) = if is_xml {
        (None, against_xml(&stored)?)
    } else {
        inspect(context, &stored, declared)?
    };
    let media_type = match format {
        _ if is_xml => Some(XML),
        format => format.map(DocumentFormat::media_type),
    };
    let text = match format {
        // What is nothing that is signed may be text all the same: it is seen why.
        Some(DocumentFormat::Text) | None => text(&stored)?,
        Some(_) => None,
    };
    let problems = problems.into_iter();
    Ok(DocumentShowResponse {
        document,
        size: stored.size(),
        sha256: stored.sha256(),
        media_type: media_type.map(str::to_owned),
        text_is_cut: text.is_some() && stored.size() > MAXIMUM_SHOWN_TEXT as u64,
        text,
        problems: problems
            .map(|problem| problem.into_problem(context.language))
            .collect(),
    })
}

/// The bytes, from now on unchanging, and their name. What was handed over is its own snapshot.
fn snapshot(
    context: &Context<'_>,
    source: &DocumentSource,
) -> Result<(String, Arc<StoredDocument>), Failure> {
    let owner = Owner::from(context.caller);
    let store = &context.agent.documents;
    let limit = context.agent.config.limits.document_bytes;
    match Source::open(context, source, limit)? {
        Source::Stored(stored) => match source {
            DocumentSource::Document(id) => Ok((id.clone(), stored)),
            DocumentSource::Path(_) => Err(ErrorCode::Internal.into()),
        },
        file @ Source::File(_) => {
            store.check_room_for(&owner, 1)?;
            let mut writer = store.writer_of_at_most(limit)?;
            file.read_through(&mut Vec::new(), |piece| {
                std::io::Write::write_all(&mut writer, piece)
                    .map_err(|error| writer.error(error).into())
            })?;
            let stored = writer.close();
            let ids = store.keep_all(&owner, vec![Arc::clone(&stored)])?;
            let id = ids.into_iter().next().ok_or(ErrorCode::Internal)?;
            Ok((id.as_str().to_owned(), stored))
        }
    }
}

/// What it is, and what stands against signing it.
fn inspect(
    context: &Context<'_>,
    stored: &StoredDocument,
    declared: Option<DocumentFormat>,
) -> Result<(Option<DocumentFormat>, Vec<Failure>), Failure> {
    let limits = DocumentLimits {
        max_bytes: context.agent.config.limits.document_bytes,
    };
    let mut inspector = Inspector::new(declared, limits);
    let mut fault: Option<DocumentError> = None;
    let mut offset = 0;
    let mut piece = vec![0; PIECE];
    while fault.is_none() {
        let read = read_at(stored, &mut piece, offset)?;
        if read == 0 {
            break;
        }
        fault = inspector
            .update(piece.get(..read).unwrap_or_default())
            .err();
        offset = offset.saturating_add(read as u64);
    }
    let mut format = inspector.format();
    if fault.is_none() {
        match inspector.finish() {
            Ok(found) => format = Some(found.format),
            Err(error) => fault = Some(error),
        }
    }
    let mut problems: Vec<Failure> = fault.into_iter().map(Failure::from).collect();
    if format == Some(DocumentFormat::Pdf) && problems.is_empty() {
        problems.extend(against_pdf(stored)?);
    }
    Ok((format, problems))
}

/// What a signature inside the PDF, which looks into compressed objects too, stumbles over.
fn against_pdf(stored: &StoredDocument) -> Result<Option<Failure>, Failure> {
    if stored.size() > pades::MAXIMUM_PDF_BYTES as u64 {
        return Ok(None);
    }
    let content = whole(stored)?;
    Ok(pades::check(&content, false).err().map(|error| {
        Failure::from(error).about(
            "Signature dans le PDF (PAdES) :",
            "Signature inside the PDF (PAdES):",
        )
    }))
}

fn against_xml(stored: &StoredDocument) -> Result<Vec<Failure>, Failure> {
    if stored.size() > crate::signing::MAXIMUM_HELD_BYTES {
        return Ok(vec![ErrorCode::DocumentTooLarge.into()]);
    }
    let refused = gate::parse(&whole(stored)?, &gate::Limits::default()).err();
    let told = |error| Failure::new(ErrorCode::DocumentFormat).with_technical_detail(error);
    Ok(refused.map(told).into_iter().collect())
}

/// The first part of a text, or nothing where it is none.
fn text(stored: &StoredDocument) -> Result<Option<String>, Failure> {
    let mut bytes = vec![0; MAXIMUM_SHOWN_TEXT];
    let read = read_at(stored, &mut bytes, 0)?;
    bytes.truncate(read);
    let whole = match std::str::from_utf8(&bytes) {
        Ok(text) => text,
        // The last character may be cut through.
        Err(error) if error.error_len().is_none() => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            std::str::from_utf8(valid).unwrap_or_default()
        }
        Err(_) => return Ok(None),
    };
    Ok(Some(visible(whole)))
}

fn whole(stored: &StoredDocument) -> Result<Vec<u8>, Failure> {
    let mut content = vec![0; usize::try_from(stored.size()).unwrap_or_default()];
    let read = read_at(stored, &mut content, 0)?;
    content.truncate(read);
    Ok(content)
}

fn read_at(stored: &StoredDocument, buffer: &mut [u8], offset: u64) -> Result<usize, Failure> {
    stored.read_at(buffer, offset).map_err(|error| {
        let failure = Failure::new(ErrorCode::Internal);
        failure.with_system_error("Document en attente", "Document in hand", &error)
    })
}
