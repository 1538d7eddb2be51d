//! What a CPS says about its holder besides the certificates: CPS_INFO_PS (template `ED`),
//! CPS_ID_CARD (`E3`) and CPS_NAME_PS (`E4`). Their official layout is not public; the tags here
//! were observed, the others are kept as bytes. All of it is the card's word, unsigned: shown,
//! never used to decide who somebody is.

use serde::Serialize;

use super::error::CardError;
use super::file::CardFile;
use super::text;
use super::tlv::{self, Element, Tail};

/// A tag that this program does not know, with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnknownTag {
    /// The tag.
    pub tag: u32,
    /// The value, in hexadecimal.
    pub value: String,
}

/// CPS_INFO_PS: profession and number of the holder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProfessionalInfo {
    /// Card type, table G02 (first byte of tag `80`).
    pub card_type: Option<u8>,
    /// National identifier as the card writes it: the type (G08) as first character, then the
    /// number (tag `81`).
    pub national_id: Option<String>,
    /// Profession, table G15 (tag `82`).
    pub profession: Option<u8>,
    /// Profession in training, table G16 (tag `83`).
    pub profession_in_training: Option<u8>,
    /// Name under which the profession is exercised (tag `84`).
    pub exercise_name: Option<String>,
    /// Speciality, table R01, such as `SM26` (tag `85`).
    pub speciality: Option<String>,
    /// Everything else.
    pub unknown: Vec<UnknownTag>,
}

/// CPS_ID_CARD: number and date of the card.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CardIdentification {
    /// Ten digits (tag `81`).
    pub number: Option<String>,
    /// Date of issue, AAAAMMJJ (tag `83`).
    pub issued: Option<String>,
    /// Everything else.
    pub unknown: Vec<UnknownTag>,
}

/// CPS_NAME_PS: the holder's name beyond the exercise name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProfessionalName {
    /// Given name (tag `84`).
    pub given_name: Option<String>,
    /// Everything else.
    pub unknown: Vec<UnknownTag>,
}

impl ProfessionalInfo {
    /// The name of the object in EF.DODF.
    pub const LABEL: &'static str = "CPS_INFO_PS";

    /// Reads the content of the object.
    ///
    /// # Errors
    /// [`CardError::Malformed`] if it is not a template `ED`.
    pub fn parse(content: &[u8]) -> Result<Self, CardError> {
        let mut info = Self::default();
        for field in fields(content, 0xED, CardFile::ProfessionalData)? {
            match field.tag().value() {
                0x80 => info.card_type = field.value().first().copied(),
                0x81 => info.national_id = Some(text::from_card(field.value())),
                0x82 => info.profession = field.value().first().copied(),
                0x83 => info.profession_in_training = field.value().first().copied(),
                0x84 => info.exercise_name = Some(text::from_card(field.value())),
                0x85 => info.speciality = Some(text::from_card(field.value())),
                _ => info.unknown.push(unknown(&field)),
            }
        }
        Ok(info)
    }
}

impl CardIdentification {
    /// The name of the object in EF.DODF.
    pub const LABEL: &'static str = "CPS_ID_CARD";

    /// Reads the content of the object.
    ///
    /// # Errors
    /// [`CardError::Malformed`] if it is not a template `E3`.
    pub fn parse(content: &[u8]) -> Result<Self, CardError> {
        let mut card = Self::default();
        for field in fields(content, 0xE3, CardFile::ProfessionalData)? {
            match field.tag().value() {
                0x81 => card.number = text::packed_digits(field.value()),
                0x83 => {
                    card.issued = text::packed_digits(field.value()).filter(|date| date.len() == 8)
                }
                _ => card.unknown.push(unknown(&field)),
            }
        }
        Ok(card)
    }
}

impl ProfessionalName {
    /// The name of the object in EF.DODF.
    pub const LABEL: &'static str = "CPS_NAME_PS";

    /// Reads the content of the object.
    ///
    /// # Errors
    /// [`CardError::Malformed`] if it is not a template `E4`.
    pub fn parse(content: &[u8]) -> Result<Self, CardError> {
        let mut name = Self::default();
        for field in fields(content, 0xE4, CardFile::ProfessionalData)? {
            match field.tag().value() {
                0x84 => name.given_name = Some(text::from_card(field.value())),
                _ => name.unknown.push(unknown(&field)),
            }
        }
        Ok(name)
    }
}

/// The fields of the one template that a business object is. The last of several fields with the
/// same tag wins, as in the field's software.
pub(super) fn fields(
    content: &[u8],
    template: u32,
    file: CardFile,
) -> Result<Vec<Element<'_>>, CardError> {
    let outer = tlv::parse_level(content, Tail::Zeros)
        .map_err(|error| CardError::malformed(file, error))?;
    let template = outer
        .iter()
        .find(|element| element.is(template))
        .ok_or(CardError::missing(file, "template"))?;
    tlv::parse_level(template.value(), Tail::Zeros)
        .map_err(|error| CardError::malformed(file, error))
}

/// A field kept as it is.
pub(super) fn unknown(field: &Element<'_>) -> UnknownTag {
    let value = field
        .value()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    UnknownTag {
        tag: field.tag().value(),
        value,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{CardIdentification, ProfessionalInfo, ProfessionalName};

    #[test]
    fn observed_objects_are_read() {
        let info = ProfessionalInfo::parse(
            b"\xED\x22\x80\x02\x00\x00\x81\x0C899700000017\x82\x01\x0A\x84\x05ESSAI\x85\x04SM26",
        )
        .unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((info.card_type, info.profession), (Some(0), Some(10)));
        assert_eq!(info.national_id.as_deref(), Some("899700000017"));
        assert_eq!(
            (info.exercise_name.as_deref(), info.speciality.as_deref()),
            (Some("ESSAI"), Some("SM26"))
        );
        let card = CardIdentification::parse(
            b"\xE3\x10\x80\x01\x00\x81\x05\x99\x99\x90\x00\x01\x83\x04\x20\x26\x01\x02",
        )
        .unwrap();
        assert_eq!(
            (card.number.as_deref(), card.issued.as_deref()),
            (Some("9999900001"), Some("20260102"))
        );
        assert_eq!(card.unknown.len(), 1);
        let name = ProfessionalName::parse(b"\xE4\x09\x84\x07CAMILLE").unwrap();
        assert_eq!(name.given_name.as_deref(), Some("CAMILLE"));
    }

    #[test]
    fn unknown_fields_are_kept_and_nonsense_refused() {
        let info =
            ProfessionalInfo::parse(b"\xED\x07\xA9\x02\x80\x80\x82\x01\x0A\x00\x00").unwrap();
        assert_eq!(
            info.unknown
                .first()
                .map(|field| (field.tag, field.value.as_str())),
            Some((0xA9, "8080"))
        );
        assert_eq!(info.profession, Some(10));
        assert!(ProfessionalInfo::parse(b"\xEE\x00").is_err());
        assert!(ProfessionalInfo::parse(b"\xED\x05\x82").is_err());
        assert!(ProfessionalInfo::parse(b"").is_err());
    }
}
