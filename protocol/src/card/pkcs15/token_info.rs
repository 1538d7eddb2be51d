//! EF.TokenInfo (PKCS#15 v1.1 section 6.9): the label and manufacturer that the application gives
//! itself, for people and logs. The serial number in it is ignored, since EF.SN holds the card's;
//! so are flags and algorithms, which real cards fill in loosely.

use serde::Serialize;

use super::entry::{SEQUENCE, UTF8_STRING, entries};
use crate::card::error::CardError;
use crate::card::file::CardFile;
use crate::card::text;

/// What a PKCS#15 application says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenInfo {
    /// The label, `CPS3v3-` and ten digits on a CPS3.
    pub label: Option<String>,
    /// The manufacturer.
    pub manufacturer: Option<String>,
}

impl TokenInfo {
    /// Reads the content of EF.TokenInfo.
    ///
    /// # Errors
    /// [`CardError::Malformed`] for content that is not one SEQUENCE.
    pub fn parse(content: &[u8]) -> Result<Self, CardError> {
        let elements = entries(content, CardFile::TokenInfo)?;
        let info = elements
            .first()
            .filter(|element| element.is(SEQUENCE))
            .ok_or(CardError::missing(
                CardFile::TokenInfo,
                "SEQUENCE TokenInfo",
            ))?;
        let field = |tag| {
            info.child(tag)
                .map(|element| text::from_card(element.value()))
        };
        Ok(Self {
            label: field(0x80),
            manufacturer: field(UTF8_STRING),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::TokenInfo;

    #[test]
    fn label_and_manufacturer_are_read() {
        let content =
            b"\x30\x18\x02\x01\x00\x04\x01\x00\x0C\x05ESSAI\x80\x05CPS3v\x03\x02\x06\xC0\x00\x00";
        let info = TokenInfo::parse(content).unwrap();
        assert_eq!(
            (info.label.as_deref(), info.manufacturer.as_deref()),
            (Some("CPS3v"), Some("ESSAI"))
        );
        assert_eq!(TokenInfo::parse(&[0x30, 0x00]).unwrap().label, None);
        assert!(TokenInfo::parse(&[]).is_err());
        assert!(TokenInfo::parse(&[0x31, 0x00]).is_err());
    }
}
