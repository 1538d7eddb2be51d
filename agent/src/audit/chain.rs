//! The chain: each line carries the SHA-256 of the line before it, without its line end; the first one zeros. A line is an entry in
//! the one form in which it is written, so that nothing can stand in it that its reader does not see.

use std::io::{self, BufRead, Read};

use paraphe_protocol::api::{AuditEntry, AuditFault, AuditHead};
use paraphe_protocol::digest::Sha256Digest;

/// Longest line, bytes: an entry with all its digests has some 2,500.
pub(super) const MAXIMUM_LINE_BYTES: usize = 16 << 10;
const NOTHING_BEFORE: [u8; 32] = [0; 32];

/// What the entry after this head carries.
pub(super) fn previous(head: Option<&AuditHead>) -> Sha256Digest {
    head.map_or(Sha256Digest::from_bytes(NOTHING_BEFORE), |head| head.sha256)
}

/// The number of the entry after this head.
pub(super) fn next(head: Option<&AuditHead>) -> u64 {
    head.map_or(1, |head| head.sequence.saturating_add(1))
}

/// The head after a line; `None`: it is no entry.
pub(super) fn head_of(line: &[u8]) -> Option<(AuditEntry, AuditHead)> {
    let entry: AuditEntry = serde_json::from_slice(line).ok()?;
    let is_as_written = serde_json::to_vec(&entry).is_ok_and(|written| written == line);
    let head = AuditHead {
        sequence: entry.sequence,
        sha256: Sha256Digest::of(line),
    };
    is_as_written.then_some((entry, head))
}

/// What a check found.
#[derive(Debug, Default)]
pub(crate) struct Check {
    /// Entries that hold, from the first on.
    pub(crate) entries: u64,
    /// Where they end.
    pub(crate) head: Option<AuditHead>,
    /// What is wrong with the next one.
    pub(crate) fault: Option<AuditFault>,
}

/// Check a journal from its beginning to its end. `each` sees every line that holds.
pub(crate) fn check(
    mut journal: impl BufRead,
    noted: Option<&AuditHead>,
    mut each: impl FnMut(&AuditEntry, &[u8]),
) -> io::Result<Check> {
    let mut check = Check::default();
    let mut is_noted_found = noted.is_none();
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = u64::try_from(MAXIMUM_LINE_BYTES).unwrap_or(u64::MAX);
        if journal.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let is_whole = line.pop_if(|byte| *byte == b'\n').is_some();
        if !is_whole && line.len() < MAXIMUM_LINE_BYTES {
            // What a process that ended in the middle left: it never counted.
            break;
        }
        let Some((entry, head)) = head_of(&line) else {
            check.fault = Some(AuditFault::Unreadable);
            return Ok(check);
        };
        let number = next(check.head.as_ref());
        if entry.previous != previous(check.head.as_ref()) || entry.sequence != number {
            check.fault = Some(AuditFault::ChainBroken);
            return Ok(check);
        }
        is_noted_found |= noted == Some(&head);
        each(&entry, &line);
        check.entries = check.entries.saturating_add(1);
        check.head = Some(head);
    }
    if !is_noted_found {
        check.fault = Some(AuditFault::NotedHeadMissing);
    }
    Ok(check)
}
