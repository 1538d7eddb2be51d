//! Wraps the documents of a lot as CDA R2 level 1: a second reading of every document, which must give the same bytes as
//! the first, streamed through base64 into the result while that is hashed.

use std::io::{self, Write};

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::cda::CdaWriter;
use paraphe_protocol::document::{DocumentLimits, Inspector};
use paraphe_protocol::lot::legacy::LegacyHasher;

use super::destination::{Destination, Produced};
use super::header::HeaderContext;
use super::inspection::{Inspected, cannot_write};
use super::request::{CheckedDocument, CheckedRequest};
use crate::operation::Context;
use crate::operation::document_source::Source;
use crate::operation::hashing::in_parallel;
use crate::problem::Failure;

/// Media type of what is signed.
const MEDIA_TYPE: &str = "text/xml";
/// Room for a header and the last base64 group.
const HEADER_BYTES: u64 = 64 << 10;

/// Replaces each inspected document by its wrapped form.
pub(super) fn wrap(
    context: &Context<'_>,
    request: &CheckedRequest<'_>,
    inspected: &[Inspected],
    headers: &HeaderContext,
    destination: &Destination,
) -> Result<Vec<Inspected>, Failure> {
    let numbered: Vec<_> = request
        .documents
        .iter()
        .zip(inspected)
        .zip(1_usize..)
        .collect();
    in_parallel(&numbered, |buffer, ((document, plain), number)| {
        let limit = (plain.size / 3 + 1)
            .saturating_mul(4)
            .saturating_add(HEADER_BYTES);
        let output = destination.produce(context, *number, limit)?;
        let output = Hashed {
            output,
            legacy: request.legacy.map(LegacyHasher::new),
        };
        wrap_one(context, document, plain, headers, output, buffer)
    })
}

fn wrap_one(
    context: &Context<'_>,
    document: &CheckedDocument<'_>,
    plain: &Inspected,
    headers: &HeaderContext,
    output: Hashed,
    buffer: &mut Vec<u8>,
) -> Result<Inspected, Failure> {
    let draft = document.header.as_ref().ok_or(ErrorCode::Internal)?;
    let header = headers.header(draft, plain.unique_id.clone())?;
    let mut writer = CdaWriter::begin(&header, plain.format, output).map_err(cannot_write)?;
    let limits = DocumentLimits {
        max_bytes: plain.size,
    };
    let mut inspector = Inspector::new(Some(plain.format), limits);
    Source::open(context, &document.request.source, plain.size)
        .map_err(|_| ErrorCode::DocumentChanged)?
        .read_through(buffer, |piece| {
            inspector.update(piece)?;
            writer.write_chunk(piece).map_err(cannot_write)
        })?;
    let again = inspector.finish().map_err(|_| ErrorCode::DocumentChanged)?;
    if again.sha256 != plain.sha256 {
        return Err(ErrorCode::DocumentChanged.into());
    }
    let Hashed { output, legacy } = writer.finish().map_err(cannot_write)?;
    let (content, size, sha256) = output.close("xml")?;
    Ok(Inspected {
        unique_id: plain.unique_id.clone(),
        title: plain.title.clone(),
        format: plain.format,
        media_type: MEDIA_TYPE,
        size,
        sha256,
        legacy: legacy.map(LegacyHasher::finish),
        content,
    })
}

/// A document on its way to its destination, hashed for the old profile as well where that is wanted.
struct Hashed {
    output: Produced,
    legacy: Option<LegacyHasher>,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        if let Some(hasher) = &mut self.legacy {
            hasher.update(bytes.get(..written).unwrap_or_default());
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
