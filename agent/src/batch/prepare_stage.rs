//! Ahead of the card: items are laid out on threads of their own, and their intents made durable, several with one sync. An item
//! that was begun before is laid out as its intent says; where that does not give the same bytes it is refused, because the card
//! may have signed the others.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::UnixTime;
use paraphe_protocol::api::{BatchItemState, ErrorCode};
use paraphe_protocol::digest::Sha256Digest;

use super::line::{LaidOut, Line, SignedItem, open};
use super::queue::Popped;
use super::record::{FailedItem, Intent, Record};
use super::signing::BatchSigner;
use super::storage;
use super::table::Row;
use crate::operation::now;
use crate::problem::Failure;

/// Intents made durable with one sync.
const GROUP: usize = 32;
/// What an item on its way takes beside its document, bytes.
const LEAST_WEIGHT: u64 = 64 << 10;
const LONG: Duration = Duration::from_secs(3600);

/// Lays items out until none is left.
pub(super) fn prepare(line: &Line) {
    let mut buffer = Vec::new();
    while !line.is_stopping() {
        let Some((number, row)) = next(line) else {
            break;
        };
        match lay_out(line, number, &row, &mut buffer) {
            Ok(Some(laid_out)) => {
                if !line.prepared.push(laid_out) {
                    break;
                }
            }
            Ok(None) => break,
            Err(failure) if failure.code() == ErrorCode::BatchStorage => {
                line.stop(Some(failure));
            }
            Err(failure) => refuse(line, number, &failure),
        }
    }
    if line.preparing.fetch_sub(1, Ordering::AcqRel) == 1 {
        line.prepared.close();
    }
}

/// Writes down that an item was refused.
pub(super) fn refuse(line: &Line, item: u32, failure: &Failure) {
    let record = Record::Failed(FailedItem::new(item, failure));
    if let Err(failure) = line.batch.record(&line.journal, &[record]) {
        line.stop(Some(failure));
    }
}

fn next(line: &Line) -> Option<(u32, Row)> {
    let mut taken = line.taken.lock().unwrap_or_else(PoisonError::into_inner);
    let number = line.batch.with_table(|table| table.unfinished(*taken))?;
    *taken = number;
    Some((number, line.batch.row(number)?))
}

/// `None` where it is to stop.
fn lay_out(
    line: &Line,
    number: u32,
    row: &Row,
    buffer: &mut Vec<u8>,
) -> Result<Option<LaidOut>, Failure> {
    let batch = &line.batch;
    let item = batch.item(row)?;
    let before = match row.intent.map(|place| batch.read(place)).transpose()? {
        Some(Record::Intent(intent)) => Some(intent),
        _ => None,
    };
    let signing_time = before
        .as_ref()
        .map_or(now(), |intent| UnixTime(intent.signing_time));
    let mut asked = item.choice;
    if let Some(intent) = &before {
        asked.algorithm = Some(intent.algorithm);
    }
    let choice = line.signer.choice(&line.agent, asked)?;
    let document = open(&line.agent, batch, &item)?;
    let weight = BatchSigner::weight(&choice, document.size());
    let Some(share) = line.allowance.take(weight.max(LEAST_WEIGHT)) else {
        return Ok(None);
    };
    let limits = &line.agent.config.limits;
    let prepared = line
        .signer
        .prepare(document, &item, &choice, limits, buffer, signing_time)?;
    if row.document.is_some_and(|seen| seen != prepared.document) {
        return Err(ErrorCode::DocumentChanged.into());
    }
    let intent = Intent {
        item: number,
        document: prepared.document,
        to_be_signed: Sha256Digest::of(prepared.signature.to_be_signed()),
        signing_time: signing_time.0,
        algorithm: prepared.signature.algorithm(),
    };
    if before.as_ref().is_some_and(|before| *before != intent) {
        return Err(ErrorCode::BatchItemNotReproducible.into());
    }
    let value = match row.state {
        BatchItemState::Signed => match batch.read(row.latest)? {
            Record::Signed { value, .. } => Some(
                STANDARD
                    .decode(value)
                    .map_err(|_| ErrorCode::BatchJournalDamaged)?,
            ),
            _ => None,
        },
        _ => None,
    };
    Ok(Some(LaidOut {
        item,
        signature: prepared.signature,
        intended: before.is_some(),
        intent,
        value,
        share,
    }))
}

/// Makes intents durable and lets the card be asked.
pub(super) fn make_durable(line: &Line) {
    while let Popped::Item(first) = line.prepared.pop(LONG) {
        let mut group = vec![first];
        while group.len() < GROUP
            && let Popped::Item(more) = line.prepared.pop(Duration::ZERO)
        {
            group.push(more);
        }
        let written = write_down(line, &group);
        if let Err(failure) = written {
            line.stop(Some(failure));
            break;
        }
        for laid_out in group {
            let taken = match laid_out.value {
                None => line.ready.push(laid_out),
                // Signed before: only the rest is to be done.
                Some(value) => line.signed.push(SignedItem {
                    item: laid_out.item,
                    signature: laid_out.signature,
                    document: laid_out.intent.document,
                    value,
                    recorded: 0,
                    share: laid_out.share,
                }),
            };
            if !taken {
                break;
            }
        }
    }
    line.ready.close();
}

fn write_down(line: &Line, group: &[LaidOut]) -> Result<(), Failure> {
    let intents: Vec<_> = group
        .iter()
        .filter(|laid_out| !laid_out.intended)
        .map(|laid_out| Record::Intent(laid_out.intent.clone()))
        .collect();
    let end = line.batch.record(&line.journal, &intents)?;
    // Room for what comes after the card's answer, before it is asked.
    let reserved = line.journal.reserve();
    reserved
        .and_then(|()| line.journal.sync(end))
        .map_err(|error| storage(&error))
}

/// Starts the threads of this stage.
pub(super) fn start(line: &Arc<Line>) -> std::io::Result<Vec<std::thread::JoinHandle<()>>> {
    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(4);
    let threads = u32::try_from(threads).unwrap_or(1);
    line.preparing.store(threads, Ordering::Release);
    let mut handles = Vec::new();
    for _ in 0..threads {
        let line = Arc::clone(line);
        handles.push(
            std::thread::Builder::new()
                .name("batch-prepare".to_owned())
                .spawn(move || prepare(&line))?,
        );
    }
    let line = Arc::clone(line);
    handles.push(
        std::thread::Builder::new()
            .name("batch-journal".to_owned())
            .spawn(move || make_durable(&line))?,
    );
    Ok(handles)
}
