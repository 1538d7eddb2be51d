//! How long batches are kept. A finished one is taken away `[batch] keep_days` after its last record; above `maximum_kept`, those
//! whose results lie in a directory of the user's own go earlier, the oldest first. A batch that is not finished is never taken away
//! but by its owner's express word: its journal is what keeps items from being signed twice.
//!
//! A batch that is taken away gets another name first, so that a process that is killed meanwhile leaves nothing that looks like one.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use paraphe_protocol::api::ErrorCode;

use super::one_batch::JOURNAL;
use super::{Batch, Batches, INCOMPLETE, is_id, result_file, storage};
use crate::config::BatchConfig;
use crate::document_store::Owner;
use crate::problem::Failure;

/// What the directory of a batch is called while it is taken away.
const FORGOTTEN: &str = ".old";
/// How long the directory of a batch that is being written down may be left alone.
const GROWING: Duration = Duration::from_secs(24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

impl Batches {
    /// Forgets a batch of this owner's; one that is not finished only where that is said expressly.
    pub(crate) fn forget(&self, owner: &Owner, id: &str, unfinished: bool) -> Result<(), Failure> {
        let batch = self.find(owner, id)?;
        self.take_away(&batch, unfinished)
    }

    /// Makes room for one more, and takes away what is old.
    pub(super) fn make_room(&self, limits: &BatchConfig) -> Result<(), Failure> {
        let directory = self.directory().map_err(|error| storage(&error))?;
        clear(directory);
        let now = SystemTime::now();
        let mut kept = Vec::new();
        for (id, age) in ids(directory, now) {
            let is_old = age >= DAY.saturating_mul(limits.keep_days.into());
            if !(is_old && self.take_away_finished(&id, |_| true)) {
                kept.push((age, id));
            }
        }
        let most = usize::try_from(limits.maximum_kept).unwrap_or(usize::MAX);
        kept.sort_unstable();
        let mut left = kept.len();
        // The oldest first.
        for (_, id) in kept.iter().rev() {
            if left < most {
                break;
            }
            if self.take_away_finished(id, |batch| batch.begun().output.is_some()) {
                left -= 1;
            }
        }
        if left < most {
            return Ok(());
        }
        Err(Failure::new(ErrorCode::BatchTooMany).with_detail(
            format!("{left} sont gardés sur ce poste."),
            format!("{left} are kept on this workstation."),
        ))
    }

    /// Whether it was finished, one of those, and is gone.
    fn take_away_finished(&self, id: &str, which: impl Fn(&Batch) -> bool) -> bool {
        let Ok(batch) = self.any(id) else {
            // A journal that cannot be read is somebody's to look at.
            return false;
        };
        which(&batch) && self.take_away(&batch, false).is_ok()
    }

    fn take_away(&self, batch: &Batch, unfinished: bool) -> Result<(), Failure> {
        // Nobody works on it as long as this is held.
        let held = batch.hold()?;
        if !held.is_finished() && !unfinished {
            return Err(ErrorCode::BatchUnfinished.into());
        }
        let directory = batch.directory();
        let parent = directory.parent().ok_or(ErrorCode::Internal)?;
        let away = parent.join(format!("{}{FORGOTTEN}", batch.id()));
        fs::rename(directory, &away)
            .and_then(|()| result_file::sync_directory(parent))
            .map_err(|error| storage(&error))?;
        self.lock().remove(batch.id());
        // What cannot be removed now is at the next batch.
        if let Err(error) = fs::remove_dir_all(&away) {
            tracing::warn!(%error, "a forgotten batch could not be removed");
        }
        Ok(())
    }
}

/// Batches, and for how long nobody wrote their journals.
fn ids(directory: &Path, now: SystemTime) -> Vec<(String, Duration)> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries
        .filter_map(|entry| {
            let id = entry.ok()?.file_name().into_string().ok()?;
            if !is_id(&id) {
                return None;
            }
            let journal = directory.join(&id).join(JOURNAL);
            let written = fs::metadata(journal).and_then(|metadata| metadata.modified());
            // A time in the future is the present.
            let age = now.duration_since(written.ok()?).unwrap_or_default();
            Some((id, age))
        })
        .collect()
}

/// Removes what killed processes left: batches half taken away, and those that never got their name.
fn clear(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_left = name.strip_suffix(FORGOTTEN).is_some_and(is_id)
            || (name.strip_suffix(INCOMPLETE).is_some_and(is_id)
                && is_older_than(&entry.path(), GROWING));
        if is_left && let Err(error) = fs::remove_dir_all(entry.path()) {
            tracing::warn!(%error, "what is left of a batch could not be removed");
        }
    }
}

fn is_older_than(path: &Path, age: Duration) -> bool {
    let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| {
        SystemTime::now()
            .duration_since(modified)
            .is_ok_and(|since| since > age)
    })
}
