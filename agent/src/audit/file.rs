//! The journal's file, `audit.jsonl` in the state directory, mode 0600: appended to by the agent and by commands that do the
//! work themselves, each under the file's lock (flock(2)), each line durable (fdatasync(2)) before it counts. What a process that
//! ended in the middle of a line left is cut off by the next one: it never counted. Nobody waits for ever: a process that was stopped
//! with the lock in its hands keeps no mandate from ending.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use paraphe_protocol::api::{AuditEntry, AuditHead};
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::chain::{self, MAXIMUM_LINE_BYTES};

const FILE: &str = "audit.jsonl";
/// How long another process may hold the lock; its line takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);
/// Time between two tries.
const REST: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    /// One of this process at a time.
    turn: Mutex<()>,
}

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// The file system.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The last line is no entry: what comes next could not be chained to it.
    #[error("the last line is no entry")]
    Damaged,
    /// Another process holds its lock.
    #[error("another process holds the lock")]
    Busy,
}

/// The file, locked until this is dropped.
struct Locked(File);

impl JournalFile {
    pub(super) fn in_directory(directory: &Path) -> Self {
        Self {
            path: directory.join(FILE),
            turn: Mutex::default(),
        }
    }

    /// Append the entry that `entry` makes of where the journal ends; its number.
    pub(super) fn append(
        &self,
        entry: impl FnOnce(Option<&AuditHead>) -> AuditEntry,
    ) -> Result<u64, JournalError> {
        let _turn = self.turn();
        let mut file = self.open(FlockOperation::NonBlockingLockExclusive)?;
        let (head, end) = file.head()?;
        let entry = entry(head.as_ref());
        let mut line = serde_json::to_vec(&entry).map_err(io::Error::from)?;
        line.push(b'\n');
        let file = &mut file.0;
        if file.metadata()?.len() > end {
            file.set_len(end)?;
        }
        file.seek(SeekFrom::Start(end))?;
        let written = file.write_all(&line).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // What does not count does not stay.
            let _best_effort = file.set_len(end);
            return Err(error.into());
        }
        Ok(entry.sequence)
    }

    /// Entries before one, the latest first, and where the journal ends.
    pub(super) fn latest(
        &self,
        before: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<AuditEntry>, Option<AuditHead>), JournalError> {
        let _turn = self.turn();
        let mut file = self.open(FlockOperation::NonBlockingLockShared)?;
        let (head, mut end) = file.head()?;
        let mut entries = Vec::new();
        while entries.len() < limit {
            let Some((line, start)) = file.line_before(end)? else {
                break;
            };
            let (entry, _) = chain::head_of(&line).ok_or(JournalError::Damaged)?;
            if before.is_none_or(|before| entry.sequence < before) {
                entries.push(entry);
            }
            end = start;
        }
        Ok((entries, head))
    }

    /// From the beginning, without a lock: what is appended meanwhile is read or not.
    pub(super) fn reader(&self) -> Result<impl BufRead, JournalError> {
        Ok(BufReader::new(self.opened()?))
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, lock: FlockOperation) -> Result<Locked, JournalError> {
        let file = self.opened()?;
        let until = Instant::now() + PATIENCE;
        loop {
            match flock(&file, lock) {
                Ok(()) => return Ok(Locked(file)),
                Err(Errno::WOULDBLOCK) if Instant::now() < until => thread::sleep(REST),
                Err(Errno::WOULDBLOCK) => return Err(JournalError::Busy),
                Err(error) => return Err(io::Error::from(error).into()),
            }
        }
    }

    fn opened(&self) -> io::Result<File> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.path)
    }
}

impl Locked {
    /// Where the journal ends: its head, and the place after its last whole line.
    fn head(&mut self) -> Result<(Option<AuditHead>, u64), JournalError> {
        let length = self.0.metadata()?.len();
        let end = self.whole_lines_end(length)?;
        let Some((line, _)) = self.line_before(end)? else {
            return Ok((None, end));
        };
        let (_, head) = chain::head_of(&line).ok_or(JournalError::Damaged)?;
        Ok((Some(head), end))
    }

    /// The place after the last line end before `length`.
    fn whole_lines_end(&mut self, length: u64) -> io::Result<u64> {
        let (block, start) = self.block_before(length)?;
        let last = block.iter().rposition(|byte| *byte == b'\n');
        Ok(last.map_or(start, |place| {
            start
                .saturating_add(u64::try_from(place).unwrap_or(0))
                .saturating_add(1)
        }))
    }

    /// The line that ends at `end`, without its line end, and where it starts.
    fn line_before(&mut self, end: u64) -> Result<Option<(Vec<u8>, u64)>, JournalError> {
        if end == 0 {
            return Ok(None);
        }
        let (mut block, start) = self.block_before(end)?;
        if block.pop() != Some(b'\n') {
            return Err(JournalError::Damaged);
        }
        let before = block.iter().rposition(|byte| *byte == b'\n');
        match before {
            Some(place) => {
                let line = block.split_off(place.saturating_add(1));
                let length = u64::try_from(block.len()).unwrap_or(0);
                Ok(Some((line, start.saturating_add(length))))
            }
            None if start == 0 => Ok(Some((block, 0))),
            // Longer than any entry.
            None => Err(JournalError::Damaged),
        }
    }

    /// At most two lines' bytes before `end`, and where they start.
    fn block_before(&mut self, end: u64) -> io::Result<(Vec<u8>, u64)> {
        let most = u64::try_from(MAXIMUM_LINE_BYTES.saturating_mul(2)).unwrap_or(u64::MAX);
        let start = end.saturating_sub(most);
        self.0.seek(SeekFrom::Start(start))?;
        let mut block = Vec::new();
        Read::by_ref(&mut self.0)
            .take(end.saturating_sub(start))
            .read_to_end(&mut block)?;
        Ok((block, start))
    }
}
