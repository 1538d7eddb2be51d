//! EF.PrKDF, the private keys (PKCS#15 v1.1 section 6.3): identifier, usage and the reference that
//! commands name the key by. The keys of a CPS are no files (their path is empty) and carry no
//! algorithm references. The usage bits are shown, never trusted: the certificate decides what a
//! key is for.

use super::entry::{
    BIT_STRING, INTEGER, SEQUENCE, TYPE_ATTRIBUTES, bit, entries, identifier, is_private, label,
    unsigned,
};
use crate::card::error::CardError;
use crate::card::file::CardFile;
use crate::card::tlv::Element;

/// A private RSA key of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateKeyObject {
    /// PKCS#15 identifier; the certificate of the key has the same.
    pub identifier: Vec<u8>,
    /// Label, for people.
    pub label: Option<String>,
    /// The reference by which MANAGE SECURITY ENVIRONMENT names the key (tag `84`).
    pub reference: u8,
    /// What the card says the key is for.
    pub usage: PrivateKeyUsage,
    /// Whether the key wants the PIN.
    pub is_private: bool,
    /// Length of the modulus in bits, where the card says it.
    pub modulus_bits: Option<u32>,
}

/// KeyUsageFlags of PKCS#15, those that a CPS uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrivateKeyUsage {
    /// Bit 1.
    pub decrypt: bool,
    /// Bit 2.
    pub sign: bool,
    /// Bit 9.
    pub non_repudiation: bool,
}

/// Reads the content of EF.PrKDF. Keys of other algorithms, and entries without identifier or
/// reference, are passed over.
///
/// # Errors
/// [`CardError::Malformed`] for content that is not BER-TLV.
pub fn private_key_objects(content: &[u8]) -> Result<Vec<PrivateKeyObject>, CardError> {
    let entries = entries(content, CardFile::PrivateKeys)?;
    Ok(entries
        .iter()
        .filter(|entry| entry.is(SEQUENCE))
        .filter_map(private_key)
        .collect())
}

fn private_key(entry: &Element<'_>) -> Option<PrivateKeyObject> {
    let class = entry.children().get(1)?;
    let usage = class
        .child(BIT_STRING)
        .map(Element::value)
        .unwrap_or_default();
    let reference = unsigned(class.child(INTEGER)?.value())?;
    Some(PrivateKeyObject {
        identifier: identifier(entry)?,
        label: label(entry),
        reference: u8::try_from(reference).ok()?,
        usage: PrivateKeyUsage {
            decrypt: bit(usage, 1),
            sign: bit(usage, 2),
            non_repudiation: bit(usage, 9),
        },
        is_private: is_private(entry),
        modulus_bits: modulus_bits(entry),
    })
}

/// PrivateRSAKeyAttributes: the value's path, then modulusLength.
fn modulus_bits(entry: &Element<'_>) -> Option<u32> {
    unsigned(
        entry
            .child(TYPE_ATTRIBUTES)?
            .child(SEQUENCE)?
            .child(INTEGER)?
            .value(),
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::private_key_objects;

    /// An entry of the shape of a real card's.
    const SIGNATURE: &[u8] = b"\x30\x42\x30\x15\x0C\x0CCPS_PRIV_SIG\x03\x02\x07\x80\x04\x01\x01\
        \x30\x1D\x04\x0E\xE8\x28\xBD\x08\x0F\x80\x25\x00\x00\x01\xFF\x00\x10\x01\x03\x03\x06\x00\x40\x03\x02\x03\xB8\x02\x02\x00\x81\
        \xA1\x0A\x30\x08\x30\x02\x04\x00\x02\x02\x08\x00";

    #[test]
    fn a_key_of_a_real_card_is_read() {
        let keys = private_key_objects(&[SIGNATURE, &[0; 4]].concat()).unwrap();
        let key = keys.first().unwrap();
        assert_eq!(
            (key.label.as_deref(), key.reference, key.modulus_bits),
            (Some("CPS_PRIV_SIG"), 0x81, Some(2048))
        );
        assert!(
            key.usage.non_repudiation && !key.usage.sign && !key.usage.decrypt && key.is_private
        );
        assert_eq!(key.identifier.last(), Some(&1));
    }

    #[test]
    fn entries_without_reference_are_passed_over() {
        let at = SIGNATURE
            .windows(4)
            .position(|window| window == b"\x02\x02\x00\x81")
            .unwrap();
        let mut content = SIGNATURE.to_vec();
        content[at] = 0x05;
        assert!(private_key_objects(&content).unwrap().is_empty());
        content[at] = 0x02;
        content[at + 2] = 0x01;
        assert!(
            private_key_objects(&content).unwrap().is_empty(),
            "a reference has one byte"
        );
        content[0] = 0xA0;
        assert!(
            private_key_objects(&content).unwrap().is_empty(),
            "an elliptic curve key"
        );
        assert!(private_key_objects(&SIGNATURE[..30]).is_err());
    }
}
