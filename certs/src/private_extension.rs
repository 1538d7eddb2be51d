//! The private extensions of card certificates, arc 1.2.250.1.71 (tables G01, G02, G15, G16, R01). All are non-critical.
//!
//! Each is optional to this reader; one that is present but has another type than the field uses is an error, because a
//! silent default would change who the holder is.

use thiserror::Error;
use x509_parser::asn1_rs::{Any, FromDer, Tag};

use crate::card_kind::{CardKind, Category};
use crate::certificate::Certificate;
use crate::profession::ProfessionCode;

/// Card family, INTEGER, table G02.
pub const CARD_KIND: &str = "1.2.250.1.71.1.2.2";
/// Issuer prefix, `/`, card number; PrintableString.
pub const CARD_SERIAL: &str = "1.2.250.1.71.1.2.3";
/// Product category, OCTET STRING of one byte, table G01.
pub const CATEGORY: &str = "1.2.250.1.71.1.2.5";
/// Profession, INTEGER, table G15.
pub const PROFESSION: &str = "1.2.250.1.71.1.2.7";
/// Profession in training, INTEGER, table G16.
pub const PROFESSION_IN_TRAINING: &str = "1.2.250.1.71.1.2.8";
/// Skills, SEQUENCE OF UTF8String, table R01.
pub const SKILLS: &str = "1.2.250.1.71.4.2.5";

/// Most skills that are read.
pub const MAX_SKILLS: usize = 64;
/// Longest card serial or skill, in bytes.
const MAX_TEXT_BYTES: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct PrivateExtensions {
    pub(crate) card_kind: Option<CardKind>,
    pub(crate) card_serial: Option<String>,
    pub(crate) category: Option<Category>,
    pub(crate) profession: Option<ProfessionCode>,
    pub(crate) profession_in_training: Option<ProfessionCode>,
    pub(crate) skills: Vec<String>,
}

/// A private extension does not have the type that the field uses.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("the private extension {oid} cannot be read")]
pub struct PrivateExtensionError {
    /// OID of the extension.
    pub oid: &'static str,
}

pub(crate) fn read(certificate: &Certificate) -> Result<PrivateExtensions, PrivateExtensionError> {
    let profession = |value: &[u8]| small_integer(value).map(ProfessionCode);
    Ok(PrivateExtensions {
        card_kind: extension(certificate, CARD_KIND, |value| {
            small_integer(value).and_then(CardKind::from_code)
        })?,
        card_serial: extension(certificate, CARD_SERIAL, |value| text(&whole(value)?))?,
        category: extension(certificate, CATEGORY, category)?,
        profession: extension(certificate, PROFESSION, profession)?,
        profession_in_training: extension(certificate, PROFESSION_IN_TRAINING, profession)?,
        skills: extension(certificate, SKILLS, skills)?.unwrap_or_default(),
    })
}

fn extension<T>(
    certificate: &Certificate,
    oid: &'static str,
    parse: impl Fn(&[u8]) -> Option<T>,
) -> Result<Option<T>, PrivateExtensionError> {
    certificate
        .extension(oid)
        .map(|extension| parse(&extension.value).ok_or(PrivateExtensionError { oid }))
        .transpose()
}

/// One value that fills its bytes.
fn whole(der: &[u8]) -> Option<Any<'_>> {
    match Any::from_der(der) {
        Ok(([], value)) => Some(value),
        _ => None,
    }
}

fn small_integer(der: &[u8]) -> Option<u8> {
    let value = whole(der)?;
    match (value.tag(), value.data) {
        (Tag::Integer, [code @ 0..=0x7f] | [0, code]) => Some(*code),
        _ => None,
    }
}

fn category(der: &[u8]) -> Option<Category> {
    let value = whole(der)?;
    match (value.tag(), value.data) {
        (Tag::OctetString, [code]) => Some(Category::from_code(*code)),
        _ => None,
    }
}

/// ASCII text without blanks: card serials and codes have no other form.
fn text(value: &Any<'_>) -> Option<String> {
    let is_string = matches!(
        value.tag(),
        Tag::PrintableString | Tag::Utf8String | Tag::Ia5String
    );
    let is_plain = value.data.iter().all(u8::is_ascii_graphic)
        && (1..=MAX_TEXT_BYTES).contains(&value.data.len());
    (is_string && is_plain).then(|| value.data.iter().copied().map(char::from).collect())
}

fn skills(der: &[u8]) -> Option<Vec<String>> {
    let sequence = whole(der)?;
    if sequence.tag() != Tag::Sequence {
        return None;
    }
    let mut skills = Vec::new();
    let mut rest = sequence.data;
    while !rest.is_empty() {
        if skills.len() == MAX_SKILLS {
            return None;
        }
        let (after, value) = Any::from_der(rest).ok()?;
        skills.push(text(&value)?);
        rest = after;
    }
    Some(skills)
}
