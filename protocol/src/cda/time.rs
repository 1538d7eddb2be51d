//! Times of a CDA header: local time to the second with its offset, `AAAAMMJJhhmmss+zzzz`.
//!
//! HL7 TS as CI-SIS restricts it (structuration minimale section 3.5.4). The offset comes from the
//! caller: nothing here knows where it is. Refused: times outside 1970 to 9999, offsets beyond 14 h.

use paraphe_certs::UnixTime;
use time::{OffsetDateTime, UtcOffset};

/// A time as people at a place read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime(OffsetDateTime);

/// Why a time cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time or its offset from UTC is out of range")]
pub struct LocalTimeError;

impl LocalTime {
    /// A time and the minutes that local time is ahead of UTC.
    ///
    /// # Errors
    /// [`LocalTimeError`].
    pub fn new(time: UnixTime, offset_minutes: i32) -> Result<Self, LocalTimeError> {
        if !(-14 * 60..=14 * 60).contains(&offset_minutes) || time.0 < 0 {
            return Err(LocalTimeError);
        }
        let offset =
            UtcOffset::from_whole_seconds(offset_minutes * 60).map_err(|_| LocalTimeError)?;
        let moment = OffsetDateTime::from_unix_timestamp(time.0)
            .ok()
            .and_then(|moment| moment.checked_to_offset(offset))
            .filter(|moment| (1970..=9999).contains(&moment.year()))
            .ok_or(LocalTimeError)?;
        Ok(Self(moment))
    }

    /// The same time in UTC, for metadata.
    #[must_use]
    pub fn utc(&self) -> UnixTime {
        UnixTime(self.0.unix_timestamp())
    }

    /// `AAAAMMJJhhmmss+zzzz`.
    #[must_use]
    pub fn to_hl7(&self) -> String {
        let moment = self.0;
        let offset = moment.offset().whole_minutes();
        format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}{}{:02}{:02}",
            moment.year(),
            u8::from(moment.month()),
            moment.day(),
            moment.hour(),
            moment.minute(),
            moment.second(),
            if offset < 0 { '-' } else { '+' },
            offset.unsigned_abs() / 60,
            offset.unsigned_abs() % 60,
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn local_time_with_its_offset() {
        let hl7 = |seconds, offset| LocalTime::new(UnixTime(seconds), offset).unwrap().to_hl7();
        assert_eq!(hl7(1_795_341_600, 60), "20261122110000+0100");
        assert_eq!(hl7(1_795_341_600, 0), "20261122100000+0000");
        assert_eq!(hl7(1_795_341_600, -210), "20261122063000-0330");
        assert_eq!(LocalTime::new(UnixTime(5), -60), Err(LocalTimeError));
        assert_eq!(LocalTime::new(UnixTime(0), 15 * 60), Err(LocalTimeError));
        assert_eq!(LocalTime::new(UnixTime(i64::MAX), 0), Err(LocalTimeError));
    }
}
