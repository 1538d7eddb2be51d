//! A batch's journal: an append-only file of lines, each a checksum and a record in JSON. The checksum (the first eight bytes of
//! SHA-256, hexadecimal) covers the checksum before it and the record, so that a line that is missing, moved or changed is seen.
//! What the last writer left half-written is cut off; damage before that is refused.
//!
//! A record is durable when [`Journal::sync`] came back. Room for what must be written once the card was asked is taken before
//! ([`Journal::reserve`]). An append that fails leaves the file as it was; a sync that fails ends the journal for this process.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use paraphe_protocol::digest::{Sha256Digest, Sha256Hasher};
use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock};

use super::record::Record;

/// Longest line, bytes.
const MAXIMUM_LINE: u64 = 64 << 10;
/// Hexadecimal digits of a checksum.
const CHECKSUM: usize = 16;
/// Bytes taken beyond the end: what a hundred signatures and their results need.
const RESERVE: u64 = 256 << 10;

/// A journal that is open for appending.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    end: Mutex<End>,
}

#[derive(Debug)]
struct End {
    /// Bytes of whole lines.
    length: u64,
    /// Of these, durable.
    synced: u64,
    /// Room is taken up to here.
    reserved: u64,
    checksum: String,
    broken: bool,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum JournalError {
    /// The file system.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line before the last is not what was written.
    #[error("line {line} of the journal is damaged")]
    Damaged { line: usize },
    /// Another process works on this batch.
    #[error("another process works on this batch")]
    InUse,
}

impl Journal {
    /// Begins one; there must be none.
    pub(super) fn create(path: &Path) -> Result<Self, JournalError> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        lock_file(&file)?;
        Ok(Self::with_end(file, 0, first_checksum()))
    }

    /// Goes on with one: gives its records, each with its place, to `seen`, and cuts off what is half-written.
    pub(super) fn open(path: &Path, seen: impl FnMut(u64, Record)) -> Result<Self, JournalError> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        lock_file(&file)?;
        let (length, checksum) = read_lines(&file, seen)?;
        file.set_len(length)?;
        file.sync_all()?;
        Ok(Self::with_end(file, length, checksum))
    }

    fn with_end(file: File, length: u64, checksum: String) -> Self {
        Self {
            file,
            end: Mutex::new(End {
                length,
                synced: length,
                reserved: length,
                checksum,
                broken: false,
            }),
        }
    }

    /// Appends records; gives the place of each, and where the last one ends.
    pub(super) fn append(&self, records: &[Record]) -> io::Result<(Vec<u64>, u64)> {
        let mut end = self.lock();
        end.usable()?;
        let mut lines = Vec::new();
        let mut places = Vec::with_capacity(records.len());
        let mut checksum = end.checksum.clone();
        for record in records {
            let before = u64::try_from(lines.len()).unwrap_or_default();
            places.push(end.length + before);
            let json = serde_json::to_vec(record)?;
            checksum = checksum_of(&checksum, &json);
            lines.extend_from_slice(checksum.as_bytes());
            lines.push(b' ');
            lines.extend_from_slice(&json);
            lines.push(b'\n');
        }
        if let Err(error) = (&self.file).write_all(&lines) {
            // What got there of the lines must not stand before the next ones.
            if self.file.set_len(end.length).is_err() {
                end.broken = true;
            }
            return Err(error);
        }
        end.length += u64::try_from(lines.len()).unwrap_or_default();
        end.checksum = checksum;
        Ok((places, end.length))
    }

    /// Takes room for what will be written when the card has answered.
    pub(super) fn reserve(&self) -> io::Result<()> {
        let mut end = self.lock();
        end.usable()?;
        if end.reserved.saturating_sub(end.length) >= RESERVE / 2 {
            return Ok(());
        }
        match fallocate(&self.file, FallocateFlags::KEEP_SIZE, end.length, RESERVE) {
            Ok(()) => end.reserved = end.length + RESERVE,
            // A file system that cannot say it beforehand.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                end.reserved = u64::MAX;
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Makes everything up to this place durable. Several callers share one sync.
    pub(super) fn sync(&self, up_to: u64) -> io::Result<()> {
        let mut end = self.lock();
        end.usable()?;
        if end.synced >= up_to {
            return Ok(());
        }
        let length = end.length;
        match self.file.sync_data() {
            Ok(()) => {
                end.synced = length;
                Ok(())
            }
            Err(error) => {
                // What became of the pages is not known: it is not tried again (fsync(2)).
                end.broken = true;
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, End> {
        // A panic between writing and counting would leave a longer file, which the next append would follow.
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads the record at this place.
pub(super) fn read_at(file: &File, place: u64) -> io::Result<Record> {
    let mut line = Vec::new();
    let mut piece = [0; 1024];
    while !line.contains(&b'\n') {
        let read = file.read_at(
            &mut piece,
            place.saturating_add(u64::try_from(line.len()).unwrap_or_default()),
        )?;
        if read == 0 || u64::try_from(line.len()).unwrap_or(u64::MAX) > MAXIMUM_LINE {
            return Err(io::ErrorKind::InvalidData.into());
        }
        line.extend_from_slice(piece.get(..read).unwrap_or_default());
    }
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let json = line.get(CHECKSUM + 1..).unwrap_or_default();
    Ok(serde_json::from_slice(json)?)
}

/// Gives every record that is there to `seen`, whoever writes meanwhile; gives the length of them.
pub(super) fn read(path: &Path, seen: impl FnMut(u64, Record)) -> Result<u64, JournalError> {
    read_lines(&File::open(path)?, seen).map(|(length, _)| length)
}

impl End {
    fn usable(&self) -> io::Result<()> {
        if self.broken {
            Err(io::Error::other(
                "the journal could not be made durable before",
            ))
        } else {
            Ok(())
        }
    }
}

/// One writer at a time; the lock goes with the process.
fn lock_file(file: &File) -> Result<(), JournalError> {
    flock(file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
        rustix::io::Errno::WOULDBLOCK => JournalError::InUse,
        error => JournalError::Io(error.into()),
    })
}

/// Reads every whole line; gives the length of them and the last checksum.
fn read_lines(
    file: &File,
    mut seen: impl FnMut(u64, Record),
) -> Result<(u64, String), JournalError> {
    let mut reader = BufReader::with_capacity(256 << 10, file);
    let (mut length, mut checksum, mut number) = (0, first_checksum(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut reader)
            .take(MAXIMUM_LINE)
            .read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok((length, checksum));
        }
        number += 1;
        match checked(&checksum, &line) {
            Some((next, record)) => {
                seen(length, record);
                length += u64::try_from(read).unwrap_or_default();
                checksum = next;
            }
            // What a torn write leaves at the end says nothing that holds together; a line that was changed is followed by ones
            // that do.
            None if holds_together(&mut reader)? => {
                return Err(JournalError::Damaged { line: number });
            }
            None => return Ok((length, checksum)),
        }
    }
}

/// Whether any of the lines that follow is right by the one before it.
fn holds_together(reader: &mut impl BufRead) -> io::Result<bool> {
    let (mut before, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        if (&mut *reader)
            .take(MAXIMUM_LINE)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(false);
        }
        let checksum = before
            .get(..CHECKSUM)
            .and_then(|text| std::str::from_utf8(text).ok());
        if checksum.is_some_and(|checksum| checked(checksum, &line).is_some()) {
            return Ok(true);
        }
        std::mem::swap(&mut before, &mut line);
    }
}

/// The line's checksum and record, if they are right after the checksum `before`.
fn checked(before: &str, line: &[u8]) -> Option<(String, Record)> {
    let line = line.strip_suffix(b"\n")?;
    let (checksum, json) = line.split_at_checked(CHECKSUM)?;
    let json = json.strip_prefix(b" ")?;
    let right = checksum_of(before, json);
    if right.as_bytes() != checksum {
        return None;
    }
    Some((right, serde_json::from_slice(json).ok()?))
}

fn first_checksum() -> String {
    "0".repeat(CHECKSUM)
}

fn checksum_of(before: &str, json: &[u8]) -> String {
    let mut hasher = Sha256Hasher::new();
    hasher.update(before.as_bytes());
    hasher.update(json);
    let digest: Sha256Digest = hasher.finish();
    digest.to_string().chars().take(CHECKSUM).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{Journal, JournalError, Record, read_at};

    fn written(directory: &Path, records: u32) -> PathBuf {
        let path = directory.join("journal");
        let journal = Journal::create(&path).unwrap();
        for items in 0..records {
            let (_, end) = journal.append(&[Record::Listed { items }]).unwrap();
            journal.sync(end).unwrap();
        }
        path
    }

    fn read(path: &Path) -> Result<Vec<Record>, JournalError> {
        let mut records = Vec::new();
        Journal::open(path, |_, record| records.push(record)).map(|_| records)
    }

    #[test]
    fn what_is_written_is_read_at_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path(), 3);
        let mut places = Vec::new();
        let journal = Journal::open(&path, |place, record| places.push((place, record))).unwrap();
        assert_eq!(places.len(), 3);
        for (place, record) in places {
            assert_eq!(read_at(&journal.file, place).unwrap(), record);
        }
    }

    #[test]
    fn any_torn_end_is_cut_off_and_written_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path(), 5);
        let whole = fs::read(&path).unwrap();
        let fourth = whole
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .nth(3);
        let fourth = fourth.unwrap().0 + 1;
        for length in fourth..whole.len() {
            for tail in [&b""[..], &[0; 700], b" \n\n"] {
                fs::write(&path, [&whole[..length], tail].concat()).unwrap();
                let journal = Journal::open(&path, |_, _| ()).unwrap();
                journal.append(&[Record::Retried]).unwrap();
                drop(journal);
                let records = read(&path).unwrap();
                assert_eq!(records.len(), 5, "{length}");
                assert_eq!(records.last(), Some(&Record::Retried));
            }
        }
    }

    #[test]
    fn damage_before_the_end_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path(), 5);
        let whole = fs::read(&path).unwrap();
        let second = whole.iter().position(|byte| *byte == b'\n').unwrap();
        for place in 0..second {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&path, changed).unwrap();
            assert!(
                matches!(read(&path), Err(JournalError::Damaged { line: 1 })),
                "{place}"
            );
        }
        // A line left out.
        fs::write(&path, &whole[second + 1..]).unwrap();
        assert!(matches!(
            read(&path),
            Err(JournalError::Damaged { line: 1 })
        ));
    }

    #[test]
    fn one_writer_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = written(directory.path(), 1);
        let journal = Journal::open(&path, |_, _| ()).unwrap();
        assert!(matches!(read(&path), Err(JournalError::InUse)));
        drop(journal);
        read(&path).unwrap();
    }
}
