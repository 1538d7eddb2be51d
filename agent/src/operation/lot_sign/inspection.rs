//! Every document of the lot, read once: hashed, its format decided by content and declared type, refused where it has active
//! content or changes while it is read, and copied on the way where the result goes to a directory.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::document::{DocumentFormat, DocumentLimits, InspectedDocument, Inspector};
use paraphe_protocol::identifiers::Oid;
use paraphe_protocol::lot::legacy::{LegacyDigests, LegacyHasher};

use super::destination::{Content, Destination};
use super::identifiers::unique_ids;
use super::request::{CheckedDocument, CheckedRequest};
use crate::operation::Context;
use crate::operation::document_source::Source;
use crate::operation::hashing::in_parallel_with;
use crate::problem::Failure;
use crate::signing::check_shown;

/// A document as it will be signed.
#[derive(Debug)]
pub(super) struct Inspected {
    pub(super) unique_id: Oid,
    pub(super) title: String,
    /// Format of the document itself.
    pub(super) format: DocumentFormat,
    /// Media type of what is signed.
    pub(super) media_type: &'static str,
    pub(super) size: u64,
    pub(super) sha256: Sha256Digest,
    /// Where the profile is the old one.
    pub(super) legacy: Option<LegacyDigests>,
    /// Where the bytes that were hashed are.
    pub(super) content: Content,
}

/// Reads every document while the caller's thread does `first` before it helps.
pub(super) fn inspect<First>(
    first: impl FnOnce() -> Result<First, Failure>,
    context: &Context<'_>,
    request: &CheckedRequest<'_>,
    destination: &Destination,
) -> Result<(First, Vec<Inspected>), Failure> {
    let total = AtomicU64::new(0);
    let identifiers = unique_ids(request.documents.len())?;
    let documents = request.documents.iter().zip(identifiers);
    let numbered: Vec<_> = documents.zip(1_usize..).collect();
    in_parallel_with(
        first,
        &numbered,
        |buffer, ((document, unique_id), number)| {
            let source = open(context, document, &total)?;
            let inspector = inspector(context, document);
            // What is wrapped is hashed then, not now.
            let legacy = request.legacy.filter(|_| request.wrap.is_none());
            let mut legacy = legacy.map(LegacyHasher::new);
            let mut hash = |piece: &[u8]| {
                if let Some(hasher) = &mut legacy {
                    hasher.update(piece);
                }
            };
            // What is wrapped is copied then, not now.
            let copy = if request.wrap.is_some() {
                None
            } else {
                destination.copy_of(*number)?
            };
            let (found, content) = match copy {
                None => (
                    read(source, buffer, inspector, |piece| {
                        hash(piece);
                        Ok(())
                    })?,
                    Content::At(document.request.source.clone()),
                ),
                Some(mut copy) => {
                    let found = read(source, buffer, inspector, |piece| {
                        hash(piece);
                        copy.write_all(piece).map_err(cannot_write)
                    })?;
                    (found, copy.close(found.format.extension())?.0)
                }
            };
            check_shown(document.request.sha256, found.sha256)?;
            Ok(Inspected {
                unique_id: unique_id.clone(),
                title: document.request.title.clone(),
                format: found.format,
                media_type: found.format.media_type(),
                size: found.size,
                sha256: found.sha256,
                legacy: legacy.map(LegacyHasher::finish),
                content,
            })
        },
    )
}

fn open(
    context: &Context<'_>,
    document: &CheckedDocument<'_>,
    total: &AtomicU64,
) -> Result<Source, Failure> {
    let limits = context.agent.config.limits;
    let source = Source::open(context, &document.request.source, limits.document_bytes)?;
    let size = source.size();
    let before = total.fetch_add(size, Ordering::Relaxed);
    if before.saturating_add(size) > limits.lot_bytes {
        return Err(Failure::new(ErrorCode::DocumentTooLarge).with_detail(
            format!("Le lot entier : au plus {} octets.", limits.lot_bytes),
            format!("The whole lot: at most {} bytes.", limits.lot_bytes),
        ));
    }
    Ok(source)
}

fn inspector(context: &Context<'_>, document: &CheckedDocument<'_>) -> Inspector {
    let limits = DocumentLimits {
        max_bytes: context.agent.config.limits.document_bytes,
    };
    Inspector::new(document.declared, limits)
}

fn read(
    source: Source,
    buffer: &mut Vec<u8>,
    mut inspector: Inspector,
    mut copy: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<InspectedDocument, Failure> {
    source.read_through(buffer, |piece| {
        inspector.update(piece)?;
        copy(piece)
    })?;
    Ok(inspector.finish()?)
}

#[expect(clippy::needless_pass_by_value, reason = "used by map_err")]
pub(super) fn cannot_write(error: std::io::Error) -> Failure {
    Failure::new(ErrorCode::Internal).with_system_error(
        "Le résultat n'a pas pu être écrit",
        "The result could not be written",
        &error,
    )
}
