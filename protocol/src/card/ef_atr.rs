//! EF.ATR (`3F00/2F01`), what a card says it can do (ISO/IEC 7816-4 sections 8.2.1.1 and 8.1.1,
//! IAS-ECC): services, capabilities, buffer sizes. It is for diagnosis: the drivers follow the
//! narrowest of these values by construction. Real cards begin the file by a category byte `80` that
//! the standard does not want there; it is passed over at that place only. Unknown objects are too.

use serde::Serialize;

use super::error::CardError;
use super::file::CardFile;
use super::tlv::{self, Element, Tail};

/// What EF.ATR says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CardCapabilities {
    /// Card service data byte (tag `43`).
    pub services: Option<u8>,
    /// Chip, operating system and version as the maker writes them (tag `46`), hexadecimal.
    pub pre_issuing: Option<String>,
    /// Card capabilities (tag `47`), three bytes.
    pub capabilities: Option<[u8; 3]>,
    /// The root application (tag `4F`), hexadecimal.
    pub root_application: Option<String>,
    /// Largest command without secure messaging, in bytes (first number of tag `E0`).
    pub maximum_command: Option<u16>,
    /// Largest answer without secure messaging, in bytes (third number of tag `E0`).
    pub maximum_answer: Option<u16>,
}

impl CardCapabilities {
    const STRAY_CATEGORY: u8 = 0x80;

    /// Reads the content of EF.ATR.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for content that is not BER-TLV. An object of another length than
    /// its standard says is as good as absent.
    pub fn parse(content: &[u8]) -> Result<Self, CardError> {
        let content = match content {
            // "80 43 01 .." is a stray byte, "80 01 .." an object.
            [Self::STRAY_CATEGORY, rest @ ..] if rest.first() == Some(&0x43) => rest,
            whole => whole,
        };
        let elements = tlv::parse(content, Tail::Zeros)
            .map_err(|error| CardError::malformed(CardFile::CardCapabilities, error))?;
        let value = |tag| {
            elements
                .iter()
                .find(|element| element.is(tag))
                .map(Element::value)
        };
        let hexadecimal = |bytes: &[u8]| {
            let fits = (1..=16).contains(&bytes.len());
            fits.then(|| bytes.iter().map(|byte| format!("{byte:02X}")).collect())
        };
        let numbers = elements.iter().find(|element| element.is(0xE0));
        let number = |index: usize| {
            let element = numbers?.children().get(index).filter(|one| one.is(0x02))?;
            match element.value() {
                [low] => Some(u16::from(*low)),
                [high, low] => Some(u16::from_be_bytes([*high, *low])),
                _ => None,
            }
        };
        Ok(Self {
            services: value(0x43).and_then(|bytes| match bytes {
                [byte] => Some(*byte),
                _ => None,
            }),
            pre_issuing: value(0x46).and_then(hexadecimal),
            capabilities: value(0x47).and_then(|bytes| bytes.try_into().ok()),
            root_application: value(0x4F).and_then(hexadecimal),
            maximum_command: number(0),
            maximum_answer: number(2),
        })
    }

    /// Whether the card takes commands of more than 255 data bytes (bit 7 of the third capability
    /// byte).
    #[must_use]
    pub fn has_extended_length(&self) -> bool {
        self.capabilities.is_some_and(|bytes| bytes[2] & 0x40 != 0)
    }

    /// Whether the card takes chained commands (bit 8 of the third capability byte).
    #[must_use]
    pub fn has_chaining(&self) -> bool {
        self.capabilities.is_some_and(|bytes| bytes[2] & 0x80 != 0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::CardCapabilities;

    /// A real CPS3's, as published, with its stray first byte.
    const REAL: &[u8] = b"\x80\x43\x01\xB8\x46\x04\x04\xB0\xEC\xC1\x47\x03\x94\x01\x80\
        \x4F\x08\x80\x25\x00\x00\x01\xFF\x01\x00\
        \xE0\x10\x02\x02\x01\x04\x02\x02\x01\x04\x02\x02\x01\x00\x02\x02\x01\x00\
        \x78\x08\x06\x06\x2B\x81\x22\xF8\x78\x02\x82\x02\x90\x00";

    #[test]
    fn a_real_card_s_file_is_read() {
        assert_eq!(REAL.len(), 0x39);
        let found = CardCapabilities::parse(REAL).unwrap();
        assert_eq!(found.services, Some(0xB8));
        assert_eq!(found.pre_issuing.as_deref(), Some("04B0ECC1"));
        assert_eq!(found.root_application.as_deref(), Some("8025000001FF0100"));
        assert_eq!(
            (found.maximum_command, found.maximum_answer),
            (Some(260), Some(256))
        );
        assert!(found.has_chaining() && !found.has_extended_length());
        assert_eq!(CardCapabilities::parse(&REAL[1..]).unwrap(), found);
    }

    #[test]
    fn what_is_cut_is_refused_and_what_is_odd_is_absent() {
        assert!(CardCapabilities::parse(&REAL[..REAL.len() - 1]).is_err());
        assert_eq!(
            CardCapabilities::parse(&[]).unwrap(),
            CardCapabilities::default()
        );
        let odd = [
            0x43, 0x02, 1, 2, 0x47, 0x02, 1, 2, 0xE0, 0x03, 0x04, 0x01, 1,
        ];
        assert_eq!(
            CardCapabilities::parse(&odd).unwrap(),
            CardCapabilities::default()
        );
        // At the start only: elsewhere it is an object that is cut.
        assert!(CardCapabilities::parse(&[0x43, 0x01, 0xB8, 0x80, 0x43, 0x01, 0xB8]).is_err());
    }
}
