//! EF.SN, the serial number of a CPS (`3F00/D003`): 12 bytes, `5A 0A`, the issuer prefix `80 25 00
//! 00 01`, four bytes of eight decimal digits, and a last byte (check digit and filler) that the
//! field's software drops. The prefix is what tells a CPS from another card with the same ATR.

use std::fmt;

use serde::{Serialize, Serializer};

use super::error::CardError;
use super::file::CardFile;
use super::model::CardModel;
use super::text;

/// The serial number of a CPS: eight decimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CardSerial(String);

impl CardSerial {
    /// Bytes in EF.SN.
    pub(crate) const FILE_LENGTH: u16 = 12;
    const ISSUER: [u8; 5] = [0x80, 0x25, 0x00, 0x00, 0x01];

    /// Reads the content of EF.SN; `model` is for the error.
    ///
    /// # Errors
    /// [`CardError::NotThisCard`] for another issuer, [`CardError::Malformed`] for anything else.
    pub fn from_file(content: &[u8], model: CardModel) -> Result<Self, CardError> {
        let file = CardFile::SerialNumber;
        let Some([0x5A, 0x0A, rest @ ..]) = content.get(..) else {
            return Err(CardError::invalid(file, "header"));
        };
        let Some(number) = rest.strip_prefix(&Self::ISSUER) else {
            return Err(CardError::NotThisCard { model });
        };
        // The fifth byte is the check digit and a filler.
        let [a, b, c, d, _] = number else {
            return Err(CardError::invalid(file, "length"));
        };
        text::packed_digits(&[*a, *b, *c, *d])
            .map(Self)
            .ok_or(CardError::invalid(file, "digits"))
    }

    /// The eight digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CardSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CardSerial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CardSerial({})", self.0)
    }
}

impl Serialize for CardSerial {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::CardSerial;
    use crate::card::error::CardError;
    use crate::card::model::CardModel;

    fn serial(content: &[u8]) -> Result<CardSerial, CardError> {
        CardSerial::from_file(content, CardModel::Cps3)
    }

    #[test]
    fn the_digits_stand_behind_the_issuer() {
        let content = [
            0x5A, 0x0A, 0x80, 0x25, 0, 0, 1, 0x99, 0x99, 0x00, 0x01, 0x7F,
        ];
        assert_eq!(serial(&content).unwrap().as_str(), "99990001");
        let mut other_issuer = content;
        other_issuer[6] = 2;
        assert!(matches!(
            serial(&other_issuer),
            Err(CardError::NotThisCard {
                model: CardModel::Cps3
            })
        ));
        let mut no_digits = content;
        no_digits[8] = 0xFF;
        assert!(matches!(
            serial(&no_digits),
            Err(CardError::Malformed { .. })
        ));
        for length in 0..12 {
            assert!(serial(&content[..length]).is_err(), "{length} bytes");
        }
        assert!(serial(&[content.as_slice(), &[0]].concat()).is_err());
        assert!(serial(&[0xFF; 12]).is_err());
    }
}
