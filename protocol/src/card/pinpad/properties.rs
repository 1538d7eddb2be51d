//! What a keypad is like (PC/SC part 10 sections 2.5.8 and 2.6.14): the four bytes of
//! PIN_PROPERTIES_STRUCTURE, or a list of tags of which those about the display and the lengths are
//! read. Numbers are little-endian. What a reader does not say is unknown, not absent.

use super::PinpadError;
use super::features::entries;

const LCD_LAYOUT: u8 = 0x01;
const ENTRY_VALIDATION: u8 = 0x02;
const MINIMUM_PIN_SIZE: u8 = 0x06;
const MAXIMUM_PIN_SIZE: u8 = 0x07;

/// A keypad, as its reader describes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PinpadProperties {
    /// Lines of the display; 0 where there is none.
    pub display_lines: Option<u8>,
    /// Characters of a line.
    pub display_columns: Option<u8>,
    /// What can end an entry: `01` the last digit, `02` a key, `04` time.
    pub entry_validation: Option<u8>,
    /// Fewest digits that the keypad takes.
    pub minimum_digits: Option<u8>,
    /// Most digits that the keypad takes; 0 where it has no limit.
    pub maximum_digits: Option<u8>,
}

impl PinpadProperties {
    /// Reads PIN_PROPERTIES_STRUCTURE, the answer to FEATURE_IFD_PIN_PROPERTIES.
    ///
    /// # Errors
    /// [`PinpadError::Malformed`] for anything but 4 bytes.
    pub fn parse_structure(bytes: &[u8]) -> Result<Self, PinpadError> {
        let [columns, lines, validation, _second_timeout] = bytes else {
            return Err(PinpadError::Malformed);
        };
        Ok(Self {
            display_lines: Some(*lines),
            display_columns: Some(*columns),
            entry_validation: Some(*validation),
            ..Self::default()
        })
    }

    /// Reads the answer to FEATURE_GET_TLV_PROPERTIES. Unknown tags, and known ones of another
    /// length, are passed over.
    ///
    /// # Errors
    /// [`PinpadError::Malformed`] for a list that ends inside an entry or exceeds 256 bytes.
    pub fn parse_list(list: &[u8]) -> Result<Self, PinpadError> {
        let mut properties = Self::default();
        for entry in entries(list)? {
            match entry {
                (LCD_LAYOUT, [columns, lines]) => {
                    properties.display_lines = Some(*lines);
                    properties.display_columns = Some(*columns);
                }
                (ENTRY_VALIDATION, [value]) => properties.entry_validation = Some(*value),
                (MINIMUM_PIN_SIZE, [value]) => properties.minimum_digits = Some(*value),
                (MAXIMUM_PIN_SIZE, [value]) => properties.maximum_digits = Some(*value),
                _ => {}
            }
        }
        Ok(properties)
    }

    /// These, and where they say nothing the others.
    #[must_use]
    pub fn or(self, others: Self) -> Self {
        Self {
            display_lines: self.display_lines.or(others.display_lines),
            display_columns: self.display_columns.or(others.display_columns),
            entry_validation: self.entry_validation.or(others.entry_validation),
            minimum_digits: self.minimum_digits.or(others.minimum_digits),
            maximum_digits: self.maximum_digits.or(others.maximum_digits),
        }
    }

    /// Whether the reader says that it cannot show a message.
    #[must_use]
    pub fn is_blind(&self) -> bool {
        self.display_lines == Some(0)
    }

    /// Whether the keypad takes PINs of these lengths, as far as it says.
    #[must_use]
    pub fn takes(&self, minimum: usize, maximum: usize) -> bool {
        let fewest = self.minimum_digits.map_or(0, usize::from);
        let most = match self.maximum_digits {
            None | Some(0) => usize::MAX,
            Some(most) => usize::from(most),
        };
        fewest <= minimum && maximum <= most
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::PinpadProperties;

    #[test]
    fn the_structure_of_a_published_reader_is_read() {
        // wLcdLayout 0210h: two lines of sixteen; the last digit, a key or time may end an entry.
        let properties = PinpadProperties::parse_structure(&[0x10, 0x02, 0x07, 0x00]).unwrap();
        assert_eq!(
            (properties.display_lines, properties.display_columns),
            (Some(2), Some(16))
        );
        assert_eq!(properties.entry_validation, Some(7));
        assert!(!properties.is_blind() && properties.takes(4, 4));
        for bytes in [&[][..], &[0; 3], &[0; 5]] {
            assert!(PinpadProperties::parse_structure(bytes).is_err());
        }
    }

    #[test]
    fn a_list_is_read_tag_by_tag() {
        let list = [
            0x01, 0x02, 0x00, 0x00, 0x02, 0x01, 0x02, 0x06, 0x01, 0x04, 0x07, 0x01, 0x08, 0x08,
            0x03, b'1', b'.', b'0', 0x0B, 0x02, 0x11, 0x0F,
        ];
        let properties = PinpadProperties::parse_list(&list).unwrap();
        assert!(properties.is_blind());
        assert_eq!(properties.entry_validation, Some(2));
        assert!(properties.takes(4, 8));
        assert!(!properties.takes(4, 9) && !properties.takes(3, 8));
        for cut in 1..list.len() {
            let _ = PinpadProperties::parse_list(&list[..cut]);
        }
        assert!(PinpadProperties::parse_list(&list[..3]).is_err());
        let both = PinpadProperties::parse_structure(&[16, 2, 7, 0]).unwrap();
        let both = both.or(properties);
        assert_eq!(
            (both.display_lines, both.maximum_digits),
            (Some(2), Some(8))
        );
        let odd = PinpadProperties::parse_list(&[0x07, 0x02, 1, 2]).unwrap();
        assert_eq!(odd, PinpadProperties::default());
    }
}
