//! EF_ACTUA (`3F00/D010`): when the card's content was last updated in the field. Template `EC`
//! with start `81` and end `82`, seven bytes BCD each (AAAAMMJJHHMMSS). Absent until the first
//! update; empty means an update that was interrupted. Its bytes are what tells a cache that the
//! card has not changed, so they are kept whole whatever they say; dates that are not readable are
//! simply absent.

use serde::Serialize;

use super::text;
use super::tlv::{self, Tail};

/// What the card says of its last update.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LastUpdate {
    /// The card was never updated since it was issued.
    Never,
    /// It was.
    Updated(UpdateDates),
}

/// The content of EF_ACTUA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UpdateDates {
    /// Start of the last update, AAAAMMJJHHMMSS, local time as the issuer wrote it.
    pub start: Option<String>,
    /// Its end, in the same form.
    pub end: Option<String>,
    #[serde(skip)]
    content: Vec<u8>,
}

impl LastUpdate {
    /// Bytes of the usual content, which is what is asked for first.
    pub(crate) const USUAL_LENGTH: u16 = 20;

    /// Reads the content of the file, `None` where it is absent. An empty file is the caller's to
    /// refuse.
    #[must_use]
    pub fn from_file(content: Option<Vec<u8>>) -> Self {
        let Some(content) = content else {
            return Self::Never;
        };
        let elements = tlv::parse(&content, Tail::Zeros).unwrap_or_default();
        let template = elements.iter().find(|element| element.is(0xEC));
        let date = |tag| {
            let value = template.and_then(|template| template.child(tag))?.value();
            text::packed_digits(value).filter(|digits| digits.len() == 14)
        };
        let (start, end) = (date(0x81), date(0x82));
        drop(elements);
        Self::Updated(UpdateDates {
            start,
            end,
            content,
        })
    }

    /// What must be equal for the rest of the card to be unchanged.
    pub(crate) fn token(&self) -> Option<&[u8]> {
        match self {
            Self::Never => None,
            Self::Updated(dates) => Some(&dates.content),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LastUpdate;

    #[test]
    fn dates_are_read_and_bytes_kept() {
        let content = [
            0xEC, 0x12, 0x81, 0x07, 0x20, 0x26, 0x01, 0x02, 0x03, 0x04, 0x05, 0x82, 0x07, 0x20,
            0x26, 0x01, 0x02, 0x03, 0x05, 0x06,
        ];
        let update = LastUpdate::from_file(Some(content.to_vec()));
        assert_eq!(update.token(), Some(content.as_slice()));
        let LastUpdate::Updated(dates) = update else {
            panic!("updated")
        };
        assert_eq!(dates.start.as_deref(), Some("20260102030405"));
        assert_eq!(dates.end.as_deref(), Some("20260102030506"));
    }

    #[test]
    fn unreadable_dates_are_absent() {
        assert_eq!(LastUpdate::from_file(None), LastUpdate::Never);
        for content in [
            vec![0xEC, 0x00],
            vec![0xFF; 9],
            vec![0xEC, 0x03, 0x81, 0x01, 0xFF],
            vec![0x30, 0x80],
        ] {
            let LastUpdate::Updated(dates) = LastUpdate::from_file(Some(content)) else {
                panic!("updated")
            };
            assert_eq!((dates.start, dates.end), (None, None));
        }
    }
}
