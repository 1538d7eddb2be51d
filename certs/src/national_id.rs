//! The national identifier of a person as a card certificate carries it (`PS_IdNat`): one type digit of table G08, then the value.
//!
//! The commonName of a card certificate is this identifier: `8` and 11 digits for RPPS, `0` and 9 characters for ADELI,
//! `3` and `<FINESS>/<register number>` for staff of a structure. Refused: an unknown type digit, a value whose form does
//! not fit its type. A wrong RPPS check digit is not refused (invented test numbers fail it): see
//! [`NationalId::rpps_check_digit_holds`].

use std::borrow::Cow;

use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema, json_schema};
use serde::{Serialize, Serializer};
use thiserror::Error;

/// Longest identifier that is read, in bytes. The forms of the field stay under 40.
pub const MAX_NATIONAL_ID_BYTES: usize = 128;

/// Table G08: what kind of number identifies the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NationalIdKind {
    /// 0: ADELI number, 9 characters.
    Adeli,
    /// 1: practice of an ADELI holder, then a register number.
    AdeliPractice,
    /// 2: number given by a regional health directorate (DRASS).
    Drass,
    /// 3: FINESS number of a structure, then a register number.
    Finess,
    /// 4: SIREN number of a structure, then a register number.
    Siren,
    /// 5: SIRET number of a structure, then a register number.
    Siret,
    /// 6: practice of an RPPS holder, then a register number.
    RppsPractice,
    /// 8: RPPS number, 11 digits.
    Rpps,
    /// 9: student.
    Student,
    /// 10: MSSanté address.
    MssanteAddress,
}

/// A person's national identifier: its kind and its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NationalId {
    kind: NationalIdKind,
    text: String,
}

impl NationalId {
    /// Reads an identifier written with its type digit, such as `899700000017` or `3760021832/000000018`.
    ///
    /// # Errors
    /// [`NationalIdError`] where the type digit is unknown or the value does not have the form of its type.
    pub fn parse(text: &str) -> Result<Self, NationalIdError> {
        if text.len() > MAX_NATIONAL_ID_BYTES {
            return Err(NationalIdError::TooLong { length: text.len() });
        }
        let kind = kind_of(text).ok_or_else(|| NationalIdError::UnknownKind {
            first: text.chars().next(),
        })?;
        let value = text.get(prefix_length(kind)..).unwrap_or_default();
        if !fits(kind, value) {
            return Err(NationalIdError::MalformedValue { kind });
        }
        Ok(Self {
            kind,
            text: text.to_owned(),
        })
    }

    /// Kind of number, from the type digit.
    #[must_use]
    pub fn kind(&self) -> NationalIdKind {
        self.kind
    }

    /// The number without its type digit.
    #[must_use]
    pub fn value(&self) -> &str {
        self.text
            .get(prefix_length(self.kind)..)
            .unwrap_or_default()
    }

    /// The identifier with its type digit, as in the certificate.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The structure part of `<structure>/<register>`, without the type digit; none where the value has no register.
    #[must_use]
    pub fn structure(&self) -> Option<&str> {
        self.value().split_once('/').map(|(structure, _)| structure)
    }

    /// The register part of `<structure>/<register>`.
    #[must_use]
    pub fn register(&self) -> Option<&str> {
        self.value().split_once('/').map(|(_, register)| register)
    }

    /// Whether the last digit of an RPPS number is its Luhn check digit; none where the identifier is not an RPPS number.
    /// A number that fails deserves a warning, not a refusal.
    #[must_use]
    pub fn rpps_check_digit_holds(&self) -> Option<bool> {
        (self.kind == NationalIdKind::Rpps).then(|| luhn_holds(self.value()))
    }
}

impl std::fmt::Display for NationalId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl JsonSchema for NationalId {
    fn schema_name() -> Cow<'static, str> {
        "NationalId".into()
    }

    fn json_schema(_generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A person's national identifier, with its type digit.",
            "minLength": 1,
            "maxLength": MAX_NATIONAL_ID_BYTES,
        })
    }
}

impl Serialize for NationalId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl std::str::FromStr for NationalId {
    type Err = NationalIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// Why a text is not a national identifier.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NationalIdError {
    /// Longer than [`MAX_NATIONAL_ID_BYTES`].
    #[error("the national identifier has {length} bytes; the limit is {MAX_NATIONAL_ID_BYTES}")]
    TooLong {
        /// Length found, in bytes.
        length: usize,
    },
    /// The first character is not a type digit of table G08.
    #[error("the national identifier does not begin with a type digit of table G08")]
    UnknownKind {
        /// The first character, if any.
        first: Option<char>,
    },
    /// The value does not have the form of its kind.
    #[error("the value of the national identifier does not have the form of its kind ({kind:?})")]
    MalformedValue {
        /// The kind that the type digit announces.
        kind: NationalIdKind,
    },
}

fn kind_of(text: &str) -> Option<NationalIdKind> {
    // The only kind with two digits is an address, which no value of kind 1 looks like.
    if text.starts_with("10") && text.contains('@') {
        return Some(NationalIdKind::MssanteAddress);
    }
    Some(match text.as_bytes().first()? {
        b'0' => NationalIdKind::Adeli,
        b'1' => NationalIdKind::AdeliPractice,
        b'2' => NationalIdKind::Drass,
        b'3' => NationalIdKind::Finess,
        b'4' => NationalIdKind::Siren,
        b'5' => NationalIdKind::Siret,
        b'6' => NationalIdKind::RppsPractice,
        b'8' => NationalIdKind::Rpps,
        b'9' => NationalIdKind::Student,
        _ => return None,
    })
}

fn prefix_length(kind: NationalIdKind) -> usize {
    if kind == NationalIdKind::MssanteAddress {
        2
    } else {
        1
    }
}

fn fits(kind: NationalIdKind, value: &str) -> bool {
    let alphanumeric =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match kind {
        NationalIdKind::Rpps => {
            value.len() == 11 && value.bytes().all(|byte| byte.is_ascii_digit())
        }
        NationalIdKind::Adeli => value.len() == 9 && alphanumeric(value),
        NationalIdKind::AdeliPractice
        | NationalIdKind::Finess
        | NationalIdKind::Siren
        | NationalIdKind::Siret
        | NationalIdKind::RppsPractice => {
            value.split_once('/').is_some_and(|(structure, register)| {
                let printable = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
                alphanumeric(structure) && !register.is_empty() && register.bytes().all(printable)
            })
        }
        NationalIdKind::Drass | NationalIdKind::Student => {
            !value.is_empty()
                && value
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'/')
        }
        NationalIdKind::MssanteAddress => value.split_once('@').is_some_and(|(user, domain)| {
            !user.is_empty() && !domain.is_empty() && value.bytes().all(|b| b.is_ascii_graphic())
        }),
    }
}

/// ISO/IEC 7812-1 annex B. `digits` holds ASCII digits only.
fn luhn_holds(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(position, byte)| {
            let digit = u32::from(byte.saturating_sub(b'0'));
            match (position % 2, digit) {
                (0, digit) => digit,
                (_, digit @ 0..=4) => digit * 2,
                (_, digit) => (digit * 2).saturating_sub(9),
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn reads_every_form_of_the_field() {
        for (text, kind, value) in [
            ("899700000017", NationalIdKind::Rpps, "99700000017"),
            ("0759900001", NationalIdKind::Adeli, "759900001"),
            (
                "3760021832/000000018",
                NationalIdKind::Finess,
                "760021832/000000018",
            ),
            (
                "500000000029751/CPAT0001",
                NationalIdKind::Siret,
                "00000000029751/CPAT0001",
            ),
            ("9123456789", NationalIdKind::Student, "123456789"),
            (
                "10someone@essai.mssante.invalid",
                NationalIdKind::MssanteAddress,
                "someone@essai.mssante.invalid",
            ),
        ] {
            let id = NationalId::parse(text).unwrap();
            assert_eq!(
                (id.kind(), id.value(), id.to_string().as_str()),
                (kind, value, text)
            );
        }
        let staff = NationalId::parse("3760021832/000000018").unwrap();
        assert_eq!(
            (staff.structure(), staff.register()),
            (Some("760021832"), Some("000000018"))
        );
    }

    #[test]
    fn refuses_what_has_no_known_form() {
        for text in [
            "",
            "8",
            "7123",
            "89970000001",
            "8997000000170",
            "8 9970000001",
            "89970000001x",
            "0",
            "3760021832",
            "3/1",
            "376/",
            "é",
        ] {
            assert!(NationalId::parse(text).is_err(), "{text:?} was accepted");
        }
        assert!(matches!(
            NationalId::parse(&"9".repeat(200)),
            Err(NationalIdError::TooLong { length: 200 })
        ));
    }

    #[test]
    fn warns_about_a_wrong_rpps_check_digit_without_refusing() {
        let holds = |text: &str| NationalId::parse(text).unwrap().rpps_check_digit_holds();
        // The example that is found everywhere (7992739871 with check digit 3), and the same altered.
        assert_eq!(holds("879927398712"), Some(false));
        assert_eq!(holds("879927398713"), Some(true));
        assert_eq!(holds("0759900001"), None);
    }
}
