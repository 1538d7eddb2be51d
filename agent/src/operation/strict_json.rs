//! The one JSON reader of every door (RFC 8259, I-JSON RFC 7493 section 2.3): refuses duplicate keys, nesting deeper than
//! 16, bodies beyond what the largest piece of a document needs, text after the value, and keys that the operation does
//! not know. What is wrong is told by position or key, never by quoting a value: a value may be an INS or a name.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use paraphe_protocol::api::{ErrorCode, MAXIMUM_CHUNK_BYTES};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};

use crate::problem::Failure;

/// Deepest nesting of arrays and objects.
const MAXIMUM_DEPTH: u8 = 16;
/// Largest body, bytes: a full piece in base64, and room for a lot of documents.
pub const MAXIMUM_BODY_BYTES: usize = MAXIMUM_CHUNK_BYTES / 3 * 4 + (1 << 20);

/// Reads a request. An empty body is an empty object.
///
/// # Errors
/// `request-invalid`, with where and why.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    if body.len() > MAXIMUM_BODY_BYTES {
        return Err(refused("the body is too long"));
    }
    let body = if body.trim_ascii().is_empty() {
        b"{}"
    } else {
        body
    };
    // Two passes: the first refuses what no request may be, and keeps nothing; the second reads the operation's own type.
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    (&Bounded(MAXIMUM_DEPTH))
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end())
        .map_err(|error| refused(&syntax_fault(&error)))?;
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(refused("the body is not an object"));
    }
    serde_json::from_slice(body).map_err(|error| refused(&content_fault(&error)))
}

fn refused(fault: &str) -> Failure {
    Failure::new(ErrorCode::RequestInvalid).with_technical_detail(fault)
}

/// Our own refusals and the parser's position; never its words, which may quote the text.
fn syntax_fault(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = [DUPLICATE, TOO_DEEP]
        .into_iter()
        .find(|known| text.starts_with(known))
        .unwrap_or("not JSON");
    format!("{what} at line {} column {}", error.line(), error.column())
}

/// Names of keys are ours or the developer's; values are the patient's.
fn content_fault(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let of_a_key = ["unknown field", "missing field", "unknown variant"];
    if of_a_key.iter().any(|known| text.starts_with(known)) {
        text.chars().take(400).collect()
    } else {
        "a value is of another kind than the API says".to_owned()
    }
}

const DUPLICATE: &str = "a key stands twice";
const TOO_DEEP: &str = "nested too deeply";

/// Goes through a value that is nested at most so deep and has no key twice in one object.
struct Bounded(u8);

impl Bounded {
    fn inner<E: Error>(&self) -> Result<Self, E> {
        let inner = self.0.checked_sub(1);
        inner.map(Self).ok_or_else(|| E::custom(TOO_DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for &Bounded {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &Bounded {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(&inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut keys = Keys::default();
        while let Some(key) = entries.next_key_seed(Key)? {
            entries.next_value_seed(&inner)?;
            if !keys.insert(key) {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(())
    }
}

/// A key, borrowed from the text where it has no escape.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}

/// The keys of one object: few in every request, compared one by one; a hostile many go into a set.
#[derive(Default)]
struct Keys<'de> {
    few: Vec<Cow<'de, str>>,
    many: HashSet<Cow<'de, str>>,
}

impl<'de> Keys<'de> {
    const FEW: usize = 16;

    /// Whether it was not there before.
    fn insert(&mut self, key: Cow<'de, str>) -> bool {
        if self.few.contains(&key) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(key);
            return true;
        }
        self.many.insert(key)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use paraphe_protocol::api::{EventsRequest, Language, LoginRequest, StatusRequest};
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    use super::{MAXIMUM_BODY_BYTES, parse};

    fn fault<T: DeserializeOwned + std::fmt::Debug>(body: &str) -> String {
        let problem = parse::<T>(body.as_bytes())
            .unwrap_err()
            .into_problem(Language::English);
        assert_eq!(problem.code.name(), "request-invalid");
        problem.detail.unwrap()
    }

    #[test]
    fn a_request_is_read() {
        parse::<StatusRequest>(b"").unwrap();
        parse::<StatusRequest>(b" {} \n").unwrap();
        let request: EventsRequest = parse(br#"{"cursor": 7, "wait_ms": 1}"#).unwrap();
        assert_eq!(request.cursor, Some(7));
    }

    #[test]
    fn duplicate_keys_are_refused_at_any_depth() {
        let twice = r#"{"cursor":1,"cursor":1}"#;
        assert!(fault::<EventsRequest>(twice).starts_with("a key stands twice"));
        let inside = r#"{"a":[{"b":1,"b":2}]}"#;
        assert!(fault::<Value>(inside).starts_with("a key stands twice"));
        // The same key, spelled otherwise.
        let escaped = r#"{"cursor":1,"curs\u006fr":1}"#;
        assert!(fault::<EventsRequest>(escaped).starts_with("a key stands twice"));
        let many: Vec<_> = (0..100).map(|key| format!("\"k{key}\":1")).collect();
        parse::<Value>(format!("{{{}}}", many.join(",")).as_bytes()).unwrap();
        for twice in [0, 15, 16, 99] {
            let body = format!("{{{},\"k{twice}\":1}}", many.join(","));
            assert!(fault::<Value>(&body).starts_with("a key stands twice"));
        }
    }

    #[test]
    fn depth_is_at_most_sixteen() {
        let nested = |depth: usize| {
            format!(
                "{{\"a\":{}{}}}",
                "[".repeat(depth - 1),
                "]".repeat(depth - 1)
            )
        };
        parse::<Value>(nested(16).as_bytes()).unwrap();
        assert!(fault::<Value>(&nested(17)).starts_with("nested too deeply"));
        assert!(fault::<Value>(&nested(100_000)).starts_with("nested too deeply"));
    }

    #[test]
    fn what_is_not_json_or_not_the_request_is_refused() {
        for (body, expected) in [
            ("[]", "the body is not an object"),
            ("{", "not JSON at line 1"),
            ("{} {}", "not JSON at line 1"),
            ("{\"cursor\":NaN}", "not JSON"),
            ("{\"cursor\":01}", "not JSON"),
            ("\u{feff}{}", "not JSON"),
            ("{\"curseur\":1}", "unknown field `curseur`"),
        ] {
            let fault = fault::<EventsRequest>(body);
            assert!(fault.starts_with(expected), "{body}: {fault}");
        }
        let long = " ".repeat(MAXIMUM_BODY_BYTES + 1);
        assert_eq!(fault::<EventsRequest>(&long), "the body is too long");
        assert_eq!(
            fault::<LoginRequest>("{}"),
            "missing field `nonce` at line 1 column 2"
        );
    }

    #[test]
    fn a_value_is_never_quoted() {
        let told = fault::<EventsRequest>(r#"{"cursor":"185017512345642"}"#);
        assert!(!told.contains("185017512345642"), "{told}");
        let told = fault::<EventsRequest>(r#"{"cursor":"185017512345642}"#);
        assert!(!told.contains("185017512345642"), "{told}");
    }
}
