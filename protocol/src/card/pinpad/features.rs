//! The answer to GET_FEATURE_REQUEST (PC/SC part 10 section 2.2): objects of one byte tag, one byte
//! length 4, and the control code that uses the feature, big-endian. Features of other kinds are
//! passed over, and of several of one kind the first counts.

use super::PinpadError;

/// The function number of GET_FEATURE_REQUEST, from which each platform makes its control code
/// (SCARD_CTL_CODE).
pub const GET_FEATURE_REQUEST: u32 = 3400;

/// Bytes of the longest list that is read: forty features.
const MAX_LIST: usize = 256;

const VERIFY_PIN_DIRECT: u8 = 0x06;
const MODIFY_PIN_DIRECT: u8 = 0x07;
const IFD_PIN_PROPERTIES: u8 = 0x0A;
const GET_TLV_PROPERTIES: u8 = 0x12;

/// The control codes of the features that PIN entry uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinpadFeatures {
    /// FEATURE_VERIFY_PIN_DIRECT.
    pub verify: Option<u32>,
    /// FEATURE_MODIFY_PIN_DIRECT.
    pub modify: Option<u32>,
    /// FEATURE_IFD_PIN_PROPERTIES.
    pub pin_properties: Option<u32>,
    /// FEATURE_GET_TLV_PROPERTIES.
    pub tlv_properties: Option<u32>,
}

impl PinpadFeatures {
    /// Reads the answer to GET_FEATURE_REQUEST. An empty one is a reader without features.
    ///
    /// # Errors
    /// [`PinpadError::Malformed`] for a list that ends inside an entry or exceeds 256 bytes.
    pub fn parse(list: &[u8]) -> Result<Self, PinpadError> {
        let mut features = Self::default();
        for (tag, value) in entries(list)? {
            let place = match tag {
                VERIFY_PIN_DIRECT => &mut features.verify,
                MODIFY_PIN_DIRECT => &mut features.modify,
                IFD_PIN_PROPERTIES => &mut features.pin_properties,
                GET_TLV_PROPERTIES => &mut features.tlv_properties,
                _ => continue,
            };
            if let (None, Ok(code)) = (&place, <[u8; 4]>::try_from(value)) {
                *place = Some(u32::from_be_bytes(code));
            }
        }
        Ok(features)
    }

    /// Whether the reader takes PINs by itself.
    #[must_use]
    pub fn has_keypad(&self) -> bool {
        self.verify.is_some()
    }
}

/// The tags and values of a list of part 10.
pub(super) fn entries(list: &[u8]) -> Result<Vec<(u8, &[u8])>, PinpadError> {
    if list.len() > MAX_LIST {
        return Err(PinpadError::Malformed);
    }
    let mut entries = Vec::new();
    let mut rest = list;
    while let [tag, length, after @ ..] = rest {
        let (value, after) = after
            .split_at_checked(usize::from(*length))
            .ok_or(PinpadError::Malformed)?;
        entries.push((*tag, value));
        rest = after;
    }
    if rest.is_empty() {
        Ok(entries)
    } else {
        Err(PinpadError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::PinpadFeatures;
    use crate::card::pinpad::PinpadError;

    /// The list of a Linux CCID reader with a keypad: control codes 0x42330006, 07, 0A and 12.
    const KEYPAD: [u8; 24] = [
        0x06, 0x04, 0x42, 0x33, 0x00, 0x06, 0x07, 0x04, 0x42, 0x33, 0x00, 0x07, 0x0A, 0x04, 0x42,
        0x33, 0x00, 0x0A, 0x12, 0x04, 0x42, 0x33, 0x00, 0x12,
    ];

    #[test]
    fn control_codes_are_big_endian() {
        let features = PinpadFeatures::parse(&KEYPAD).unwrap();
        assert_eq!(features.verify, Some(0x4233_0006));
        assert_eq!(features.modify, Some(0x4233_0007));
        assert_eq!(features.pin_properties, Some(0x4233_000A));
        assert_eq!(features.tlv_properties, Some(0x4233_0012));
        assert!(features.has_keypad());
    }

    #[test]
    fn a_reader_without_keypad_says_so() {
        assert!(!PinpadFeatures::parse(&[]).unwrap().has_keypad());
        let properties_only = PinpadFeatures::parse(&KEYPAD[18..]).unwrap();
        assert!(!properties_only.has_keypad() && properties_only.tlv_properties.is_some());
        let unknown = [0x20, 0x02, 1, 2, 0x06, 0x00];
        assert_eq!(
            PinpadFeatures::parse(&unknown).unwrap(),
            PinpadFeatures::default()
        );
    }

    #[test]
    fn a_list_that_is_cut_is_refused() {
        for length in 1..KEYPAD.len() {
            let whole = length % 6 == 0;
            assert_eq!(
                PinpadFeatures::parse(&KEYPAD[..length]).is_ok(),
                whole,
                "{length}"
            );
        }
        assert_eq!(
            PinpadFeatures::parse(&[0x20, 0x00].repeat(129)),
            Err(PinpadError::Malformed)
        );
    }

    #[test]
    fn the_first_of_a_kind_counts() {
        let twice = [&KEYPAD[..6], &[0x06, 0x04, 0, 0, 0, 1]].concat();
        let features = PinpadFeatures::parse(&twice).unwrap();
        assert_eq!(features.verify, Some(0x4233_0006));
    }
}
