//! One batch: its directory, what its journal says, and what is done with it now.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use paraphe_protocol::api::{
    BatchItemState, BatchItemStatus, BatchState, BatchSummary, ErrorCode, Language,
};
use paraphe_protocol::digest::Sha256Digest;

use super::journal::{self, Journal, JournalError};
use super::rate::Rate;
use super::record::{Begun, Item, Record};
use super::result_file;
use super::storage;
use super::table::{Row, Table};
use crate::document_store::Owner;
use crate::problem::Failure;

/// Name of the journal in a batch's directory.
pub(super) const JOURNAL: &str = "journal";

/// A batch.
#[derive(Debug)]
pub(crate) struct Batch {
    id: String,
    directory: PathBuf,
    owner: Owner,
    begun: Begun,
    lines: File,
    cancelled: AtomicBool,
    agent_stops: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    table: Table,
    /// Length of the journal when the table was made of it.
    length: u64,
    activity: Activity,
    problem: Option<Failure>,
    mandate: Option<String>,
    signatures: u64,
    rate: Rate,
}

/// What is done with a batch in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    Idle,
    Preparing,
    Queued,
    Signing,
}

/// A batch that nobody works on.
#[derive(Debug)]
pub(super) struct Held {
    is_finished: bool,
    /// Locked.
    _journal: Journal,
}

impl Held {
    /// Whether every item is done or failed.
    pub(super) fn is_finished(&self) -> bool {
        self.is_finished
    }
}

impl Batch {
    /// Reads what a journal says; a batch of another process's is read as far as it is.
    pub(super) fn load(id: &str, directory: &Path) -> Result<Self, Failure> {
        let path = directory.join(JOURNAL);
        let unknown = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Failure::from(ErrorCode::BatchUnknown),
            _ => storage(&error),
        };
        let lines = File::open(&path).map_err(unknown)?;
        let mut table = Table::default();
        let length = journal::read(&path, |place, record| table.apply(place, record))?;
        let begun = table.begun.clone().ok_or(ErrorCode::BatchJournalDamaged)?;
        let owner = begun.owner().ok_or(ErrorCode::BatchJournalDamaged)?;
        Ok(Self {
            id: id.to_owned(),
            directory: directory.to_owned(),
            owner,
            begun,
            lines,
            cancelled: AtomicBool::new(false),
            agent_stops: AtomicBool::new(false),
            state: Mutex::new(State {
                table,
                length,
                activity: Activity::Idle,
                problem: None,
                mandate: None,
                signatures: 0,
                rate: Rate::default(),
            }),
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn owner(&self) -> &Owner {
        &self.owner
    }

    pub(super) fn begun(&self) -> &Begun {
        &self.begun
    }

    pub(super) fn started(&self) -> i64 {
        self.begun.at
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Whether it works in this process.
    pub(super) fn is_running(&self) -> bool {
        self.lock().activity != Activity::Idle
    }

    /// Whether it is to stop between two card operations.
    pub(super) fn is_to_stop(&self) -> bool {
        self.is_cancelled() || self.agent_stops.load(Ordering::Relaxed)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    pub(super) fn stop_with_agent(&self) {
        self.agent_stops.store(true, Ordering::Relaxed);
    }

    /// Stops it between two card operations, or notes that it is not to be gone on with.
    pub(crate) fn cancel(&self) -> Result<(), Failure> {
        if self.is_running() {
            self.cancelled.store(true, Ordering::Relaxed);
            return Ok(());
        }
        let (journal, mut table) = self.open_journal()?;
        if !table.is_finished() {
            let (_, end) = journal
                .append(&[Record::Cancelled])
                .map_err(|error| storage(&error))?;
            journal.sync(end).map_err(|error| storage(&error))?;
            table.apply(0, Record::Cancelled);
        }
        self.lock().table = table;
        Ok(())
    }

    /// Begins to work, unless this or another process does.
    pub(super) fn begin_work(&self) -> Result<Arc<Journal>, Failure> {
        if self.is_running() {
            return Err(ErrorCode::BatchRunning.into());
        }
        let (journal, table) = self.open_journal()?;
        let mut state = self.lock();
        if state.activity != Activity::Idle {
            return Err(ErrorCode::BatchRunning.into());
        }
        self.cancelled.store(false, Ordering::Relaxed);
        state.table = table;
        state.problem = None;
        state.activity = Activity::Queued;
        Ok(Arc::new(journal))
    }

    /// Keeps every process from working on it, as long as what comes back is there.
    pub(super) fn hold(&self) -> Result<Held, Failure> {
        if self.is_running() {
            return Err(ErrorCode::BatchRunning.into());
        }
        let (journal, table) = self.open_journal()?;
        Ok(Held {
            is_finished: table.is_finished(),
            _journal: journal,
        })
    }

    fn open_journal(&self) -> Result<(Journal, Table), Failure> {
        let mut table = Table::default();
        let journal = Journal::open(&self.directory.join(JOURNAL), |place, record| {
            table.apply(place, record);
        })?;
        Ok((journal, table))
    }

    /// Ends the work: what stopped it, or nothing.
    pub(super) fn end_work(&self, problem: Option<Failure>) {
        let length = self.lines.metadata().map_or(0, |metadata| metadata.len());
        let mut state = self.lock();
        state.activity = Activity::Idle;
        state.problem = problem;
        state.mandate = None;
        state.length = length;
        state.rate.clear();
    }

    pub(super) fn set_activity(&self, activity: Activity) {
        self.lock().activity = activity;
    }

    pub(super) fn set_mandate(&self, mandate: &str) {
        self.lock().mandate = Some(mandate.to_owned());
    }

    /// A signature was made.
    pub(super) fn note_signature(&self) {
        let mut state = self.lock();
        state.signatures += 1;
        state.rate.note();
    }

    /// Signatures made by this process.
    pub(super) fn signatures(&self) -> u64 {
        self.lock().signatures
    }

    /// Writes records and takes them over; gives where they end, for a sync.
    pub(super) fn record(&self, journal: &Journal, records: &[Record]) -> Result<u64, Failure> {
        // Under the lock: places in the journal and the order in the table are the same.
        let mut state = self.lock();
        let (places, end) = journal.append(records).map_err(|error| storage(&error))?;
        for (place, record) in places.into_iter().zip(records) {
            state.table.apply(place, record.clone());
        }
        Ok(end)
    }

    /// Looks at what the journal says.
    pub(super) fn with_table<R>(&self, look: impl FnOnce(&Table) -> R) -> R {
        look(&self.lock().table)
    }

    pub(super) fn row(&self, item: u32) -> Option<Row> {
        self.lock().table.row(item).copied()
    }

    /// A record at its place.
    pub(super) fn read(&self, place: u64) -> Result<Record, Failure> {
        journal::read_at(&self.lines, place).map_err(|error| storage(&error))
    }

    /// What an item was given as.
    pub(super) fn item(&self, row: &Row) -> Result<Item, Failure> {
        match self.read(row.item)? {
            Record::Item(item) => Ok(item),
            _ => Err(ErrorCode::BatchJournalDamaged.into()),
        }
    }

    /// How its work ends, and how many items have their result.
    pub(super) fn outcome(&self) -> (BatchState, u32) {
        let state = self.lock();
        (state.ended(), state.table.counts.done)
    }

    /// Where it stands.
    pub(crate) fn summary(&self, language: Language) -> BatchSummary {
        self.refresh();
        let state = self.lock();
        let table = &state.table;
        let stopped = state.told();
        let problem = match (&state.problem, stopped) {
            (Some(problem), _) => Some(problem.clone()),
            (None, BatchState::Stopped) => Some(ErrorCode::BatchInterrupted.into()),
            _ => None,
        };
        let left = table
            .items()
            .saturating_sub(table.counts.done + table.counts.failed + table.counts.signed);
        let each = state.rate.seconds_each();
        BatchSummary {
            batch: self.id.clone(),
            purpose: self.begun.purpose.clone(),
            state: stopped,
            problem: problem.map(|problem| problem.into_problem(language)),
            items: table.items(),
            done: table.counts.done,
            failed: table.counts.failed,
            signed: table.counts.signed,
            per_minute: each.map(|each| whole(60.0 / each.max(1e-6))),
            remaining_seconds: each.map(|each| whole(each * f64::from(left)).into()),
            mandate: state.mandate.clone(),
            output: self.begun.output.clone(),
            started: self.begun.at,
        }
    }

    /// How so many items from this one on stand.
    pub(crate) fn items(
        &self,
        from: u32,
        maximum: u32,
        language: Language,
    ) -> Result<Vec<BatchItemStatus>, Failure> {
        let mut items = Vec::new();
        for number in from..from.saturating_add(maximum) {
            let Some(row) = self.row(number) else { break };
            let problem = match (row.state, self.read(row.latest)) {
                (BatchItemState::Failed, Ok(Record::Failed(failed))) => {
                    Some(failed.failure().into_problem(language))
                }
                _ => None,
            };
            items.push(BatchItemStatus {
                item: number,
                title: self.item(&row)?.title,
                state: row.state,
                problem,
            });
        }
        Ok(items)
    }

    /// Where the result of an item is, its size and digest.
    pub(crate) fn result(&self, number: u32) -> Result<(PathBuf, u64, Sha256Digest), Failure> {
        self.refresh();
        let row = self.row(number).ok_or_else(|| {
            Failure::new(ErrorCode::RequestInvalid).with_technical_detail("no such item")
        })?;
        if row.state != BatchItemState::Done {
            return Err(ErrorCode::BatchResultNotReady.into());
        }
        let Record::Done { size, sha256, .. } = self.read(row.latest)? else {
            return Err(ErrorCode::BatchJournalDamaged.into());
        };
        let place = result_file::place(&self.begun, &self.directory, &self.item(&row)?)?;
        Ok((place, size, sha256))
    }

    /// Reads again what another process wrote.
    fn refresh(&self) {
        let length = self.lines.metadata().map_or(0, |metadata| metadata.len());
        let mut state = self.lock();
        if state.activity != Activity::Idle || length == state.length {
            return;
        }
        let mut table = Table::default();
        let path = self.directory.join(JOURNAL);
        if let Ok(length) = journal::read(&path, |place, record| table.apply(place, record)) {
            state.table = table;
            state.length = length;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn told(&self) -> BatchState {
        match self.activity {
            Activity::Preparing => BatchState::Preparing,
            Activity::Queued => BatchState::Queued,
            Activity::Signing => BatchState::Signing,
            Activity::Idle => self.ended(),
        }
    }

    fn ended(&self) -> BatchState {
        if self.table.is_finished() {
            BatchState::Done
        } else if self.table.cancelled {
            BatchState::Cancelled
        } else {
            BatchState::Stopped
        }
    }
}

/// A number of at most 32 bits.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped before"
)]
fn whole(number: f64) -> u32 {
    number.round().clamp(0.0, f64::from(u32::MAX)) as u32
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Io(error) => storage(&error),
            JournalError::Damaged { line } => Self::new(ErrorCode::BatchJournalDamaged)
                .with_technical_detail(format!("line {line}")),
            JournalError::InUse => ErrorCode::BatchRunning.into(),
        }
    }
}
