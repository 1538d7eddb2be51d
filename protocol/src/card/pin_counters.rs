//! The tries left of a PIN, read without spending one: GET DATA of the control data of the PIN
//! object in the master file (IAS-ECC security data object class `01`, data control parameters
//! `A0`; `9A` maximum tries, `9B` tries left, `9C`/`9D` maximum and remaining uses).

use serde::Serialize;

use super::apdu::{ApduError, Command, Instruction};
use super::error::CardError;
use super::file::CardFile;
use super::tlv::{self, Tag, Tail};

/// How many tries a PIN has and has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PinCounters {
    /// Tries when none was missed.
    pub max: u8,
    /// Tries left.
    pub left: u8,
    /// Uses left where the card limits them; 0 is as good as blocked.
    pub uses_left: Option<u16>,
}

impl PinCounters {
    /// Whether no try, or no use, is left.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        self.left == 0 || self.uses_left == Some(0)
    }

    /// Whether the next wrong PIN blocks the card.
    #[must_use]
    pub fn is_last_try(&self) -> bool {
        self.left == 1
    }

    /// GET DATA for the PIN with this reference, 1 to 31; the master file must be the selected
    /// folder.
    pub(crate) fn command(reference: u8) -> Result<Command, ApduError> {
        // 4D { 70 { BF 81 rr { A0 80 } } }; the innermost "80" asks for everything in A0 and is no
        // object.
        let request = [
            0x4D,
            0x08,
            0x70,
            0x06,
            0xBF,
            0x81,
            reference & 0x7F,
            0x02,
            0xA0,
            0x80,
        ];
        Ok(Command::new(Instruction::GetData, 0x3F, 0xFF)
            .with_data(&request)?
            .expecting(256))
    }

    /// Reads the answer to GET DATA for the PIN with this reference.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for anything but the control data of that PIN.
    pub fn parse(answer: &[u8], reference: u8) -> Result<Self, CardError> {
        let file = CardFile::PinCounters;
        let elements =
            tlv::parse(answer, Tail::None).map_err(|error| CardError::malformed(file, error))?;
        let object = Tag::new(0x00BF_8100 | u32::from(reference & 0x7F)).value();
        let control = elements
            .iter()
            .find(|element| element.is(0x70))
            .and_then(|data| data.child(object))
            .and_then(|object| object.child(0xA0))
            .ok_or(CardError::missing(file, "control data of the PIN"))?;
        let byte = |tag| match control.child(tag).map(tlv::Element::value) {
            Some([value]) => Some(*value),
            _ => None,
        };
        let uses_left = match control.child(0x9D).map(tlv::Element::value) {
            Some([low]) => Some(u16::from(*low)),
            Some([high, low]) => Some(u16::from_be_bytes([*high, *low])),
            None => None,
            Some(_) => return Err(CardError::invalid(file, "uses left (tag 9D)")),
        };
        let max = byte(0x9A).ok_or(CardError::missing(file, "maximum of tries (tag 9A)"))?;
        let left = byte(0x9B).ok_or(CardError::missing(file, "tries left (tag 9B)"))?;
        Ok(Self {
            max,
            left,
            uses_left,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::PinCounters;
    use crate::card::apdu::TransmissionProtocol;

    /// The answer of a real card, as published.
    const PIN: [u8; 24] = [
        0x70, 0x16, 0xBF, 0x81, 0x01, 0x12, 0xA0, 0x10, 0x9A, 0x01, 0x03, 0x9B, 0x01, 0x03, 0xA1,
        0x08, 0x8C, 0x06, 0xF3, 0x00, 0x00, 0x13, 0xFF, 0x00,
    ];

    #[test]
    fn the_command_is_the_issuer_s() {
        let bytes = PinCounters::command(1)
            .unwrap()
            .encode(TransmissionProtocol::T0);
        assert_eq!(
            *bytes,
            [
                0x00, 0xCB, 0x3F, 0xFF, 0x0A, 0x4D, 0x08, 0x70, 0x06, 0xBF, 0x81, 0x01, 0x02, 0xA0,
                0x80
            ]
        );
    }

    #[test]
    fn a_real_answer_is_read() {
        assert_eq!(
            PinCounters::parse(&PIN, 1).unwrap(),
            PinCounters {
                max: 3,
                left: 3,
                uses_left: None
            }
        );
        assert!(PinCounters::parse(&PIN, 2).is_err());
        let unblocking = [
            0x70, 0x12, 0xBF, 0x81, 0x02, 0x0E, 0xA0, 0x0C, 0x9A, 0x01, 0x0A, 0x9B, 0x01, 0x09,
            0x9C, 0x01, 0x64, 0x9D, 0x01, 0x00,
        ];
        let counters = PinCounters::parse(&unblocking, 2).unwrap();
        assert_eq!(
            counters,
            PinCounters {
                max: 10,
                left: 9,
                uses_left: Some(0)
            }
        );
        assert!(counters.is_blocked() && !counters.is_last_try());
    }

    #[test]
    fn a_part_of_an_answer_is_refused() {
        for length in 0..PIN.len() {
            assert!(
                PinCounters::parse(&PIN[..length], 1).is_err(),
                "{length} bytes"
            );
        }
        let without_left = [
            0x70, 0x09, 0xBF, 0x81, 0x01, 0x05, 0xA0, 0x03, 0x9A, 0x01, 0x03,
        ];
        assert!(PinCounters::parse(&without_left, 1).is_err());
    }
}
