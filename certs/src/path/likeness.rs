//! What is alike in the certificates of one authority: all that a path engine looks at (RFC 5280, 4.1 and 4.2) but what belongs to each holder.
//!
//! Two certificates are alike where they are the same byte for byte except in: serial number, dates, subject, RSA modulus (of the same
//! length), signature, and the content of extensions that are not critical and say who the holder or the key is: subjectKeyIdentifier,
//! subjectAltName, and the private ones of the field. Each of these must have its plain form, so that nothing is left in it on which an
//! engine could stop. Everything else is not alike: keys on curves, unique identifiers, another policy, address or usage.

use crate::certificate::Certificate;
use crate::der::{
    BIT_STRING, DerError, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, Reader,
    SEQUENCE, UTC_TIME, UTF8_STRING,
};
use crate::general_name;
use crate::signed_structure::SignedStructure;

const WHAT: &str = "a certificate";
/// Content of the OBJECT IDENTIFIER subjectKeyIdentifier.
const SUBJECT_KEY: &[u8] = &[0x55, 0x1d, 0x0e];
/// subjectAltName.
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// The arc 1.2.250.1.71 of the private extensions.
const PRIVATE: &[u8] = &[0x2a, 0x81, 0x7a, 0x01, 0x47];
const OTHER_NAME: u8 = 0xa0;

/// The bytes that alike certificates have in common.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Likeness(Vec<u8>);

impl Likeness {
    /// That of a certificate; `None` where something that may differ does not have its plain form.
    pub(super) fn of(certificate: &Certificate) -> Option<Self> {
        let mut common = Vec::with_capacity(certificate.der().len());
        read(certificate.der(), &mut common).ok()?;
        Some(Self(common))
    }
}

fn read(certificate: &[u8], common: &mut Vec<u8>) -> Result<(), DerError> {
    let signed = SignedStructure::read(certificate)?;
    let mut fields = Reader::of_sequence(signed.to_be_signed, WHAT)?;
    common.extend(fields.expect(0xa0, WHAT)?.whole);
    fields.expect(INTEGER, WHAT)?;
    common.extend(fields.expect(SEQUENCE, WHAT)?.whole);
    common.extend(fields.expect(SEQUENCE, WHAT)?.whole);
    let mut dates = fields.sequence(WHAT)?;
    for _ in 0..2 {
        let date = dates.any(WHAT)?;
        // Year of two or four digits to the second, in UTC (4.1.2.5).
        let digits = match date.identifier {
            UTC_TIME => 12,
            GENERALIZED_TIME => 14,
            _ => return Err(DerError { what: WHAT }),
        };
        let is_plain = date.content.strip_suffix(b"Z").is_some_and(|written| {
            written.len() == digits && written.iter().all(u8::is_ascii_digit)
        });
        require(is_plain)?;
    }
    dates.end(WHAT)?;
    let subject = fields.expect(SEQUENCE, WHAT)?;
    require(!subject.content.is_empty())?;
    public_key(fields.sequence(WHAT)?, common)?;
    let mut extensions = fields.enter(0xa3, WHAT)?.sequence(WHAT)?;
    fields.end(WHAT)?;
    while !extensions.is_empty() {
        extension(extensions.sequence(WHAT)?, common)?;
    }
    Ok(())
}

/// AlgorithmIdentifier, length of the modulus, exponent.
fn public_key(mut fields: Reader<'_>, common: &mut Vec<u8>) -> Result<(), DerError> {
    common.extend(fields.expect(SEQUENCE, WHAT)?.whole);
    let key = fields.expect(BIT_STRING, WHAT)?.content;
    fields.end(WHAT)?;
    let key = key.strip_prefix(&[0]).ok_or(DerError { what: WHAT })?;
    let mut key = Reader::of_sequence(key, WHAT)?;
    let modulus = key.expect(INTEGER, WHAT)?.content;
    let (first, last) = (modulus.get(..2), modulus.last());
    // Positive, of whole bytes, odd.
    let is_whole = first.is_some_and(|first| matches!(first, [0, 0x80..=0xff]));
    require(is_whole && last.is_some_and(|last| last % 2 == 1))?;
    common.extend(modulus.len().to_be_bytes());
    common.extend(key.expect(INTEGER, WHAT)?.whole);
    key.end(WHAT)
}

fn extension(mut fields: Reader<'_>, common: &mut Vec<u8>) -> Result<(), DerError> {
    let kind = fields.expect(OBJECT_IDENTIFIER, WHAT)?;
    let critical = fields.boolean_or_false(WHAT)?;
    let value = fields.expect(OCTET_STRING, WHAT)?;
    fields.end(WHAT)?;
    common.extend(kind.whole);
    common.push(critical.into());
    let may_differ = !critical
        && match kind.content {
            SUBJECT_KEY => is_octet_string(value.content),
            SUBJECT_ALTERNATIVE_NAME => are_plain_names(value.content),
            other => other.starts_with(PRIVATE),
        };
    if !may_differ {
        common.extend(value.whole);
    }
    Ok(())
}

fn is_octet_string(value: &[u8]) -> bool {
    let mut reader = Reader::new(value);
    reader.octet_string(WHAT).is_ok_and(|key| !key.is_empty()) && reader.is_empty()
}

/// Mail addresses, and other names whose value is one text, such as a principal's.
fn are_plain_names(value: &[u8]) -> bool {
    let names = || -> Result<(), DerError> {
        let mut names = Reader::of_sequence(value, WHAT)?;
        while !names.is_empty() {
            let name = names.any(WHAT)?;
            if name.identifier == OTHER_NAME {
                let mut other = Reader::new(name.content);
                other.expect(OBJECT_IDENTIFIER, WHAT)?;
                let mut text = other.enter(0xa0, WHAT)?;
                let text_value = text.expect(UTF8_STRING, WHAT)?;
                require(std::str::from_utf8(text_value.content).is_ok())?;
                text.end(WHAT)?;
                other.end(WHAT)?;
            } else {
                require(name.identifier == general_name::MAIL_ADDRESS)?;
            }
        }
        Ok(())
    };
    names().is_ok() && general_name::are_well_formed(value, true)
}

fn require(holds: bool) -> Result<(), DerError> {
    if holds {
        Ok(())
    } else {
        Err(DerError { what: WHAT })
    }
}
