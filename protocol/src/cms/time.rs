//! The `Time` of CMS (RFC 5652 section 11.3): UTCTime for 1950 to 2049, GeneralizedTime otherwise, seconds always, in UTC.

use paraphe_certs::UnixTime;
use paraphe_certs::der::{self, DerError, Element};
use time::OffsetDateTime;
use time::macros::format_description;

const GENERALIZED: &[time::format_description::BorrowedFormatItem<'_>] =
    format_description!("[year][month][day][hour][minute][second]Z");

/// DER of a time; `None` outside the years 1950 to 9999.
pub(super) fn encode(time: UnixTime) -> Option<Vec<u8>> {
    let moment = OffsetDateTime::from_unix_timestamp(time.0).ok()?;
    let text = moment.format(GENERALIZED).ok()?;
    match moment.year() {
        1950..=2049 => Some(der::value(der::UTC_TIME, text.get(2..)?.as_bytes())),
        2050..=9999 => Some(der::value(der::GENERALIZED_TIME, text.as_bytes())),
        _ => None,
    }
}

/// Reads what [`encode`] writes, and nothing else.
pub(super) fn decode(value: Element<'_>) -> Result<UnixTime, DerError> {
    let what = "the signing time";
    let refused = DerError { what };
    let text = std::str::from_utf8(value.content).map_err(|_| refused)?;
    let full = match value.identifier {
        // Two digits of the year: RFC 5652 section 11.3.
        der::UTC_TIME => match text.get(..2).map(str::parse::<u8>) {
            Some(Ok(year)) if year < 50 => format!("20{text}"),
            Some(Ok(_)) => format!("19{text}"),
            _ => return Err(refused),
        },
        der::GENERALIZED_TIME => text.to_owned(),
        _ => return Err(refused),
    };
    let moment = time::PrimitiveDateTime::parse(&full, GENERALIZED).map_err(|_| refused)?;
    Ok(UnixTime(moment.assume_utc().unix_timestamp()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use paraphe_certs::der::Reader;

    use super::*;

    #[test]
    fn times_go_there_and_back() {
        for seconds in [
            -631_152_000,
            0,
            1_795_341_600,
            2_524_607_999,
            2_524_608_000,
            253_402_300_799,
        ] {
            let der = encode(UnixTime(seconds)).unwrap();
            let element = Reader::new(&der).any("a time").unwrap();
            assert_eq!(decode(element), Ok(UnixTime(seconds)), "{seconds}");
        }
        assert_eq!(encode(UnixTime(-631_152_001)), None);
        assert_eq!(encode(UnixTime(253_402_300_800)), None);
        assert_eq!(encode(UnixTime(0)).unwrap(), b"\x17\x0d700101000000Z");
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "7001010000Z",
            "700101000000+0100",
            "701301000000Z",
            "",
            "é0101000000Z",
        ] {
            let der = der::value(der::UTC_TIME, text.as_bytes());
            assert!(decode(Reader::new(&der).any("a time").unwrap()).is_err());
        }
    }
}
