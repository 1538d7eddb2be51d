//! The first look at the documents: their digests, which the person approves with the PIN. Read once each, on all processors; one
//! that cannot be read is refused here and does not keep the others from being signed.

use paraphe_protocol::api::BatchItemState;
use paraphe_protocol::digest::{Sha256Digest, Sha256Hasher};

use super::journal::Journal;
use super::line::open;
use super::record::{FailedItem, Item, Record};
use super::{Batch, storage};
use crate::operation::in_parallel;
use crate::problem::Failure;
use crate::service::Inner;

/// Documents between two looks at whether to stop.
const GROUP: usize = 256;
/// The first items' titles are shown to the person.
const SHOWN_TITLES: u32 = 3;

/// What is left to do.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Documents to be signed.
    pub(super) unsigned: Vec<Sha256Digest>,
    /// Titles of the first ones.
    pub(super) first_titles: Vec<String>,
    /// Some are signed and only to be finished.
    pub(super) signed: bool,
}

/// Looks at every document that was not looked at yet.
/// `None` where it is to stop.
pub(super) fn look(
    agent: &Inner,
    batch: &Batch,
    journal: &Journal,
) -> Result<Option<Seen>, Failure> {
    let mut after = 0;
    loop {
        if batch.is_to_stop() {
            return Ok(None);
        }
        let (group, last) = unseen(batch, after)?;
        if group.is_empty() {
            break;
        }
        after = last;
        let looked = in_parallel(&group, |buffer, item| {
            Ok(digest(agent, batch, item, buffer))
        })?;
        let records: Vec<_> = group
            .iter()
            .zip(looked)
            .map(|(item, looked)| match looked {
                Ok(document) => Record::Seen {
                    item: item.item,
                    document,
                },
                Err(failure) => Record::Failed(FailedItem::new(item.item, &failure)),
            })
            .collect();
        let end = batch.record(journal, &records)?;
        journal.sync(end).map_err(|error| storage(&error))?;
    }
    let (mut left, mut item) = (Seen::default(), 0);
    while let Some(next) = batch.with_table(|table| table.unfinished(item)) {
        item = next;
        let Some(row) = batch.row(item) else { break };
        if row.state == BatchItemState::Signed {
            left.signed = true;
            continue;
        }
        left.unsigned.extend(row.document);
        if item <= SHOWN_TITLES {
            left.first_titles.extend(batch.item(&row)?.title);
        }
    }
    Ok(Some(left))
}

/// The next documents that were not looked at, and the number of the last one.
fn unseen(batch: &Batch, mut after: u32) -> Result<(Vec<Item>, u32), Failure> {
    let mut group = Vec::new();
    while group.len() < GROUP
        && let Some(next) = batch.with_table(|table| table.unfinished(after))
    {
        after = next;
        if let Some(row) = batch.row(next)
            && row.document.is_none()
        {
            group.push(batch.item(&row)?);
        }
    }
    Ok((group, after))
}

fn digest(
    agent: &Inner,
    batch: &Batch,
    item: &Item,
    buffer: &mut Vec<u8>,
) -> Result<Sha256Digest, Failure> {
    let mut hasher = Sha256Hasher::new();
    open(agent, batch, item)?.read_through(buffer, |piece| {
        hasher.update(piece);
        Ok(())
    })?;
    Ok(hasher.finish())
}
