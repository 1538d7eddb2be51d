//! Text as health cards hold it. Their documents do not settle the encoding: UTF-8 where the bytes
//! are UTF-8, Latin-1 otherwise, which covers every case that was seen. Control characters are
//! dropped, so that a hostile card cannot move a terminal's cursor.

/// The text of a field, without control characters and trailing spaces.
pub(crate) fn from_card(bytes: &[u8]) -> String {
    let text: String = match std::str::from_utf8(bytes) {
        Ok(text) => text
            .chars()
            .filter(|character| !character.is_control())
            .collect(),
        Err(_) => bytes
            .iter()
            .map(|byte| char::from(*byte))
            .filter(|character| !character.is_control())
            .collect(),
    };
    text.trim_end().to_owned()
}

/// The digits of packed BCD, two a byte; `None` if a nibble is not a decimal digit.
pub(crate) fn packed_digits(bytes: &[u8]) -> Option<String> {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 0x0F])
        .map(|nibble| char::from_digit(u32::from(nibble), 10))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{from_card, packed_digits};

    #[test]
    fn both_encodings_are_read() {
        assert_eq!(from_card("HÉLÈNE  ".as_bytes()), "HÉLÈNE");
        assert_eq!(from_card(b"H\xC9L\xC8NE"), "HÉLÈNE");
        assert_eq!(from_card(b"\x1B[2JMAL\x00"), "[2JMAL");
    }

    #[test]
    fn packed_digits_are_decimal() {
        assert_eq!(
            packed_digits(&[0x20, 0x26, 0x01]).as_deref(),
            Some("202601")
        );
        assert_eq!(packed_digits(&[0x2F]), None);
        assert_eq!(packed_digits(&[]).as_deref(), Some(""));
    }
}
