//! cRLNumber and BaseCRLNumber (RFC 5280, 5.2.3 and 5.2.4): which of two lists of one scope is the newer, and what a delta amends.
//! Refused: negative numbers, and more than the 20 bytes that the standard allows.

use crate::der::{DerError, INTEGER, Reader};

/// Longest number, bytes.
const MAX_BYTES: usize = 20;

/// A number without leading zeros, so that length and bytes order it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CrlNumber(Vec<u8>);

impl CrlNumber {
    /// Reads the content of the extension.
    pub(crate) fn read(value: &[u8], what: &'static str) -> Result<Self, DerError> {
        let refused = DerError { what };
        let mut reader = Reader::new(value);
        let content = reader.expect(INTEGER, what)?.content;
        reader.end(what)?;
        if content.first().is_none_or(|first| *first >= 0x80) {
            return Err(refused);
        }
        let significant: Vec<u8> = content
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect();
        if significant.len() > MAX_BYTES {
            return Err(refused);
        }
        Ok(Self(significant))
    }
}

impl PartialOrd for CrlNumber {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for CrlNumber {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0.len(), &self.0).cmp(&(other.0.len(), &other.0))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::der::value;

    #[test]
    fn numbers_have_the_order_of_numbers() {
        let number =
            |content: &[u8]| CrlNumber::read(&value(INTEGER, content), "a number").unwrap();
        assert!(number(&[9]) < number(&[1, 0]));
        assert!(number(&[0, 0x80]) < number(&[1, 0]));
        assert_eq!(number(&[0]), number(&[0, 0]));
        for refused in [&[][..], &[0x80], &[1; 21]] {
            assert!(CrlNumber::read(&value(INTEGER, refused), "a number").is_err());
        }
        assert!(CrlNumber::read(&[0x02, 1, 1, 0], "a number").is_err());
    }
}
