//! Behind the card: signed items are completed, written and recorded. A result is put in its place only when the record of its
//! signature is durable, so that there is never a result whose signature the journal does not know. What cannot be finished now
//! stays signed and is finished when the batch is resumed, without the card.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::signature::Level;

use super::line::{Line, SignedItem, open};
use super::prepare_stage::refuse;
use super::queue::Popped;
use super::record::Record;
use super::signing::DocumentAgain;
use super::{result_file, storage};
use crate::problem::Failure;

const THREADS: usize = 2;
const LONG: Duration = Duration::from_secs(3600);

/// Starts the threads of this stage.
pub(super) fn start(line: &Arc<Line>) -> std::io::Result<Vec<JoinHandle<()>>> {
    let spawn = || {
        let line = Arc::clone(line);
        Builder::new()
            .name("batch-finish".to_owned())
            .spawn(move || finish_all(&line))
    };
    (0..THREADS).map(|_| spawn()).collect()
}

fn finish_all(line: &Line) {
    while let Popped::Item(signed) = line.signed.pop(LONG) {
        let number = signed.item.item;
        if let Err(failure) = finish(line, signed) {
            match failure.code() {
                // The disk, or the agent itself: nothing is wrong with the item.
                ErrorCode::BatchStorage => line.stop(Some(failure)),
                // The value is none of this signer's: it never will be.
                ErrorCode::CardDataMalformed | ErrorCode::DocumentChanged => {
                    refuse(line, number, &failure);
                }
                _ => line.note(failure),
            }
        }
    }
}

fn finish(line: &Line, signed: SignedItem) -> Result<(), Failure> {
    line.journal
        .sync(signed.recorded)
        .map_err(|error| storage(&error))?;
    let batch = &line.batch;
    let document = || open(&line.agent, batch, &signed.item);
    let mut again = DocumentAgain {
        open: document,
        sha256: signed.document,
    };
    let level = signed.item.choice.level.unwrap_or(Level::B);
    let output = line.signer.complete(
        &line.agent,
        signed.signature,
        &signed.value,
        level,
        &mut again,
    )?;
    let place = result_file::place(batch.begun(), batch.directory(), &signed.item)?;
    let (size, sha256) =
        result_file::write(batch.id(), &place, &output, document, &signed.document)?;
    let record = Record::Done {
        item: signed.item.item,
        size,
        sha256,
    };
    batch.record(&line.journal, &[record])?;
    drop(signed.share);
    Ok(())
}
