//! Every document of the lot, read once: hashed, its format decided by content and declared type, refused where it has active
//! content or changes while it is read, and copied on the way where the result goes to a directory.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::document::{DocumentFormat, DocumentLimits, Inspector};
use paraphe_protocol::identifiers::Oid;
use paraphe_protocol::lot::legacy::{LegacyDigests, LegacyHasher};

use super::destination::{Content, Destination, Produced};
use super::identifiers::unique_ids;
use super::request::{CheckedDocument, CheckedRequest};
use crate::operation::Context;
use crate::operation::document_source::Source;
use crate::operation::hashing::read_in_parallel;
use crate::operation::reading;
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
    read_in_parallel(
        first,
        &numbered,
        |((document, _), number)| {
            let source = open(context, document, &total)?;
            // What is wrapped is hashed and copied then, not now.
            let is_wrapped = request.wrap.is_some();
            let copy = if is_wrapped {
                None
            } else {
                destination.copy_of(*number)?
            };
            let reading = Reading {
                inspector: inspector(context, document),
                legacy: request
                    .legacy
                    .filter(|_| !is_wrapped)
                    .map(LegacyHasher::new),
                copy,
            };
            Ok((source, reading))
        },
        |((document, unique_id), _), reading| {
            let found = reading.inspector.finish()?;
            let content = match reading.copy {
                None => Content::At(document.request.source.clone()),
                Some(copy) => copy.close(found.format.extension())?.0,
            };
            check_shown(document.request.sha256, found.sha256)?;
            Ok(Inspected {
                unique_id: unique_id.clone(),
                title: document.request.title.clone(),
                format: found.format,
                media_type: found.format.media_type(),
                size: found.size,
                sha256: found.sha256,
                legacy: reading.legacy.map(LegacyHasher::finish),
                content,
            })
        },
    )
}

/// A document on its way.
struct Reading {
    inspector: Inspector,
    legacy: Option<LegacyHasher>,
    copy: Option<Produced>,
}

impl Reading {
    fn take_uninspected(&mut self, piece: &[u8]) -> Result<(), Failure> {
        if let Some(hasher) = &mut self.legacy {
            hasher.update(piece);
        }
        match &mut self.copy {
            Some(copy) => copy.write_all(piece).map_err(cannot_write),
            None => Ok(()),
        }
    }
}

impl reading::Reading for Reading {
    fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.inspector.update(piece)?;
        self.take_uninspected(piece)
    }

    fn take_both(
        first: &mut Self,
        first_piece: &[u8],
        second: &mut Self,
        second_piece: &[u8],
    ) -> [Result<(), Failure>; 2] {
        let [one, other] = Inspector::update_both(
            &mut first.inspector,
            first_piece,
            &mut second.inspector,
            second_piece,
        );
        [
            one.map_err(Failure::from)
                .and_then(|()| first.take_uninspected(first_piece)),
            other
                .map_err(Failure::from)
                .and_then(|()| second.take_uninspected(second_piece)),
        ]
    }
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

#[expect(clippy::needless_pass_by_value, reason = "used by map_err")]
pub(super) fn cannot_write(error: std::io::Error) -> Failure {
    Failure::new(ErrorCode::Internal).with_system_error(
        "Le résultat n'a pas pu être écrit",
        "The result could not be written",
        &error,
    )
}
