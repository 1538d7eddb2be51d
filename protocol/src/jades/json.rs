//! JSON as signatures may be written in it (RFC 8259, I-JSON RFC 7493): bounded in depth, values and names, no name twice in one
//! object, nothing behind the value. What is not escaped is borrowed: a document of 64 MiB stands in memory once.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::names::malformed;
use crate::signature::ReadError;

/// Deepest nesting of arrays and objects.
const MAXIMUM_DEPTH: usize = 12;
/// Most values: `sigD` has three for each document.
const MAXIMUM_VALUES: usize = 64_000;
/// Most names in one object.
const MAXIMUM_NAMES: usize = 64;

/// A value.
#[derive(Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// With a fraction, or beyond 64 bits.
    OtherNumber,
    Text(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Json<'a> {
    /// Reads one value that is all there is.
    pub(super) fn parse(bytes: &'a [u8], what: &str) -> Result<Self, ReadError> {
        let left = Cell::new(MAXIMUM_VALUES);
        let mut deserializer = serde_json::Deserializer::from_slice(bytes);
        let seed = Value {
            depth: 0,
            left: &left,
        };
        seed.deserialize(&mut deserializer)
            .and_then(|value| deserializer.end().map(|()| value))
            // The parser's own words may quote the text.
            .map_err(|error| {
                let known = [TWICE, TOO_MANY, TOO_DEEP].into_iter();
                let mut known = known.filter(|known| error.to_string().starts_with(known));
                let why = known.next().unwrap_or("it is not JSON");
                malformed(format_args!("{what}: {why}"))
            })
    }

    pub(super) fn object(&self, what: &str) -> Result<&[(Cow<'a, str>, Self)], ReadError> {
        match self {
            Self::Object(members) => Ok(members),
            _ => Err(malformed(format_args!("{what} is not an object"))),
        }
    }

    pub(super) fn array(&self, what: &str) -> Result<&[Self], ReadError> {
        match self {
            Self::Array(values) => Ok(values),
            _ => Err(malformed(format_args!("{what} is not an array"))),
        }
    }

    pub(super) fn text(&self, what: &str) -> Result<&str, ReadError> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(malformed(format_args!("{what} is not a string"))),
        }
    }

    /// A member of an object, which must be there.
    pub(super) fn member(&self, name: &str, what: &str) -> Result<&Self, ReadError> {
        self.optional_member(name, what)?
            .ok_or_else(|| malformed(format_args!("{what} has no {name}")))
    }

    /// A member of an object.
    pub(super) fn optional_member(
        &self,
        name: &str,
        what: &str,
    ) -> Result<Option<&Self>, ReadError> {
        let members = self.object(what)?.iter();
        let mut found = members.filter(|(found, _)| found == name);
        Ok(found.next().map(|(_, value)| value))
    }
}

const TWICE: &str = "a name stands twice";
const TOO_MANY: &str = "there are too many values";
const TOO_DEEP: &str = "it is nested too deeply";

#[derive(Clone, Copy)]
struct Value<'c> {
    depth: usize,
    left: &'c Cell<usize>,
}

impl Value<'_> {
    fn inner<E: Error>(self) -> Result<Self, E> {
        if self.depth >= MAXIMUM_DEPTH {
            return Err(E::custom(TOO_DEEP));
        }
        Ok(Self {
            depth: self.depth.saturating_add(1),
            left: self.left,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        let left = self.left.get().checked_sub(1);
        self.left
            .set(left.ok_or_else(|| D::Error::custom(TOO_MANY))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Boolean(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or(Json::OtherNumber, Json::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json<'de>, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json<'de>, A::Error> {
        let inner = self.inner()?;
        let mut members: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        while let Some(name) = access.next_key_seed(inner)? {
            let Json::Text(name) = name else {
                return Err(A::Error::custom("a name is not a string"));
            };
            if members.len() >= MAXIMUM_NAMES {
                return Err(A::Error::custom(TOO_MANY));
            }
            if members.iter().any(|(known, _)| *known == name) {
                return Err(A::Error::custom(TWICE));
            }
            members.push((name, access.next_value_seed(inner)?));
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn why(text: &str) -> String {
        let error = Json::parse(text.as_bytes(), "it").err();
        error.map(|error| error.explanation).unwrap_or_default()
    }

    #[test]
    fn values_are_read_and_unescaped_text_is_borrowed() {
        let value = Json::parse(
            br#"{"a":[1,-2,1.5,true,null,"x"],"b":{"c":"\u0064"}}"#,
            "it",
        )
        .unwrap();
        let array = value.member("a", "it").unwrap().array("a").unwrap();
        assert!(matches!(
            array,
            [
                Json::Integer(1),
                Json::Integer(-2),
                Json::OtherNumber,
                Json::Boolean(true),
                Json::Null,
                Json::Text(Cow::Borrowed("x"))
            ]
        ));
        let inner = value.member("b", "it").unwrap().member("c", "b").unwrap();
        assert_eq!(inner.text("c").unwrap(), "d");
    }

    #[test]
    fn what_parsers_disagree_about_is_refused() {
        for (text, expected) in [
            (r#"{"a":1,"a":1}"#, TWICE),
            (r#"[{"x":{"a":1,"\u0061":1}}]"#, TWICE),
            ("{} {}", "it is not JSON"),
            ("{\"a\":01}", "it is not JSON"),
            ("\u{feff}{}", "it is not JSON"),
            ("", "it is not JSON"),
            ("{\"a\":\"\\ud800\"}", "it is not JSON"),
        ] {
            assert!(why(text).ends_with(expected), "{text}: {}", why(text));
        }
        let deep = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(why(&deep(MAXIMUM_DEPTH)), "");
        assert!(why(&deep(MAXIMUM_DEPTH + 1)).ends_with(TOO_DEEP));
        assert!(why(&deep(100_000)).ends_with(TOO_DEEP));
        let many = format!("[{}1]", "1,".repeat(MAXIMUM_VALUES));
        assert!(why(&many).ends_with(TOO_MANY));
        let names: Vec<_> = (0..=MAXIMUM_NAMES)
            .map(|name| format!("\"{name}\":1"))
            .collect();
        assert!(why(&format!("{{{}}}", names.join(","))).ends_with(TOO_MANY));
    }
}
