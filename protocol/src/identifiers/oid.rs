//! Object identifiers in dotted form (ITU-T X.660), as documents and submission sets carry them.
//!
//! Held to the DMP's own rule: at most 64 characters, no leading zero in an arc. A document's
//! unique id is made with [`Oid::from_uuid`] (arc 2.25, ITU-T X.667), which needs no registration.
//! Refused: a first arc above 2, a second above 39 under 0 and 1, a single arc, root and extension.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A dotted object identifier of 64 characters at most.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^([01](\.(0|[1-9]|[12][0-9]|3[0-9]))|2(\.(0|[1-9][0-9]*)))(\.(0|[1-9][0-9]*))*$", "maxLength" = 64))]
pub struct Oid(String);

/// Why a text is not an object identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OidError {
    /// More than 64 characters.
    #[error("an object identifier has at most 64 characters here")]
    TooLong,
    /// An arc is empty, has a leading zero or a character that is not a digit; or arcs are missing.
    #[error("an object identifier is two or more numbers separated by dots, without leading zeros")]
    Arc,
    /// First arc above 2, or second above 39 under 0 or 1.
    #[error("the first arcs of this object identifier do not exist")]
    Root,
    /// The text does not begin with `urn:oid:`.
    #[error("not a urn:oid: name")]
    Urn,
}

impl Oid {
    /// Most characters that a record accepts.
    pub const MAX_LENGTH: usize = 64;

    /// The identifier `2.25.<integer>` of a UUID given as its 128-bit value.
    #[must_use]
    pub fn from_uuid(uuid: u128) -> Self {
        Self(format!("2.25.{uuid}"))
    }

    /// Reads `urn:oid:<dotted>` (RFC 3061).
    ///
    /// # Errors
    /// [`OidError`].
    pub fn from_urn(urn: &str) -> Result<Self, OidError> {
        urn.strip_prefix("urn:oid:").ok_or(OidError::Urn)?.parse()
    }

    /// `urn:oid:<dotted>` (RFC 3061).
    #[must_use]
    pub fn to_urn(&self) -> String {
        format!("urn:oid:{}", self.0)
    }

    /// The dotted form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Oid {
    type Err = OidError;

    fn from_str(text: &str) -> Result<Self, OidError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(OidError::TooLong);
        }
        let mut arcs = 0usize;
        let mut first = "";
        for arc in text.split('.') {
            let leading_zero = arc.len() > 1 && arc.starts_with('0');
            if arc.is_empty() || leading_zero || !arc.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(OidError::Arc);
            }
            match arcs {
                0 if !matches!(arc, "0" | "1" | "2") => return Err(OidError::Root),
                0 => first = arc,
                1 if first != "2" && !matches!(arc.parse::<u8>(), Ok(0..=39)) => {
                    return Err(OidError::Root);
                }
                _ => {}
            }
            arcs += 1;
        }
        if arcs < 2 {
            return Err(OidError::Arc);
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Oid {
    type Error = OidError;

    fn try_from(text: String) -> Result<Self, OidError> {
        text.parse()
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> Self {
        oid.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn uuid_arc_fits_even_at_its_largest() {
        let oid = Oid::from_uuid(u128::MAX);
        assert_eq!(oid.as_str().len(), 44);
        assert_eq!(oid.as_str().parse::<Oid>().unwrap(), oid);
        assert_eq!(Oid::from_urn(&oid.to_urn()).unwrap(), oid);
        // ITU-T X.667 clause 6.5: the example UUID f81d4fae-7dec-11d0-a765-00a0c91e6bf6.
        assert_eq!(
            Oid::from_uuid(0xf81d_4fae_7dec_11d0_a765_00a0_c91e_6bf6).as_str(),
            "2.25.329800735698586629295641978511506172918"
        );
    }

    #[test]
    fn shapes_that_are_refused() {
        for text in [
            "", "1", "1.", ".1", "1..2", "1.02", "01.2", "1.2.a", "1.2^3", "1.2 ",
        ] {
            assert_eq!(text.parse::<Oid>(), Err(OidError::Arc), "{text}");
        }
        for text in ["3.1", "1.40", "0.400", "9.9.9"] {
            assert_eq!(text.parse::<Oid>(), Err(OidError::Root), "{text}");
        }
        let long = format!("1.2.{}", "1".repeat(61));
        assert_eq!(long.parse::<Oid>(), Err(OidError::TooLong));
        assert_eq!(Oid::from_urn("urn:uuid:1.2"), Err(OidError::Urn));
        assert_eq!(Oid::from_urn("urn:oid:1"), Err(OidError::Arc));
    }

    #[test]
    fn the_longest_is_accepted() {
        let text = format!("2.999.{}", "1".repeat(58));
        assert_eq!(text.len(), 64);
        assert!(text.parse::<Oid>().is_ok());
    }
}
