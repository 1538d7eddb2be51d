//! Reading: one value after the other, each with its identifier, its content and its bytes as they stand in the input.

use thiserror::Error;
use x509_parser::asn1_rs::{Any, FromDer as _, Oid};

use super::writer::{
    BIT_STRING, BOOLEAN, ENUMERATED, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING,
    SEQUENCE, SET,
};
use crate::unix_time::UnixTime;

/// Why bytes are not the DER that was expected.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
#[error("{what} is missing or cannot be read")]
pub struct DerError {
    /// The value that was expected, as its standard names it.
    pub what: &'static str,
}

/// One value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// Identifier byte: class, whether constructed, number.
    pub identifier: u8,
    /// Content bytes.
    pub content: &'a [u8],
    /// Identifier, length and content, as they stand in the input.
    pub whole: &'a [u8],
}

/// Walks the values of one constructed value's content, or of a whole input.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader of these bytes.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The values inside a SEQUENCE that fills `bytes` exactly.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn of_sequence(bytes: &'a [u8], what: &'static str) -> Result<Self, DerError> {
        let mut reader = Self::new(bytes);
        let inside = reader.enter(SEQUENCE, what)?;
        reader.end(what)?;
        Ok(inside)
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left, as it stands.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Identifier byte of the next value.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next value, whatever it is.
    ///
    /// # Errors
    /// [`DerError`] with `what` where none is left or it cannot be read.
    pub fn any(&mut self, what: &'static str) -> Result<Element<'a>, DerError> {
        let refused = DerError { what };
        let identifier = self.peek().ok_or(refused)?;
        // 31 announces an identifier of several bytes, which none of the structures read here has
        if identifier & 0x1f == 0x1f {
            return Err(refused);
        }
        let (rest, any) = Any::from_der(self.rest).map_err(|_| refused)?;
        let length = self.rest.len().checked_sub(rest.len()).ok_or(refused)?;
        let whole = self.rest.get(..length).ok_or(refused)?;
        self.rest = rest;
        Ok(Element {
            identifier,
            content: any.data,
            whole,
        })
    }

    /// The next value, which must have this identifier.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn expect(&mut self, identifier: u8, what: &'static str) -> Result<Element<'a>, DerError> {
        if self.peek() == Some(identifier) {
            self.any(what)
        } else {
            Err(DerError { what })
        }
    }

    /// The next value where it has this identifier.
    ///
    /// # Errors
    /// [`DerError`] with `what` where it has and cannot be read.
    pub fn optional(
        &mut self,
        identifier: u8,
        what: &'static str,
    ) -> Result<Option<Element<'a>>, DerError> {
        if self.peek() == Some(identifier) {
            self.any(what).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The values inside the next value, which must have this identifier.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn enter(&mut self, identifier: u8, what: &'static str) -> Result<Self, DerError> {
        Ok(Self::new(self.expect(identifier, what)?.content))
    }

    /// The values inside the next SEQUENCE.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn sequence(&mut self, what: &'static str) -> Result<Self, DerError> {
        self.enter(SEQUENCE, what)
    }

    /// The values inside the next SET.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn set(&mut self, what: &'static str) -> Result<Self, DerError> {
        self.enter(SET, what)
    }

    /// The next OBJECT IDENTIFIER, dotted.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn object_identifier(&mut self, what: &'static str) -> Result<String, DerError> {
        self.expect(OBJECT_IDENTIFIER, what)?
            .as_object_identifier(what)
    }

    /// Content of the next OCTET STRING.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn octet_string(&mut self, what: &'static str) -> Result<&'a [u8], DerError> {
        Ok(self.expect(OCTET_STRING, what)?.content)
    }

    /// The bytes of the next BIT STRING, which must be whole ones.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn bit_string(&mut self, what: &'static str) -> Result<&'a [u8], DerError> {
        match self.expect(BIT_STRING, what)?.content {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(DerError { what }),
        }
    }

    /// Content of the next INTEGER: big-endian, signed, at least one byte.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn integer(&mut self, what: &'static str) -> Result<&'a [u8], DerError> {
        let content = self.expect(INTEGER, what)?.content;
        if content.is_empty() {
            return Err(DerError { what });
        }
        Ok(content)
    }

    /// The next INTEGER or ENUMERATED, which must fit into 31 bits and not be negative.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn small_number(&mut self, what: &'static str) -> Result<u32, DerError> {
        let element = self.any(what)?;
        match element.identifier {
            INTEGER | ENUMERATED => element.as_small_number(what),
            _ => Err(DerError { what }),
        }
    }

    /// The next BOOLEAN where there is one; `false` otherwise.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn boolean_or_false(&mut self, what: &'static str) -> Result<bool, DerError> {
        match self.optional(BOOLEAN, what)? {
            None => Ok(false),
            Some(element) => match element.content {
                [0x00] => Ok(false),
                [0xff] => Ok(true),
                _ => Err(DerError { what }),
            },
        }
    }

    /// The next GeneralizedTime; a fraction of a second is cut off.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn generalized_time(&mut self, what: &'static str) -> Result<UnixTime, DerError> {
        self.expect(GENERALIZED_TIME, what)?
            .as_generalized_time(what)
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub const fn end(&self, what: &'static str) -> Result<(), DerError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(DerError { what })
        }
    }
}

impl Element<'_> {
    /// The content as an OBJECT IDENTIFIER, dotted.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn as_object_identifier(&self, what: &'static str) -> Result<String, DerError> {
        // The longest in use have some 25 bytes; a longer one is only work for the reader.
        if self.content.is_empty() || self.content.len() > 64 {
            return Err(DerError { what });
        }
        // Each number ends with a byte below 0x80 and does not begin with 0x80 (X.690, 8.19.2).
        let befores = std::iter::once(&0).chain(self.content);
        let padded = befores
            .zip(self.content)
            .any(|(before, byte)| *before < 0x80 && *byte == 0x80);
        if padded || self.content.last().is_none_or(|last| *last >= 0x80) {
            return Err(DerError { what });
        }
        Ok(Oid::new(self.content.into()).to_id_string())
    }

    /// The content as a number that fits into 31 bits and is not negative.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn as_small_number(&self, what: &'static str) -> Result<u32, DerError> {
        match self.content {
            [] | [0x80..=0xff, ..] => Err(DerError { what }),
            content if content.len() > 4 => Err(DerError { what }),
            content => Ok(content
                .iter()
                .fold(0, |number, byte| number << 8 | u32::from(*byte))),
        }
    }

    /// The content as a GeneralizedTime of the form `YYYYMMDDHHMMSS[.f]Z` (RFC 5280, 4.1.2.5.2; RFC 3161, 2.4.2); the fraction
    /// is cut off.
    ///
    /// # Errors
    /// [`DerError`] with `what`.
    pub fn as_generalized_time(&self, what: &'static str) -> Result<UnixTime, DerError> {
        let refused = DerError { what };
        let text = std::str::from_utf8(self.content).map_err(|_| refused)?;
        let text = text.strip_suffix('Z').ok_or(refused)?;
        let (digits, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if digits.len() != 14 || !all_digits(digits) || !(1..=9).contains(&fraction.len()) {
            return Err(refused);
        }
        if !all_digits(fraction) {
            return Err(refused);
        }
        let number = |range: std::ops::Range<usize>| -> Result<u16, DerError> {
            let part = digits.get(range).ok_or(refused)?;
            part.parse().map_err(|_| refused)
        };
        let small =
            |range| -> Result<u8, DerError> { u8::try_from(number(range)?).map_err(|_| refused) };
        let month = time::Month::try_from(small(4..6)?).map_err(|_| refused)?;
        let date = time::Date::from_calendar_date(i32::from(number(0..4)?), month, small(6..8)?)
            .map_err(|_| refused)?;
        // A leap second is told as the second before it.
        let second = match small(12..14)? {
            60 => 59,
            second => second,
        };
        let moment = date
            .with_hms(small(8..10)?, small(10..12)?, second)
            .map_err(|_| refused)?;
        Ok(UnixTime(moment.assume_utc().unix_timestamp()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::der::{sequence, value};

    #[test]
    fn values_keep_their_bytes() {
        let inner = value(OCTET_STRING, b"bytes");
        let der = sequence(&[value(INTEGER, &[5]), inner.clone()]);
        let mut reader = Reader::of_sequence(&der, "the sequence").unwrap();
        assert_eq!(reader.small_number("a number"), Ok(5));
        assert_eq!(reader.optional(SET, "no set"), Ok(None));
        assert_eq!(reader.any("bytes").unwrap().whole, inner);
        assert_eq!(reader.end("the end"), Ok(()));
        assert_eq!(reader.any("more"), Err(DerError { what: "more" }));
    }

    #[test]
    fn what_is_not_der_is_refused() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x80, 0x00, 0x00],
            &[0x30, 0x05, 0x00],
            &[0x3f, 0x81, 0x01, 0x00],
            &[0x30, 0x01, 0x00, 0x00],
        ] {
            assert!(Reader::of_sequence(bytes, "x").is_err(), "{bytes:02x?}");
        }
    }

    #[test]
    fn times_have_one_form() {
        let read = |text: &str| {
            let der = value(GENERALIZED_TIME, text.as_bytes());
            Reader::new(&der).generalized_time("a time")
        };
        assert_eq!(read("19700101000001Z"), Ok(UnixTime(1)));
        assert_eq!(read("20261127134210.125Z"), read("20261127134210Z"));
        assert_eq!(read("20161231235960Z"), read("20161231235959Z"));
        for wrong in [
            "",
            "Z",
            "20261127134210",
            "2026112713421Z",
            "20261327134210Z",
            "20261127134210+0100",
            "20261127134210.Z",
            "20261127134261Z",
            "2026112713421\u{e9}Z",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
