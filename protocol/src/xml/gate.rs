//! What foreign XML must be before it is parsed for verification.
//!
//! UTF-8 without byte order mark, an XML declaration at most, then one element. Refused: DOCTYPE
//! and every other `<!`, CDATA, comments, processing instructions, entity references other than the
//! five of XML and character references, raw TAB and LF in attribute values and raw CR anywhere
//! (where parsers and canonicalisers differ), the same `Id` twice, too many bytes, elements,
//! attributes, or levels. A linear scan without allocation beyond the list of Ids; the parser after
//! it judges well-formedness. [`parse_document`] lets comments, CDATA and processing instructions
//! through, for documents of other people that carry a signature; DOCTYPE never.

use std::collections::HashSet;

use uppsala::Document;

/// Bounds of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes.
    pub bytes: usize,
    /// Most elements.
    pub elements: usize,
    /// Most attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Most elements inside one another.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 1024 * 1024,
            elements: 10_000,
            attributes: 16,
            depth: 32,
        }
    }
}

/// Why XML is refused before or while it is parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// Too many bytes.
    #[error("the XML has {length} bytes, at most {limit} are read")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not UTF-8, or not declared as such, or with a byte order mark.
    #[error("the XML is not plain UTF-8")]
    Encoding,
    /// A DOCTYPE, comment, CDATA section or processing instruction.
    #[error("the XML holds a DOCTYPE, comment, CDATA or processing instruction at byte {at}")]
    Markup {
        /// Offset in bytes.
        at: usize,
    },
    /// A reference to anything but the five entities of XML or a character.
    #[error("the XML holds an entity reference at byte {at}")]
    Entity {
        /// Offset in bytes.
        at: usize,
    },
    /// A raw TAB or LF in an attribute value, or a raw CR anywhere.
    #[error("the XML holds raw whitespace at byte {at} that signatures cannot carry")]
    Whitespace {
        /// Offset in bytes.
        at: usize,
    },
    /// The same value in two Id attributes.
    #[error("two elements of the XML have the same Id")]
    DuplicateId,
    /// Too many elements, attributes or levels.
    #[error("the XML has too many elements, attributes or levels")]
    TooLarge,
    /// Not well-formed.
    #[error("the XML is not well-formed: {detail}")]
    NotWellFormed {
        /// What the parser says.
        detail: String,
    },
}

/// Checks and parses.
///
/// # Errors
/// [`GateError`].
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, GateError> {
    parse_with(bytes, limits, false)
}

/// Checks and parses a document that may hold comments, CDATA and processing instructions; each
/// counts as an element.
///
/// # Errors
/// [`GateError`].
pub fn parse_document<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Document<'a>, GateError> {
    parse_with(bytes, limits, true)
}

fn parse_with<'a>(
    bytes: &'a [u8],
    limits: &Limits,
    allows_markup: bool,
) -> Result<Document<'a>, GateError> {
    if bytes.len() > limits.bytes {
        return Err(GateError::TooLong {
            length: bytes.len(),
            limit: limits.bytes,
        });
    }
    let text = std::str::from_utf8(bytes).map_err(|_| GateError::Encoding)?;
    if text.starts_with('\u{feff}') {
        return Err(GateError::Encoding);
    }
    Scan {
        bytes,
        at: declaration_length(text)?,
        limits,
        allows_markup,
        elements: 0,
        depth: 0,
        ids: HashSet::new(),
    }
    .run()?;
    let depth = u32::try_from(limits.depth)
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    uppsala::Parser::new()
        .with_max_depth(depth)
        .with_forbid_dtd(true)
        .with_forbid_entities(true)
        .parse(text)
        .map_err(|error| GateError::NotWellFormed {
            detail: error.to_string(),
        })
}

/// Length of the XML declaration, if there is one; its encoding must be UTF-8 or left out.
fn declaration_length(text: &str) -> Result<usize, GateError> {
    if !text.starts_with("<?xml ") {
        return Ok(0);
    }
    let end = text.find("?>").ok_or(GateError::Markup { at: 0 })?;
    let declaration = text.get(..end).unwrap_or_default().replace('\'', "\"");
    let accepted = [
        "<?xml version=\"1.0\"",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"",
        "<?xml version=\"1.0\" encoding=\"utf-8\"",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"",
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"",
    ];
    if accepted.contains(&declaration.trim_end()) {
        Ok(end + 2)
    } else {
        Err(GateError::Encoding)
    }
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    limits: &'a Limits,
    allows_markup: bool,
    elements: usize,
    depth: usize,
    ids: HashSet<&'a [u8]>,
}

impl<'a> Scan<'a> {
    fn run(mut self) -> Result<(), GateError> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'<' => match self.bytes.get(self.at + 1) {
                    Some(b'!' | b'?') => self.markup()?,
                    Some(b'/') => {
                        self.depth = self.depth.saturating_sub(1);
                        self.skip_past(b'>');
                    }
                    _ => self.start_tag()?,
                },
                b'&' => self.reference()?,
                b'\r' => return Err(GateError::Whitespace { at: self.at }),
                _ => self.at += 1,
            }
        }
        Ok(())
    }

    /// Stands on `<!` or `<?`; leaves past the comment, CDATA section or processing instruction.
    fn markup(&mut self) -> Result<(), GateError> {
        let refused = GateError::Markup { at: self.at };
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (start, end): (&[u8], &[u8]) = match rest {
            _ if !self.allows_markup => return Err(refused),
            [b'<', b'?', ..] => (b"<?", b"?>"),
            _ if rest.starts_with(b"<!--") => (b"<!--", b"-->"),
            _ if rest.starts_with(b"<![CDATA[") => (b"<![CDATA[", b"]]>"),
            _ => return Err(refused),
        };
        let inner = rest.get(start.len()..).unwrap_or_default();
        let length = memchr::memmem::find(inner, end).ok_or(refused)?;
        if let Some(at) = memchr::memchr(b'\r', inner.get(..length).unwrap_or_default()) {
            return Err(GateError::Whitespace {
                at: self.at + start.len() + at,
            });
        }
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(GateError::TooLarge);
        }
        self.at += start.len() + length + end.len();
        Ok(())
    }

    fn start_tag(&mut self) -> Result<(), GateError> {
        self.elements += 1;
        self.depth += 1;
        if self.elements > self.limits.elements || self.depth > self.limits.depth {
            return Err(GateError::TooLarge);
        }
        let mut attributes = 0usize;
        let mut name_start = self.at + 1;
        let mut before = 0u8;
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'>' => {
                    if before == b'/' {
                        self.depth = self.depth.saturating_sub(1);
                    }
                    self.at += 1;
                    return Ok(());
                }
                b'\r' => return Err(GateError::Whitespace { at: self.at }),
                b'"' | b'\'' => {
                    attributes += 1;
                    if attributes > self.limits.attributes {
                        return Err(GateError::TooLarge);
                    }
                    let name = self.bytes.get(name_start..self.at).unwrap_or_default();
                    let value = self.attribute_value(byte)?;
                    self.note_id(name, value)?;
                    name_start = self.at;
                }
                _ => self.at += 1,
            }
            before = byte;
        }
        Ok(())
    }

    /// Stands on the opening quote; leaves past the closing one.
    fn attribute_value(&mut self, quote: u8) -> Result<&'a [u8], GateError> {
        self.at += 1;
        let start = self.at;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                _ if byte == quote => {
                    let value = self.bytes.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(value);
                }
                b'\t' | b'\n' | b'\r' => return Err(GateError::Whitespace { at: self.at }),
                b'&' => self.reference()?,
                _ => self.at += 1,
            }
        }
        Ok(&[])
    }

    /// `before_value` is what stands between the value and what came before it: for the first
    /// attribute the element's name too.
    fn note_id(&mut self, before_value: &[u8], value: &'a [u8]) -> Result<(), GateError> {
        let before_value = before_value.trim_ascii_end();
        let name = before_value.strip_suffix(b"=").unwrap_or(before_value);
        let local = name
            .trim_ascii_end()
            .rsplit(|byte| *byte == b':' || byte.is_ascii_whitespace())
            .next()
            .unwrap_or_default();
        if local.eq_ignore_ascii_case(b"id") && !self.ids.insert(value) {
            return Err(GateError::DuplicateId);
        }
        Ok(())
    }

    /// Stands on `&`; leaves past the `;`.
    fn reference(&mut self) -> Result<(), GateError> {
        let error = GateError::Entity { at: self.at };
        let rest = self.bytes.get(self.at + 1..).unwrap_or_default();
        // Longer than any that is allowed: a character reference such as #x10FFFF, with zeros.
        let window = rest.get(..16).unwrap_or(rest);
        let Some(length) = window.iter().position(|byte| *byte == b';') else {
            return Err(error);
        };
        let name = window.get(..length).unwrap_or_default();
        let known = match name {
            b"amp" | b"lt" | b"gt" | b"quot" | b"apos" => true,
            [b'#', b'x', digits @ ..] => {
                !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit)
            }
            [b'#', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
            _ => false,
        };
        if !known {
            return Err(error);
        }
        self.at += length + 2;
        Ok(())
    }

    fn skip_past(&mut self, end: u8) {
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            if byte == end {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn check(text: &str) -> Result<(), GateError> {
        parse(text.as_bytes(), &Limits::default()).map(|_| ())
    }

    #[test]
    fn plain_documents_pass() {
        for text in [
            "<a/>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <a b='c>d'>&amp;&#xD;&#65;<b Id=\"1\"/><b Id=\"2\"/></a>\n",
            "<?xml version='1.0'?><a\n  b=\"c\"\tId = \"1\"\n/>",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn markup_that_hides_things_is_refused() {
        for text in [
            "<!DOCTYPE a><a/>",
            "<?xml version=\"1.0\"?><!DOCTYPE a SYSTEM \"x\"><a/>",
            "<a><!-- c --></a>",
            "<a><![CDATA[x]]></a>",
            "<a><?p x?></a>",
            "<a/><!-- after -->",
            "<?xml-stylesheet href=\"x\"?><a/>",
        ] {
            assert!(
                matches!(check(text), Err(GateError::Markup { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn documents_may_hold_markup_but_no_doctype() {
        let check = |text: &str| parse_document(text.as_bytes(), &Limits::default()).map(|_| ());
        for text in [
            "<?p x?><a><!-- > & <b --><![CDATA[<&>]]><?q?></a><!-- after -->",
            "<?xml version=\"1.0\"?>\n<?xml-stylesheet href=\"x\"?><a/>",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
        for text in [
            "<!DOCTYPE a><a/>",
            "<a><!ENTITY x ''></a>",
            "<a><!-- x</a>",
            "<a><![CDATA[x]]</a>",
            "<a><![cdata[x]]></a>",
            "<a><?x</a>",
            "<a><!-- x\r --></a>",
            "<a><!-- <b Id=\"1\"> -- --></a>",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
        let few = Limits {
            elements: 2,
            ..Limits::default()
        };
        assert_eq!(
            parse_document(b"<a><!-- 1 --><!-- 2 --></a>", &few).map(|_| ()),
            Err(GateError::TooLarge)
        );
    }

    #[test]
    fn entities_are_refused() {
        for text in [
            "<a>&x;</a>",
            "<a b=\"&x;\"/>",
            "<a>&</a>",
            "<a>&#;</a>",
            "<a>&#xG;</a>",
            "<a>&amp</a>",
        ] {
            assert!(
                matches!(check(text), Err(GateError::Entity { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn whitespace_that_engines_read_differently_is_refused() {
        for text in [
            "<a b=\"x\ty\"/>",
            "<a b='x\ny'/>",
            "<a b=\"x\ry\"/>",
            "<a>x\r\ny</a>",
            "<a\r\n/>",
        ] {
            assert!(
                matches!(check(text), Err(GateError::Whitespace { .. })),
                "{text}"
            );
        }
    }

    #[test]
    fn encodings_other_than_utf8_are_refused() {
        let latin1 = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>";
        for text in ["\u{feff}<a/>", latin1, "<?xml version=\"1.1\"?><a/>"] {
            assert_eq!(check(text), Err(GateError::Encoding), "{text}");
        }
        let utf16: Vec<u8> = "<a/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(parse(&utf16, &Limits::default()).is_err());
        assert!(matches!(
            parse(b"<a>\xe9</a>", &Limits::default()),
            Err(GateError::Encoding)
        ));
    }

    #[test]
    fn duplicate_ids_are_refused_in_any_spelling() {
        for text in [
            "<a Id=\"x\"><b Id=\"x\"/></a>",
            "<a Id=\"x\"><b ID='x'/></a>",
            "<a Id=\"x\"><b id = \"x\"/></a>",
            "<a Id=\"x\"><b c='d'\n\tId=\"x\"/></a>",
            "<a Id=\"x\" xmlns:p=\"u\"><b p:Id=\"x\"/></a>",
        ] {
            assert_eq!(check(text), Err(GateError::DuplicateId), "{text}");
        }
    }

    #[test]
    fn limits_hold() {
        let limits = Limits {
            bytes: 1000,
            elements: 4,
            attributes: 2,
            depth: 3,
        };
        let parse = |text: &str| parse(text.as_bytes(), &limits).map(|_| ());
        assert_eq!(parse("<a><b><c/></b><d/></a>"), Ok(()));
        assert_eq!(parse("<a><b><c><d/></c></b></a>"), Err(GateError::TooLarge));
        assert_eq!(parse("<a><b/><b/><b/><b/></a>"), Err(GateError::TooLarge));
        assert_eq!(parse("<a b='1' c='2' d='3'/>"), Err(GateError::TooLarge));
        let long = format!("<a>{}</a>", "x".repeat(1000));
        assert!(matches!(parse(&long), Err(GateError::TooLong { .. })));
    }

    #[test]
    fn malformed_documents_are_refused_without_panic() {
        let whole = "<a b=\"c\"><d>&amp;</d><e f='g'/></a>";
        for end in 0..whole.len() {
            assert!(check(&whole[..end]).is_err(), "{}", &whole[..end]);
        }
        for text in [
            "<a/><b/>",
            "x<a/>",
            "<a></b>",
            "<a b=\"1\" b=\"2\"/>",
            "<a><",
            "<p:a/>",
            "<a>&#0;</a>",
        ] {
            assert!(check(text).is_err(), "{text}");
        }
    }
}
