//! What is added to the schemas that are derived from the types: the ranges of wide integers, which JSON Schema does not know by
//! their `format`, and descriptions without the links of rustdoc.

use schemars::Schema;
use schemars::transform::transform_subschemas;
use serde_json::{Number, Value};

/// Makes a schema and everything below it as exact as the type.
pub(super) fn exact(schema: &mut Schema) {
    let range = match schema.get("format").and_then(Value::as_str) {
        Some("uint32") => Some((0.into(), u32::MAX.into())),
        Some("uint64" | "uint") => Some((0.into(), u64::MAX.into())),
        Some("int64") => Some((Number::from(i64::MIN), i64::MAX.into())),
        _ => None,
    };
    if let Some((minimum, maximum)) = range {
        for (keyword, bound) in [("minimum", minimum), ("maximum", maximum)] {
            if schema.get(keyword).is_none() {
                schema.insert(keyword.to_owned(), Value::Number(bound));
            }
        }
    }
    if let Some(Value::String(description)) = schema.get_mut("description") {
        // A paragraph is one line: where the source breaks it means nothing.
        let paragraphs = description
            .split("\n\n")
            .map(|text| text.replace('\n', " "));
        *description = without_links(&paragraphs.collect::<Vec<_>>().join("\n\n"));
    }
    transform_subschemas(&mut exact, schema);
}

/// ``[`Name`]`` and ``[`Name`](place)`` become `` `Name` ``.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once("[`") {
        plain.push_str(before);
        let Some((name, after)) = link.split_once("`]") else {
            plain.push_str("[`");
            rest = link;
            continue;
        };
        plain.push('`');
        plain.push_str(name);
        plain.push('`');
        rest = after
            .strip_prefix('(')
            .and_then(|place| place.split_once(')'))
            .map_or(after, |(_, after)| after);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::without_links;

    #[test]
    fn links_become_names() {
        for (written, read) in [
            ("at most [`MAXIMUM`].", "at most `MAXIMUM`."),
            ("([`A::b`](crate::A)), [`C`]", "(`A::b`), `C`"),
            ("[`open", "[`open"),
            ("none", "none"),
        ] {
            assert_eq!(without_links(written), read);
        }
    }
}
