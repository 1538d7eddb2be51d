//! Identifier of an assertion: unique, and spent once by whoever admits it. An XML name without colon (SAML core clause 1.3.4).

use std::fmt;

/// Longest identifier, bytes.
const MAX_BYTES: usize = 128;

/// An assertion's identifier.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VihfId(String);

/// Why a text is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an assertion's ID is a letter or underscore, then at most 127 letters, digits, hyphens, dots and underscores"
)]
pub struct VihfIdError;

impl VihfId {
    /// Reads an identifier.
    ///
    /// # Errors
    /// [`VihfIdError`].
    pub fn new(text: &str) -> Result<Self, VihfIdError> {
        let starts = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        let goes_on =
            |byte: u8| starts(byte) || byte.is_ascii_digit() || matches!(byte, b'-' | b'.');
        match text.as_bytes() {
            [first, rest @ ..]
                if starts(*first)
                    && rest.len() < MAX_BYTES
                    && rest.iter().all(|byte| goes_on(*byte)) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(VihfIdError),
        }
    }

    /// `_` and a random UUID (version 4, RFC 9562) of these bytes.
    #[must_use]
    pub fn from_random(bytes: [u8; 16]) -> Self {
        let number = u128::from_be_bytes(bytes);
        let number = (number & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
        let digits = format!("{number:032x}");
        let mut text = String::from("_");
        for (at, digit) in digits.chars().enumerate() {
            if matches!(at, 8 | 12 | 16 | 20) {
                text.push('-');
            }
            text.push(digit);
        }
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for VihfId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::VihfId;

    #[test]
    fn random_ids_are_version_4_uuids() {
        assert_eq!(
            VihfId::from_random([0xff; 16]).as_str(),
            "_ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
        let zero = VihfId::from_random([0; 16]);
        assert_eq!(zero.as_str(), "_00000000-0000-4000-8000-000000000000");
        assert_eq!(VihfId::new(zero.as_str()), Ok(zero));
    }

    #[test]
    fn other_texts_are_none() {
        for text in ["", "1a", "-a", "a b", "a:b", "é", "a\n", &"a".repeat(129)] {
            assert!(VihfId::new(text).is_err(), "{text:?}");
        }
        assert!(VihfId::new(&"a".repeat(128)).is_ok());
        assert!(VihfId::new("VIHF-1f.2").is_ok());
    }
}
