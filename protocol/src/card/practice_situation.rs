//! A practice situation (situation d'exercice), data object CPS_ACTIVITY_nn_PS, template `EE`:
//! where and how the holder practises. A card holds up to 16, numbered with possible holes, and
//! gives them after the PIN only. The official layout is not public: unknown tags are kept as bytes
//! and nothing is required but the template.

use serde::Serialize;

use super::error::CardError;
use super::file::CardFile;
use super::professional_data::{UnknownTag, fields, unknown};
use super::text;

/// One practice situation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PracticeSituation {
    /// Its number on the card, 1 to 16.
    pub number: u8,
    /// Mode of practice, table G17 (tag `80`): 0 self-employed, 1 employed, 4 locum...
    pub mode: Option<u8>,
    /// Name of the structure (tag `84`).
    pub structure_name: Option<String>,
    /// Identifier of the structure as the card writes it: the type (G07) as first character, then
    /// the identifier (tag `85`).
    pub structure_id: Option<String>,
    /// Sector of activity, table R02, such as `SA07` (tag `86`).
    pub sector: Option<String>,
    /// Everything else.
    pub unknown: Vec<UnknownTag>,
}

impl PracticeSituation {
    /// Situations on a card, at most.
    pub const MAX: u8 = 16;

    /// The number in the name of a data object, `CPS_ACTIVITY_03_PS`; `None` for any other name.
    #[must_use]
    pub fn number_in_label(label: &str) -> Option<u8> {
        let digits = label.strip_prefix("CPS_ACTIVITY_")?.strip_suffix("_PS")?;
        let number: u8 = Some(digits)
            .filter(|digits| digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()))?
            .parse()
            .ok()?;
        (1..=Self::MAX).contains(&number).then_some(number)
    }

    /// Reads the content of the object with that number.
    ///
    /// # Errors
    /// [`CardError::Malformed`] if it is not a template `EE`.
    pub fn parse(number: u8, content: &[u8]) -> Result<Self, CardError> {
        let mut situation = Self {
            number,
            mode: None,
            structure_name: None,
            structure_id: None,
            sector: None,
            unknown: Vec::new(),
        };
        for field in fields(content, 0xEE, CardFile::PracticeSituation)? {
            match field.tag().value() {
                0x80 => situation.mode = field.value().first().copied(),
                0x84 => situation.structure_name = Some(text::from_card(field.value())),
                0x85 => situation.structure_id = Some(text::from_card(field.value())),
                0x86 => situation.sector = Some(text::from_card(field.value())),
                _ => situation.unknown.push(unknown(&field)),
            }
        }
        Ok(situation)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::PracticeSituation;

    #[test]
    fn an_observed_situation_is_read() {
        let content = b"\xEE\x25\x80\x01\x00\x83\x01\x07\x84\x0CCABINET TEST\x85\x0A10B0000001\x86\x04SA07\x00\x00";
        let mut content = content.to_vec();
        content[1] = u8::try_from(content.len() - 4).unwrap();
        let situation = PracticeSituation::parse(3, &content).unwrap();
        assert_eq!((situation.number, situation.mode), (3, Some(0)));
        assert_eq!(situation.structure_name.as_deref(), Some("CABINET TEST"));
        assert_eq!(situation.structure_id.as_deref(), Some("10B0000001"));
        assert_eq!(situation.sector.as_deref(), Some("SA07"));
        assert_eq!(situation.unknown.len(), 1);
        assert!(PracticeSituation::parse(3, &content[..10]).is_err());
    }

    #[test]
    fn numbers_come_from_the_name() {
        assert_eq!(
            PracticeSituation::number_in_label("CPS_ACTIVITY_01_PS"),
            Some(1)
        );
        assert_eq!(
            PracticeSituation::number_in_label("CPS_ACTIVITY_16_PS"),
            Some(16)
        );
        for other in [
            "CPS_ACTIVITY_00_PS",
            "CPS_ACTIVITY_17_PS",
            "CPS_ACTIVITY_1_PS",
            "CPS_ACTIVITY_+1_PS",
            "CPS2TER_ACTIVITY_01_PS",
            "CPS_INFO_PS",
        ] {
            assert_eq!(PracticeSituation::number_in_label(other), None, "{other}");
        }
    }
}
