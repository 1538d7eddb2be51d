//! A writer whose output is already in exclusive canonical form (W3C xml-exc-c14n 1.0).
//!
//! Namespace declarations where a prefix is first used, then attributes in order, no empty-element
//! tags, the canonical escapes and no other. Whatever is written as one element can therefore be
//! hashed as it stands. Attributes have no namespace, but for those that [`CanonicalWriter::start_qualified`] is given.
//! Characters that XML 1.0 forbids cannot be written in any form; they come out as U+FFFD, and callers refuse them before.

/// A namespace and the prefix that we write it with; an empty prefix is the default namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// Prefix, without colon.
    pub prefix: &'static str,
    /// Name.
    pub uri: &'static str,
}

/// Writes elements in canonical form into a string.
#[derive(Debug, Default)]
pub struct CanonicalWriter {
    output: String,
    open: Vec<OpenElement>,
    rendered: Vec<Namespace>,
}

#[derive(Debug)]
struct OpenElement {
    namespace: Namespace,
    local_name: &'static str,
    rendered_before: usize,
}

impl CanonicalWriter {
    /// Starts an empty output.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens an element; attributes are put in order by name.
    pub fn start(
        &mut self,
        namespace: Namespace,
        local_name: &'static str,
        attributes: &[(&'static str, &str)],
    ) {
        self.start_qualified(namespace, local_name, attributes, None);
    }

    /// The same with one attribute more, which has a namespace and a prefix: `xsi:type` and its like. It comes last.
    pub fn start_qualified(
        &mut self,
        namespace: Namespace,
        local_name: &'static str,
        attributes: &[(&'static str, &str)],
        qualified: Option<(Namespace, &'static str, &str)>,
    ) {
        let rendered_before = self.rendered.len();
        self.output.push('<');
        self.push_name(namespace, local_name);
        // Of one element and one attribute; an empty prefix sorts first.
        let mut used = [
            Some(namespace),
            qualified.map(|(of_attribute, _, _)| of_attribute),
        ];
        used.sort_unstable_by_key(|namespace| namespace.map(|namespace| namespace.prefix));
        for namespace in used.into_iter().flatten() {
            self.declare(namespace);
        }
        if attributes.is_sorted_by_key(|(name, _)| *name) {
            self.push_attributes(attributes);
        } else {
            let mut attributes = attributes.to_vec();
            attributes.sort_unstable_by_key(|(name, _)| *name);
            self.push_attributes(&attributes);
        }
        if let Some((of_attribute, name, value)) = qualified {
            self.output.push(' ');
            self.push_name(of_attribute, name);
            self.output.push_str("=\"");
            push_attribute_value(&mut self.output, value);
            self.output.push('"');
        }
        self.output.push('>');
        self.open.push(OpenElement {
            namespace,
            local_name,
            rendered_before,
        });
    }

    /// Writes character data.
    pub fn text(&mut self, text: &str) {
        push_text(&mut self.output, text);
    }

    /// Closes the innermost open element; does nothing when none is open.
    pub fn end(&mut self) {
        if let Some(element) = self.open.pop() {
            self.rendered.truncate(element.rendered_before);
            self.output.push_str("</");
            self.push_name(element.namespace, element.local_name);
            self.output.push('>');
        }
    }

    /// Opens an element, writes its text, closes it.
    pub fn element(
        &mut self,
        namespace: Namespace,
        local_name: &'static str,
        attributes: &[(&'static str, &str)],
        text: &str,
    ) {
        self.start(namespace, local_name, attributes);
        self.text(text);
        self.end();
    }

    /// Inserts an element that another writer made, byte for byte. Its own namespace declarations
    /// may repeat those of its new surroundings; XML allows that, and its bytes stay the ones that
    /// were hashed.
    pub fn embed(&mut self, canonical: &str) {
        self.output.push_str(canonical);
    }

    /// Closes what is open and returns the output.
    #[must_use]
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.end();
        }
        self.output
    }

    /// What was written so far, emptied: for outputs that leave while they are written.
    pub fn drain(&mut self) -> String {
        std::mem::take(&mut self.output)
    }

    /// Declares a namespace where its prefix does not mean it already.
    fn declare(&mut self, namespace: Namespace) {
        if self.is_rendered(namespace) {
            return;
        }
        self.output.push_str(" xmlns");
        if !namespace.prefix.is_empty() {
            self.output.push(':');
            self.output.push_str(namespace.prefix);
        }
        self.output.push_str("=\"");
        push_attribute_value(&mut self.output, namespace.uri);
        self.output.push('"');
        self.rendered.push(namespace);
    }

    fn push_attributes(&mut self, in_order: &[(&'static str, &str)]) {
        for (name, value) in in_order {
            self.output.push(' ');
            self.output.push_str(name);
            self.output.push_str("=\"");
            push_attribute_value(&mut self.output, value);
            self.output.push('"');
        }
    }

    fn push_name(&mut self, namespace: Namespace, local_name: &str) {
        if !namespace.prefix.is_empty() {
            self.output.push_str(namespace.prefix);
            self.output.push(':');
        }
        self.output.push_str(local_name);
    }

    /// Whether the innermost declaration of this prefix is this namespace.
    fn is_rendered(&self, namespace: Namespace) -> bool {
        self.rendered
            .iter()
            .rev()
            .find(|rendered| rendered.prefix == namespace.prefix)
            .is_some_and(|rendered| rendered.uri == namespace.uri)
    }
}

/// Characters of XML 1.0 production 2.
pub(super) fn is_xml_character(character: char) -> bool {
    matches!(
        character,
        '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..
    )
}

/// Whether every character stands for itself wherever it is: identifiers, digests and most addresses.
fn is_plain(text: &str) -> bool {
    text.bytes().fold(true, |plain, byte| {
        plain & matches!(byte, b' '..=b'~') & !matches!(byte, b'&' | b'<' | b'>' | b'"')
    })
}

fn push_text(output: &mut String, text: &str) {
    if is_plain(text) {
        return output.push_str(text);
    }
    for character in text.chars() {
        match character {
            '&' => output.push_str("&amp;"),
            '<' => output.push_str("&lt;"),
            '>' => output.push_str("&gt;"),
            '\r' => output.push_str("&#xD;"),
            _ if is_xml_character(character) => output.push(character),
            _ => output.push('\u{fffd}'),
        }
    }
}

fn push_attribute_value(output: &mut String, value: &str) {
    if is_plain(value) {
        return output.push_str(value);
    }
    for character in value.chars() {
        match character {
            '&' => output.push_str("&amp;"),
            '<' => output.push_str("&lt;"),
            '"' => output.push_str("&quot;"),
            '\t' => output.push_str("&#x9;"),
            '\n' => output.push_str("&#xA;"),
            '\r' => output.push_str("&#xD;"),
            _ if is_xml_character(character) => output.push(character),
            _ => output.push('\u{fffd}'),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::xml::{exclusive_canonical, gate};

    const A: Namespace = Namespace {
        prefix: "a",
        uri: "urn:a",
    };
    const B: Namespace = Namespace {
        prefix: "b",
        uri: "urn:b",
    };
    const C: Namespace = Namespace {
        prefix: "c",
        uri: "urn:c",
    };
    const DEFAULT: Namespace = Namespace {
        prefix: "",
        uri: "urn:d",
    };

    fn sample() -> String {
        let mut writer = CanonicalWriter::new();
        writer.start(A, "root", &[("Type", "t\t\n\r\"<&>'"), ("Id", "é")]);
        writer.element(B, "one", &[], "x < y & z > é \r\n\t\"'");
        writer.element(B, "two", &[("URI", "")], "");
        writer.start(DEFAULT, "three", &[]);
        writer.element(A, "four", &[], "");
        writer.element(DEFAULT, "five", &[], "");
        writer.start_qualified(DEFAULT, "six", &[("z", "1")], Some((C, "type", "c:t")));
        writer.start_qualified(B, "seven", &[], Some((A, "type", "&")));
        writer.finish()
    }

    #[test]
    fn layout_is_the_canonical_one() {
        assert_eq!(
            sample(),
            "<a:root xmlns:a=\"urn:a\" Id=\"é\" Type=\"t&#x9;&#xA;&#xD;&quot;&lt;&amp;>'\">\
             <b:one xmlns:b=\"urn:b\">x &lt; y &amp; z &gt; é &#xD;\n\t\"'</b:one>\
             <b:two xmlns:b=\"urn:b\" URI=\"\"></b:two>\
             <three xmlns=\"urn:d\"><a:four></a:four><five></five>\
             <six xmlns:c=\"urn:c\" z=\"1\" c:type=\"c:t\">\
             <b:seven xmlns:b=\"urn:b\" a:type=\"&amp;\"></b:seven></six></three></a:root>"
        );
    }

    #[test]
    fn another_engine_finds_the_same_canonical_form() {
        let text = sample();
        let document = gate::parse(text.as_bytes(), &gate::Limits::default()).unwrap();
        let root = document.document_element().unwrap();
        assert_eq!(
            exclusive_canonical(&document, root).unwrap(),
            text.as_bytes()
        );
    }

    #[test]
    fn an_embedded_element_keeps_its_bytes() {
        let inner = sample();
        let mut writer = CanonicalWriter::new();
        writer.start(A, "outer", &[]);
        writer.embed(&inner);
        let text = writer.finish();
        let document = gate::parse(text.as_bytes(), &gate::Limits::default()).unwrap();
        let outer = document.document_element().unwrap();
        let apex = document.first_child(outer).unwrap();
        assert_eq!(
            exclusive_canonical(&document, apex).unwrap(),
            inner.as_bytes()
        );
    }

    #[test]
    fn forbidden_characters_never_come_out() {
        let mut writer = CanonicalWriter::new();
        writer.element(A, "x", &[("b", "\u{1}")], "\0\u{ffff}");
        let text = writer.finish();
        assert!(text.chars().all(is_xml_character), "{text}");
    }
}
