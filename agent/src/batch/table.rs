//! Where the items of a batch stand, sixty-odd bytes each: their documents' digests and the places of their records in the journal.
//! What an item is called and where its document is stays in the journal.

use paraphe_protocol::api::BatchItemState;
use paraphe_protocol::digest::Sha256Digest;

use super::record::{Begun, Record};

/// What the journal says.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) begun: Option<Begun>,
    /// Every item is there.
    pub(super) listed: bool,
    pub(super) cancelled: bool,
    /// Serial number and certificate of the signer.
    pub(super) signer: Option<(String, Sha256Digest)>,
    rows: Vec<Row>,
    pub(super) counts: Counts,
}

/// Items in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) done: u32,
    pub(super) failed: u32,
    pub(super) signed: u32,
}

/// An item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    /// Place of the item's record.
    pub(super) item: u64,
    pub(super) document: Option<Sha256Digest>,
    /// Place of its intent.
    pub(super) intent: Option<u64>,
    /// Place of its signature, its result or its failure, by its state.
    pub(super) latest: u64,
    pub(super) state: BatchItemState,
}

impl Table {
    /// Items in all.
    pub(super) fn items(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    /// The item of this number, from 1.
    pub(super) fn row(&self, item: u32) -> Option<&Row> {
        self.rows.get(index(item)?)
    }

    /// Items whose result is not there and that were not refused, by ascending number.
    pub(super) fn unfinished(&self, after: u32) -> Option<u32> {
        let from = usize::try_from(after).ok()?;
        let found =
            self.rows.get(from..)?.iter().position(|row| {
                !matches!(row.state, BatchItemState::Done | BatchItemState::Failed)
            })?;
        u32::try_from(from + found + 1).ok()
    }

    /// Whether every item is done or failed.
    pub(super) fn is_finished(&self) -> bool {
        self.listed && self.counts.done + self.counts.failed == self.items()
    }

    /// Takes over what a record at this place says. One that does not fit is passed over: its checksum was right, and nothing
    /// depends on what cannot be.
    pub(super) fn apply(&mut self, place: u64, record: Record) {
        match record {
            Record::Begun(begun) => self.begun = Some(begun),
            Record::Item(item) => {
                if index(item.item) == Some(self.rows.len()) && !self.listed {
                    self.rows.push(Row {
                        item: place,
                        document: None,
                        intent: None,
                        latest: 0,
                        state: BatchItemState::Waiting,
                    });
                }
            }
            Record::Listed { items } => self.listed = items == self.items(),
            Record::Seen { item, document } => {
                if let Some(row) = self.row_mut(item) {
                    row.document = Some(document);
                }
            }
            Record::Signer {
                serial,
                certificate,
            } => self.signer = Some((serial, certificate)),
            Record::Intent(intent) => {
                if let Some(row) = self.row_mut(intent.item) {
                    row.intent = Some(place);
                }
                self.put(intent.item, BatchItemState::Intended, place);
            }
            Record::Signed { item, .. } => self.put(item, BatchItemState::Signed, place),
            Record::Done { item, .. } => self.put(item, BatchItemState::Done, place),
            Record::Failed(failed) => self.put(failed.item, BatchItemState::Failed, place),
            Record::Retried => {
                for item in 1..=self.items() {
                    let row = self.row(item).copied();
                    if let Some(row) = row.filter(|row| row.state == BatchItemState::Failed) {
                        let before = match row.intent {
                            Some(_) => BatchItemState::Intended,
                            None => BatchItemState::Waiting,
                        };
                        self.put(item, before, row.latest);
                    }
                }
            }
            Record::Working => self.cancelled = false,
            Record::Cancelled => self.cancelled = true,
        }
    }

    fn put(&mut self, item: u32, state: BatchItemState, place: u64) {
        let Some(row) = index(item).and_then(|index| self.rows.get_mut(index)) else {
            return;
        };
        let before = std::mem::replace(&mut row.state, state);
        row.latest = place;
        if let Some(count) = self.counts.of(before) {
            *count = count.saturating_sub(1);
        }
        if let Some(count) = self.counts.of(state) {
            *count += 1;
        }
    }

    fn row_mut(&mut self, item: u32) -> Option<&mut Row> {
        self.rows.get_mut(index(item)?)
    }
}

impl Counts {
    fn of(&mut self, state: BatchItemState) -> Option<&mut u32> {
        match state {
            BatchItemState::Done => Some(&mut self.done),
            BatchItemState::Failed => Some(&mut self.failed),
            BatchItemState::Signed => Some(&mut self.signed),
            _ => None,
        }
    }
}

fn index(item: u32) -> Option<usize> {
    usize::try_from(item.checked_sub(1)?).ok()
}
