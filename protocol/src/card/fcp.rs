//! File control parameters, what SELECT returns about a file (ISO/IEC 7816-4 section 7.4): template
//! `62`, or `6F` on some cards. The drivers read files without asking for them; they are here for
//! diagnosis. Access rules are kept as bytes and not interpreted.

use serde::Serialize;

use super::tlv::{self, Tail, TlvError};

/// What a card says about one of its files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileControlParameters {
    /// Bytes in the file (tag `80`).
    pub size: Option<u32>,
    /// File descriptor byte (tag `82`): `01` transparent file, `38` folder.
    pub descriptor: Option<u8>,
    /// File identifier (tag `83`).
    pub identifier: Option<u16>,
    /// Short identifier, 1 to 30 (tag `88`, upper five bits).
    pub short_identifier: Option<u8>,
    /// Life cycle status byte (tag `8A`): `05` operational.
    pub life_cycle: Option<u8>,
    /// Name of a folder, an application identifier of up to 16 bytes (tag `84`).
    pub name: Option<Vec<u8>>,
    /// Access rules with contacts (tag `8C` in `A1`).
    pub contact_rules: Option<Vec<u8>>,
    /// Access rules without contacts (tag `9C` in `A1`).
    pub contactless_rules: Option<Vec<u8>>,
}

impl FileControlParameters {
    /// Reads the answer to a SELECT that asked for file control parameters.
    ///
    /// # Errors
    /// [`FcpError`] for bytes that are not such a template, or a number that does not fit its
    /// field.
    pub fn parse(bytes: &[u8]) -> Result<Self, FcpError> {
        let elements = tlv::parse(bytes, Tail::Zeros)?;
        let template = elements
            .iter()
            .find(|element| element.is(0x62) || element.is(0x6F))
            .ok_or(FcpError::NoTemplate)?;
        let number = |tag: u32| -> Result<Option<u32>, FcpError> {
            template
                .child(tag)
                .map(|element| unsigned(element.value()).ok_or(FcpError::InvalidNumber { tag }))
                .transpose()
        };
        let byte = |tag: u32| {
            template
                .child(tag)
                .and_then(|element| element.value().first().copied())
        };
        let rules = |tag: u32| {
            template
                .child(0xA1)
                .and_then(|rules| rules.child(tag))
                .map(|rule| rule.value().to_vec())
        };
        let identifier = number(0x83)?.map(u16::try_from).transpose();
        Ok(Self {
            size: number(0x80)?,
            descriptor: byte(0x82),
            identifier: identifier.map_err(|_| FcpError::InvalidNumber { tag: 0x83 })?,
            short_identifier: byte(0x88).map(|value| value >> 3),
            life_cycle: byte(0x8A),
            name: template
                .child(0x84)
                .map(|element| element.value().to_vec())
                .filter(|name| name.len() <= 16),
            contact_rules: rules(0x8C),
            contactless_rules: rules(0x9C),
        })
    }
}

/// Bytes that are not file control parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FcpError {
    /// Not BER-TLV.
    #[error(transparent)]
    Tlv(#[from] TlvError),
    /// Neither template `62` nor `6F`.
    #[error("no file control parameters")]
    NoTemplate,
    /// A number of no byte or too many.
    #[error("invalid number in tag {tag:02X}")]
    InvalidNumber {
        /// Tag of the object.
        tag: u32,
    },
}

/// A big-endian number of 1 to 4 bytes.
fn unsigned(bytes: &[u8]) -> Option<u32> {
    match bytes.len() {
        1..=4 => Some(
            bytes
                .iter()
                .fold(0, |number, byte| number << 8 | u32::from(*byte)),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{FcpError, FileControlParameters};

    /// EF.SN of a real card, as published.
    const EF_SN: [u8; 39] = [
        0x62, 0x25, 0x80, 0x02, 0x00, 0x0C, 0x82, 0x01, 0x01, 0x83, 0x02, 0xD0, 0x03, 0x88, 0x01,
        0xE0, 0xA1, 0x12, 0x8C, 0x07, 0x7B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x9C, 0x07, 0x7B,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x8A, 0x01, 0x05,
    ];

    #[test]
    fn a_real_template_is_read() {
        let parameters = FileControlParameters::parse(&EF_SN).unwrap();
        assert_eq!(
            (parameters.size, parameters.descriptor),
            (Some(12), Some(1))
        );
        assert_eq!(
            (parameters.identifier, parameters.short_identifier),
            (Some(0xD003), Some(0x1C))
        );
        assert_eq!(parameters.life_cycle, Some(5));
        assert_eq!(
            parameters.contact_rules.unwrap(),
            [0x7B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00]
        );
        let mut other = EF_SN;
        other[0] = 0x6F;
        assert_eq!(FileControlParameters::parse(&other).unwrap().size, Some(12));
    }

    #[test]
    fn other_bytes_are_refused() {
        assert_eq!(
            FileControlParameters::parse(&[0x30, 0x00]),
            Err(FcpError::NoTemplate)
        );
        assert_eq!(FileControlParameters::parse(&[]), Err(FcpError::NoTemplate));
        assert_eq!(
            FileControlParameters::parse(&[0x62, 0x02, 0x80, 0x00]),
            Err(FcpError::InvalidNumber { tag: 0x80 })
        );
        let long = [0x62, 0x07, 0x80, 0x05, 1, 2, 3, 4, 5];
        assert_eq!(
            FileControlParameters::parse(&long),
            Err(FcpError::InvalidNumber { tag: 0x80 })
        );
        let identifier = [0x62, 0x05, 0x83, 0x03, 1, 2, 3];
        assert_eq!(
            FileControlParameters::parse(&identifier),
            Err(FcpError::InvalidNumber { tag: 0x83 })
        );
        assert!(matches!(
            FileControlParameters::parse(&EF_SN[..20]),
            Err(FcpError::Tlv(_))
        ));
    }
}
