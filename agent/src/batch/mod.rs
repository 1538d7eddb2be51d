//! Batches: many documents, each signed by itself, under one mandate (docs/batch.md). A batch is a directory of the state directory
//! with a journal; it runs on threads of its own, outlives the request that started it and, by its journal, the agent.
//!
//! What holds whatever happens: before the card is asked, what it will sign is durable; an item that was begun is laid out again to
//! exactly the same bytes or not at all; a result is in its place, whole and durable, before the journal says so. Refused: batches
//! of somebody else's, a second run of one that runs, a journal that was changed.

mod begin;
mod card_stage;
mod finish_stage;
mod journal;
mod keeping;
mod line;
mod look;
mod one_batch;
mod prepare_stage;
mod queue;
mod rate;
mod record;
mod result_file;
mod run;
mod signing;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use paraphe_protocol::api::ErrorCode;

use crate::document_store::Owner;
use crate::problem::Failure;

pub(crate) use begin::begin;
pub(crate) use one_batch::Batch;
pub(crate) use run::{Run, start};

/// How long an agent that stops waits for what its batches have on their way.
const LAST_WORK: Duration = Duration::from_secs(3);
/// What the directory of a batch is called while it is not complete.
const INCOMPLETE: &str = ".new";

/// The batches of this agent.
#[derive(Debug)]
pub(crate) struct Batches {
    directory: PathBuf,
    known: Mutex<BTreeMap<String, Arc<Batch>>>,
    /// Whether a batch is at work: one at a time.
    turn: Mutex<bool>,
    turn_over: Condvar,
}

impl Batches {
    /// The batches in the state directory; nothing is read.
    pub(crate) fn in_directory(state: &Path) -> Self {
        Self {
            directory: state.join("batches"),
            known: Mutex::default(),
            turn: Mutex::new(false),
            turn_over: Condvar::new(),
        }
    }

    /// Where batches are, made where it is not there.
    fn directory(&self) -> io::Result<&Path> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)?;
        Ok(&self.directory)
    }

    /// The batch of this name, if it is this owner's.
    pub(crate) fn find(&self, owner: &Owner, id: &str) -> Result<Arc<Batch>, Failure> {
        let batch = self.any(id)?;
        if batch.owner() == owner {
            Ok(batch)
        } else {
            Err(ErrorCode::BatchUnknown.into())
        }
    }

    /// The batch of this name, whoever's it is.
    fn any(&self, id: &str) -> Result<Arc<Batch>, Failure> {
        if !is_id(id) {
            return Err(ErrorCode::BatchUnknown.into());
        }
        let mut known = self.lock();
        if let Some(batch) = known.get(id) {
            return Ok(Arc::clone(batch));
        }
        let batch = Arc::new(Batch::load(id, &self.directory.join(id))?);
        known.insert(id.to_owned(), Arc::clone(&batch));
        Ok(batch)
    }

    /// All of this owner's that can be read, the oldest first.
    pub(crate) fn of(&self, owner: &Owner) -> Vec<Arc<Batch>> {
        let names = fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut found: Vec<_> = names.filter_map(|id| self.find(owner, &id).ok()).collect();
        found.sort_by_key(|batch| batch.started());
        found
    }

    fn know(&self, batch: &Arc<Batch>) {
        self.lock().insert(batch.id().to_owned(), Arc::clone(batch));
    }

    /// Waits until no other batch is at work; `None` where this one is to stop.
    fn take_turn(&self, batch: &Batch) -> Option<Turn<'_>> {
        let mut busy = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        while *busy {
            if batch.is_to_stop() {
                return None;
            }
            busy = self
                .turn_over
                .wait_timeout(busy, Duration::from_millis(500))
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        *busy = true;
        Some(Turn(self))
    }

    /// Stops every batch between two card operations, and waits a little for what is on its way.
    pub(crate) fn stop(&self) {
        let running: Vec<_> = self.lock().values().cloned().collect();
        for batch in &running {
            batch.stop_with_agent();
        }
        let until = Instant::now() + LAST_WORK;
        while running.iter().any(|batch| batch.is_running()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Batch>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether this may name a batch: 32 hexadecimal digits.
fn is_id(id: &str) -> bool {
    id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The right to be at work.
struct Turn<'a>(&'a Batches);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        *self.0.turn.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.turn_over.notify_all();
    }
}

/// What cannot be written or read of a batch, as its owner is told.
fn storage(error: &io::Error) -> Failure {
    Failure::new(ErrorCode::BatchStorage).with_system_error("Disque", "Disk", error)
}
