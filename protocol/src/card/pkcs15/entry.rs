//! What the entries of every directory share: label, flags, identifier, paths, and the BER
//! primitives inside them (PKCS#15 v1.1 section 6.1.8, CommonObjectAttributes, and 6.1.5, Path).

use crate::card::error::CardError;
use crate::card::file::{CardFile, FilePath};
use crate::card::text;
use crate::card::tlv::{self, Element, Tail};

pub(super) const INTEGER: u32 = 0x02;
pub(super) const BIT_STRING: u32 = 0x03;
pub(super) const OCTET_STRING: u32 = 0x04;
pub(super) const ENUMERATED: u32 = 0x0A;
pub(super) const UTF8_STRING: u32 = 0x0C;
pub(super) const SEQUENCE: u32 = 0x30;
/// `[1]`, the attributes of the entry's own type.
pub(super) const TYPE_ATTRIBUTES: u32 = 0xA1;

/// Bytes in the longest object identifier that is kept.
const MAX_IDENTIFIER: usize = 64;

/// The entries of a directory file.
pub(super) fn entries(content: &[u8], file: CardFile) -> Result<Vec<Element<'_>>, CardError> {
    tlv::parse(content, Tail::Zeros).map_err(|error| CardError::malformed(file, error))
}

/// Label and private flag, from the first member of an entry.
pub(super) fn label(entry: &Element<'_>) -> Option<String> {
    let label = entry.children().first()?.child(UTF8_STRING)?;
    Some(text::from_card(label.value()))
}

/// Whether the object can be used only after the PIN (bit 0 of CommonObjectFlags).
pub(super) fn is_private(entry: &Element<'_>) -> bool {
    entry
        .children()
        .first()
        .and_then(|common| common.child(BIT_STRING))
        .is_some_and(|flags| bit(flags.value(), 0))
}

/// The PKCS#15 identifier, the first OCTET STRING of the second member; 1 to 64 bytes.
pub(super) fn identifier(entry: &Element<'_>) -> Option<Vec<u8>> {
    let value = entry.children().get(1)?.child(OCTET_STRING)?.value();
    (1..=MAX_IDENTIFIER)
        .contains(&value.len())
        .then(|| value.to_vec())
}

/// Bit `number` of a BIT STRING, 0 being the first. Bytes that the string declares unused are not
/// looked at more closely than that: `03 01 08`, which is invalid, simply has no bit set.
pub(super) fn bit(bit_string: &[u8], number: usize) -> bool {
    let byte = bit_string
        .get(1_usize.saturating_add(number / 8))
        .copied()
        .unwrap_or_default();
    byte & (0x80 >> (number % 8)) != 0
}

/// A non-negative INTEGER or ENUMERATED of up to four bytes, besides a leading zero.
pub(super) fn unsigned(value: &[u8]) -> Option<u32> {
    if value.first().is_none_or(|first| first & 0x80 != 0) {
        return None;
    }
    value.iter().try_fold(0_u32, |number, byte| {
        number.checked_mul(256)?.checked_add(u32::from(*byte))
    })
}

/// Where a value lies: a file, and which part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: FilePath,
    /// First byte in the file.
    pub offset: u16,
}

/// The first Path below `element`: a SEQUENCE that begins by an OCTET STRING, whatever wraps it. An
/// empty path (a key that is no file) and one that does not resolve give nothing.
pub(super) fn location(element: &Element<'_>, folder: &FilePath) -> Option<Location> {
    let first = element.children().first()?;
    if element.is(SEQUENCE) && first.is(OCTET_STRING) {
        let offset = element
            .child(INTEGER)
            .map_or(Some(0), |index| unsigned(index.value()))?;
        let offset = u16::try_from(offset)
            .ok()
            .filter(|offset| *offset <= 0x7FFF)?;
        return Some(Location {
            path: folder.resolve(first.value())?,
            offset,
        });
    }
    location(first, folder)
}

#[cfg(test)]
mod tests {
    use super::{bit, unsigned};

    #[test]
    fn invalid_bit_strings_have_no_bits() {
        assert!(!bit(&[0x08], 0));
        assert!(!bit(&[], 5));
        assert!(bit(&[0x07, 0x80], 0) && !bit(&[0x07, 0x80], 1));
        assert!(bit(&[0x06, 0x00, 0x40], 9));
    }

    #[test]
    fn integers_are_not_negative_and_fit() {
        assert_eq!(unsigned(&[0x00, 0x81]), Some(0x81));
        assert_eq!(unsigned(&[0x81]), None);
        assert_eq!(unsigned(&[]), None);
        assert_eq!(unsigned(&[0x00, 0xFF, 0xFF, 0xFF, 0xFF]), Some(u32::MAX));
        assert_eq!(unsigned(&[0x01, 0, 0, 0, 0]), None);
    }
}
