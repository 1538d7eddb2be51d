//! Text as health cards hold it. Their documents do not settle the encoding: UTF-8 where the bytes
//! are UTF-8, Latin-1 otherwise, which covers every case that was seen. A hostile card can neither
//! move a terminal's cursor nor turn the direction of a line: control and direction characters are
//! dropped, and text ends after [`MAX_CHARACTERS`].

/// Characters of one field that are kept.
pub(crate) const MAX_CHARACTERS: usize = 256;

/// The text of a field, without characters that steer a display and without trailing spaces.
pub(crate) fn from_card(bytes: &[u8]) -> String {
    let text: String = match std::str::from_utf8(bytes) {
        Ok(text) => shown(text.chars()),
        Err(_) => shown(bytes.iter().map(|byte| char::from(*byte))),
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

fn shown(characters: impl Iterator<Item = char>) -> String {
    characters
        .filter(|character| !character.is_control() && !steers_direction(*character))
        .take(MAX_CHARACTERS)
        .collect()
}

/// The explicit direction marks, embeddings, overrides and isolates of Unicode (UAX 9, section 2).
fn steers_direction(character: char) -> bool {
    matches!(
        character,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

#[cfg(test)]
mod tests {
    use super::{MAX_CHARACTERS, from_card, packed_digits};

    #[test]
    fn both_encodings_are_read() {
        assert_eq!(from_card("HÉLÈNE  ".as_bytes()), "HÉLÈNE");
        assert_eq!(from_card(b"H\xC9L\xC8NE"), "HÉLÈNE");
    }

    #[test]
    fn text_cannot_steer_a_display() {
        assert_eq!(from_card(b"\x1B[2JMAL\x00"), "[2JMAL");
        assert_eq!(from_card("A\u{202E}B\u{2066}C\u{200F}".as_bytes()), "ABC");
        assert_eq!(from_card(&[b'A'; 4000]).len(), MAX_CHARACTERS);
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
