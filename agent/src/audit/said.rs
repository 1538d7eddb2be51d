//! The few members of a request or an answer that the journal asks after. A lot of ten thousand documents is read past, not kept: of
//! a list only its length is known, and the digests of its first documents.

use std::fmt;

use paraphe_protocol::api::MAXIMUM_AUDIT_DOCUMENTS;
use paraphe_protocol::digest::Sha256Digest;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// What was said. Whatever is not there, or is of another type, is null, and so is all of what is no object.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    pub(super) server: Value,
    pub(super) format: Value,
    pub(super) profile: Value,
    pub(super) purpose: Value,
    pub(super) reason: Value,
    pub(super) card: Value,
    pub(super) id: Value,
    pub(super) mandate: Value,
    pub(super) batch: Value,
    pub(super) tunnel: Value,
    documents: Several,
    items: Several,
    count: Value,
    maximum_count: Value,
    entries: Value,
}

/// A list, how many, or one of them.
#[derive(Debug, Default)]
enum Several {
    #[default]
    Unknown,
    Number(u64),
    /// One of a list, by its digest.
    Document(Sha256Digest),
    List {
        length: u64,
        digests: Vec<Sha256Digest>,
    },
}

impl Said {
    pub(super) fn read(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_default()
    }

    /// How many documents, items, signatures or entries it is about.
    pub(super) fn how_many(&self) -> Option<u64> {
        let several = [&self.documents, &self.items];
        let length = several.iter().find_map(|several| match several {
            Several::List { length, .. } => Some(*length),
            _ => None,
        });
        let number = || {
            let numbers = several.iter().find_map(|several| match several {
                Several::Number(number) => Some(*number),
                _ => None,
            });
            let counts = [&self.count, &self.maximum_count, &self.entries];
            numbers.or_else(|| counts.iter().find_map(|count| count.as_u64()))
        };
        length.or_else(number)
    }

    /// Digests of the first documents.
    pub(super) fn digests(self) -> Vec<Sha256Digest> {
        match self.documents {
            Several::List { digests, .. } => digests,
            _ => Vec::new(),
        }
    }
}

impl<'de> Deserialize<'de> for Several {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SeveralVisitor)
    }
}

/// Takes whatever is there, so that a surprise here hides nothing else.
struct SeveralVisitor;

impl<'de> Visitor<'de> for SeveralVisitor {
    type Value = Several;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list, or a number")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Several, E> {
        Ok(Several::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Several, E> {
        Ok(Several::Unknown)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Several, E> {
        Ok(Several::Unknown)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Several, E> {
        Ok(Several::Unknown)
    }

    fn visit_str<E>(self, _: &str) -> Result<Several, E> {
        Ok(Several::Unknown)
    }

    fn visit_unit<E>(self) -> Result<Several, E> {
        Ok(Several::Unknown)
    }

    /// A document: of its members the digest is all that counts.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Several, A::Error> {
        let mut found = Several::Unknown;
        while let Some(member) = map.next_key()? {
            match member {
                Member::Sha256 => {
                    let digest: Value = map.next_value()?;
                    if let Some(digest) = digest.as_str().and_then(|text| text.parse().ok()) {
                        found = Several::Document(digest);
                    }
                }
                Member::Other => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Several, A::Error> {
        let (mut length, mut digests) = (0_u64, Vec::new());
        loop {
            let is_one = if digests.len() < MAXIMUM_AUDIT_DOCUMENTS {
                list.next_element()?.map(|one| {
                    if let Several::Document(digest) = one {
                        digests.push(digest);
                    }
                })
            } else {
                list.next_element::<IgnoredAny>()?.map(drop)
            };
            if is_one.is_none() {
                return Ok(Several::List { length, digests });
            }
            length = length.saturating_add(1);
        }
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Member {
    Sha256,
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use paraphe_protocol::api::MAXIMUM_AUDIT_DOCUMENTS;
    use paraphe_protocol::digest::Sha256Digest;
    use serde_json::{Value, json};

    use super::Said;

    fn said(value: &Value) -> Said {
        Said::read(value.to_string().as_bytes())
    }

    #[test]
    fn how_many_is_a_length_before_a_number() {
        for (value, expected) in [
            (json!({ "documents": [1, {}, "x"] }), Some(3)),
            (json!({ "documents": 4, "items": [1] }), Some(1)),
            (json!({ "items": 7, "count": 9 }), Some(7)),
            (json!({ "documents": "many", "count": 9 }), Some(9)),
            (json!({ "documents": -1, "maximum_count": 5 }), Some(5)),
            (json!({ "documents": null, "entries": 2 }), Some(2)),
            (json!({ "documents": {"a": [1]}, "count": 3 }), Some(3)),
            (
                json!({ "documents": 1.5, "items": true, "count": 6 }),
                Some(6),
            ),
            (json!({ "count": "2" }), None),
            (json!([1, 2]), None),
        ] {
            assert_eq!(said(&value).how_many(), expected, "{value}");
        }
        assert_eq!(Said::read(b"{\"documents\":[1,").how_many(), None);
    }

    #[test]
    fn the_first_digests_are_kept_and_the_rest_is_counted() {
        let digests: Vec<Sha256Digest> = (0..40_u8).map(|one| Sha256Digest::of(&[one])).collect();
        let mut documents: Vec<Value> = digests
            .iter()
            .map(|digest| json!({ "sha256": digest, "title": "Dupont" }))
            .collect();
        documents.insert(0, json!({ "sha256": 7 }));
        let said = said(&json!({ "documents": documents }));
        assert_eq!(said.how_many(), Some(41));
        assert_eq!(
            said.digests(),
            digests.get(..MAXIMUM_AUDIT_DOCUMENTS).unwrap_or_default()
        );
    }
}
