//! `[batch]`: how long finished batches are kept, and how many.

use serde::Deserialize;
use toml::Spanned;

use super::ConfigError;
use super::file::Place;

/// What is kept of batches. Unfinished ones are never taken away by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchConfig {
    /// Days that a finished batch is kept after its last record.
    pub keep_days: u16,
    /// Batches that are kept, finished or not, of all callers together.
    pub maximum_kept: u32,
}

/// Longest time that can be asked for, days.
const MOST_DAYS: u64 = 3650;
/// Most batches that can be asked for: each is a directory that `batch/status` reads.
const MOST_KEPT: u64 = 10_000;

impl Default for BatchConfig {
    fn default() -> Self {
        Self {
            keep_days: 30,
            maximum_kept: 200,
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenBatch {
    keep_days: Option<Spanned<i64>>,
    maximum_kept: Option<Spanned<i64>>,
}

pub(super) fn check(written: &WrittenBatch, place: &Place<'_>) -> Result<BatchConfig, ConfigError> {
    let default = BatchConfig::default();
    let days = place.number(
        "batch.keep_days",
        written.keep_days.as_ref(),
        default.keep_days.into(),
        MOST_DAYS,
    )?;
    let kept = place.number(
        "batch.maximum_kept",
        written.maximum_kept.as_ref(),
        default.maximum_kept.into(),
        MOST_KEPT,
    )?;
    Ok(BatchConfig {
        keep_days: u16::try_from(days).unwrap_or(default.keep_days),
        maximum_kept: u32::try_from(kept).unwrap_or(default.maximum_kept),
    })
}
