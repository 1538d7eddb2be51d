//! The answer to reset, ISO/IEC 7816-3 section 8: 2 to 33 bytes, kept as they came. It identifies a
//! card only by exact comparison ([`CardModel`](super::CardModel)); the one thing read inside it is
//! which transmission protocols the card offers.

use std::fmt;

use serde::{Serialize, Serializer};

use super::apdu::TransmissionProtocol;

/// An answer to reset.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Atr(Vec<u8>);

impl Atr {
    /// Keeps the bytes of an answer to reset, 2 to 33 of them (TS and at most 32 characters).
    ///
    /// # Errors
    /// [`AtrError`] for any other length.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, AtrError> {
        if (2..=33).contains(&bytes.len()) {
            Ok(Self(bytes.to_vec()))
        } else {
            Err(AtrError {
                length: bytes.len(),
            })
        }
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The first protocol that the card offers: that of TD1, or T=0 where there is no TD1 (clause
    /// 8.2.3).
    #[must_use]
    pub fn first_protocol(&self) -> TransmissionProtocol {
        let format = self.0.get(1).copied().unwrap_or_default();
        // TA1, TB1 and TC1 come before TD1 where bits 5 to 7 of T0 announce them.
        let before = (format >> 4 & 0x07).count_ones();
        let td1 = usize::try_from(before)
            .ok()
            .and_then(|count| self.0.get(2_usize.saturating_add(count)));
        match td1 {
            Some(td1) if format & 0x80 != 0 && td1 & 0x0F == 1 => TransmissionProtocol::T1,
            _ => TransmissionProtocol::T0,
        }
    }
}

impl AsRef<[u8]> for Atr {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Hexadecimal digits, two a byte, no separator.
impl fmt::Display for Atr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for Atr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Atr({self})")
    }
}

impl Serialize for Atr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Bytes that cannot be an answer to reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an answer to reset has 2 to 33 bytes, not {length}")]
pub struct AtrError {
    /// Bytes offered.
    pub length: usize,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Atr, AtrError, TransmissionProtocol};

    #[test]
    fn the_length_is_bounded() {
        assert_eq!(Atr::from_bytes(&[0x3B]), Err(AtrError { length: 1 }));
        assert!(Atr::from_bytes(&[0x3B; 33]).is_ok());
        assert_eq!(Atr::from_bytes(&[0x3B; 34]), Err(AtrError { length: 34 }));
    }

    #[test]
    fn the_first_protocol_is_that_of_td1() {
        let first = |bytes: &[u8]| Atr::from_bytes(bytes).unwrap().first_protocol();
        assert_eq!(
            first(&[0x3B, 0xAC, 0x00, 0x40, 0x2A]),
            TransmissionProtocol::T0
        );
        assert_eq!(
            first(&[0x3B, 0x75, 0x13, 0x00, 0x00]),
            TransmissionProtocol::T0
        );
        assert_eq!(first(&[0x3B, 0x8F, 0x80, 0x01]), TransmissionProtocol::T0);
        assert_eq!(first(&[0x3B, 0x8F, 0x81]), TransmissionProtocol::T1);
        assert_eq!(first(&[0x3B, 0x9B, 0x18, 0x81]), TransmissionProtocol::T1);
        assert_eq!(first(&[0x3B, 0xF0]), TransmissionProtocol::T0);
    }
}
