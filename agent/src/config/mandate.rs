//! `[mandate]`: what a mandate may be at most.

use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::ConfigError;
use super::file::Place;

/// What a mandate may be at most: nobody can open one beyond it, and the person is asked for each all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MandateLimits {
    /// Signatures of documents whose digests are approved.
    pub maximum_count: u32,
    /// Signatures of documents that are not known when it is opened.
    pub maximum_blank_count: u32,
    /// How long.
    pub maximum_duration: Duration,
}

impl Default for MandateLimits {
    fn default() -> Self {
        Self {
            maximum_count: 100_000,
            maximum_blank_count: 100,
            maximum_duration: Duration::from_secs(6 * 3600),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenMandate {
    maximum_count: Option<Spanned<i64>>,
    maximum_blank_count: Option<Spanned<i64>>,
    maximum_minutes: Option<Spanned<i64>>,
}

pub(super) fn check(
    written: &WrittenMandate,
    place: &Place<'_>,
) -> Result<MandateLimits, ConfigError> {
    let default = MandateLimits::default();
    let count = |key, value: &Option<Spanned<i64>>, default: u32| {
        let number = place.number(key, value.as_ref(), default.into(), 100_000)?;
        Ok(u32::try_from(number).unwrap_or(default))
    };
    let minutes = place.number(
        "mandate.maximum_minutes",
        written.maximum_minutes.as_ref(),
        default.maximum_duration.as_secs() / 60,
        24 * 60,
    )?;
    Ok(MandateLimits {
        maximum_count: count(
            "mandate.maximum_count",
            &written.maximum_count,
            default.maximum_count,
        )?,
        maximum_blank_count: count(
            "mandate.maximum_blank_count",
            &written.maximum_blank_count,
            default.maximum_blank_count,
        )?,
        maximum_duration: Duration::from_secs(minutes * 60),
    })
}
