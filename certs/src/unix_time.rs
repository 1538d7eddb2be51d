//! A point in time as seconds since 1970-01-01T00:00:00Z, leap seconds not counted (POSIX).
//!
//! This crate reads no clock: every function that depends on the time takes a [`UnixTime`] from its caller.

use std::time::{SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Seconds since 1970-01-01T00:00:00Z. Negative before that date.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct UnixTime(pub i64);

impl UnixTime {
    /// Seconds in a day.
    pub const DAY: i64 = 86_400;

    /// This time moved by a number of seconds, stopping at the ends of the range.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// This time moved by a number of days of 86 400 s, stopping at the ends of the range.
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Self {
        Self(self.0.saturating_add(days.saturating_mul(Self::DAY)))
    }
}

impl From<SystemTime> for UnixTime {
    fn from(time: SystemTime) -> Self {
        let seconds =
            |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        match time.duration_since(UNIX_EPOCH) {
            Ok(after) => Self(seconds(after)),
            Err(before) => Self(seconds(before.duration()).saturating_neg()),
        }
    }
}

impl std::fmt::Display for UnixTime {
    /// RFC 3339 in UTC where the year fits in four digits, the number of seconds otherwise.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = time::OffsetDateTime::from_unix_timestamp(self.0)
            .ok()
            .and_then(|moment| {
                moment
                    .format(&time::format_description::well_known::Rfc3339)
                    .ok()
            });
        match text {
            Some(text) => f.write_str(&text),
            None => write!(f, "{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_rfc3339() {
        assert_eq!(UnixTime(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(UnixTime(1_372_118_400).to_string(), "2013-06-25T00:00:00Z");
        assert_eq!(UnixTime(i64::MAX).to_string(), i64::MAX.to_string());
    }

    #[test]
    fn moves_without_overflow() {
        assert_eq!(UnixTime(i64::MAX).plus_days(1), UnixTime(i64::MAX));
        assert_eq!(
            UnixTime(0).plus_days(i64::MIN).plus_seconds(i64::MIN),
            UnixTime(i64::MIN)
        );
        assert_eq!(UnixTime::from(UNIX_EPOCH), UnixTime(0));
    }
}
