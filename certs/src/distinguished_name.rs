//! Distinguished names (X.501), read leniently and written as RFC 2253 text.
//!
//! Real cards of the older generation hold T61String values that are Latin-1 in fact, and multi-valued RDNs whose SET is not
//! sorted; both are read here as they are. The DER of a name is never rebuilt: whoever needs bytes takes
//! [`Certificate::raw_subject`](crate::Certificate::raw_subject). Text is for people and for the VIHF `Issuer`; two names are
//! compared with [`DistinguishedName::names_the_same`], on decoded values, never as strings.

use std::fmt::Write as _;

use x509_parser::x509::X509Name;

/// Object identifiers of the attribute types this crate reads (X.520, RFC 4519).
pub mod attribute_type {
    /// commonName (CN).
    pub const COMMON_NAME: &str = "2.5.4.3";
    /// surname (SN).
    pub const SURNAME: &str = "2.5.4.4";
    /// serialNumber.
    pub const SERIAL_NUMBER: &str = "2.5.4.5";
    /// countryName (C).
    pub const COUNTRY: &str = "2.5.4.6";
    /// localityName (L).
    pub const LOCALITY: &str = "2.5.4.7";
    /// stateOrProvinceName (ST): the département in structure certificates.
    pub const STATE_OR_PROVINCE: &str = "2.5.4.8";
    /// organizationName (O).
    pub const ORGANIZATION: &str = "2.5.4.10";
    /// organizationalUnitName (OU).
    pub const ORGANIZATIONAL_UNIT: &str = "2.5.4.11";
    /// title (T): the profession label in IGC-Santé card certificates.
    pub const TITLE: &str = "2.5.4.12";
    /// givenName (GN).
    pub const GIVEN_NAME: &str = "2.5.4.42";
    /// pseudonym: the label of a staff card that names nobody.
    pub const PSEUDONYM: &str = "2.5.4.65";
}

/// Most attributes that a name may hold.
pub const MAX_ATTRIBUTES: usize = 64;

/// One attribute of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Attribute type, dotted.
    pub oid: String,
    /// Decoded value.
    pub value: AttributeValue,
    /// The value as encoded: tag, length, content.
    pub der: Vec<u8>,
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// A character string: UTF8String, PrintableString, IA5String, NumericString, VisibleString, T61String (read as
    /// Latin-1), BMPString or UniversalString.
    Text(String),
    /// Anything else, or a string whose bytes do not fit its type.
    Opaque,
}

/// A relative distinguished name: one attribute or several, in the order of the encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelativeDistinguishedName(pub Vec<Attribute>);

/// A distinguished name: its RDNs in the order of the encoding (most significant first).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistinguishedName {
    rdns: Vec<RelativeDistinguishedName>,
}

impl DistinguishedName {
    pub(crate) fn from_parsed(name: &X509Name<'_>) -> Option<Self> {
        if name.iter_attributes().count() > MAX_ATTRIBUTES {
            return None;
        }
        let rdns = name
            .iter_rdn()
            .map(|rdn| {
                let attributes = rdn.iter().map(|attribute| {
                    let value = attribute.attr_value();
                    Attribute {
                        oid: attribute.attr_type().to_id_string(),
                        value: decode(value.tag().0, value.data),
                        der: reassemble(value),
                    }
                });
                RelativeDistinguishedName(attributes.collect())
            })
            .collect();
        Some(Self { rdns })
    }

    pub(crate) fn from_rdns(rdns: Vec<RelativeDistinguishedName>) -> Self {
        Self { rdns }
    }

    /// RDNs in the order of the encoding.
    #[must_use]
    pub fn rdns(&self) -> &[RelativeDistinguishedName] {
        &self.rdns
    }

    /// Every attribute, RDN by RDN.
    pub fn attributes(&self) -> impl Iterator<Item = &Attribute> {
        self.rdns.iter().flat_map(|rdn| rdn.0.iter())
    }

    /// Text values of one attribute type, in the order of the encoding. Values that are not text are left out.
    pub fn text_values<'a>(&'a self, oid: &'a str) -> impl Iterator<Item = &'a str> {
        self.attributes()
            .filter(move |attribute| attribute.oid == oid)
            .filter_map(|attribute| match &attribute.value {
                AttributeValue::Text(text) => Some(text.as_str()),
                AttributeValue::Opaque => None,
            })
    }

    /// The last commonName, for messages to people. Empty where there is none.
    #[must_use]
    pub fn common_name(&self) -> &str {
        self.text_values(attribute_type::COMMON_NAME)
            .last()
            .unwrap_or_default()
    }

    /// The name as RFC 2253 text: last RDN first, values escaped, `ST`, `GN`, `SN` and `T` (title) beside the types of
    /// the RFC's table; any other type is its dotted OID with the hexadecimal of the encoded value.
    #[must_use]
    pub fn rfc2253(&self) -> String {
        let mut text = String::new();
        for (position, rdn) in self.rdns.iter().rev().enumerate() {
            if position > 0 {
                text.push(',');
            }
            for (rank, attribute) in rdn.0.iter().enumerate() {
                if rank > 0 {
                    text.push('+');
                }
                write_attribute(&mut text, attribute);
            }
        }
        text
    }

    /// Whether two names are of the same entity: the same RDNs in the same order, where the attributes inside an RDN may
    /// be in any order and text is compared without regard to string type, ASCII case and repeated spaces (the spirit
    /// of RFC 5280, 7.1). Path validation does not use this; OpenSSL's own comparison decides there.
    #[must_use]
    pub fn names_the_same(&self, other: &Self) -> bool {
        let comparable = |name: &Self| -> Vec<Vec<(String, Vec<u8>)>> {
            name.rdns
                .iter()
                .map(|rdn| {
                    let mut attributes: Vec<_> = rdn.0.iter().map(comparable_attribute).collect();
                    attributes.sort();
                    attributes
                })
                .collect()
        };
        comparable(self) == comparable(other)
    }
}

fn comparable_attribute(attribute: &Attribute) -> (String, Vec<u8>) {
    let value = match &attribute.value {
        AttributeValue::Text(text) => text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .to_ascii_lowercase()
            .into_bytes(),
        AttributeValue::Opaque => attribute.der.clone(),
    };
    (attribute.oid.clone(), value)
}

fn write_attribute(text: &mut String, attribute: &Attribute) {
    match (short_name(&attribute.oid), &attribute.value) {
        (Some(name), AttributeValue::Text(value)) => {
            text.push_str(name);
            text.push('=');
            write_escaped(text, value);
        }
        (name, _) => {
            text.push_str(name.unwrap_or(&attribute.oid));
            text.push_str("=#");
            for byte in &attribute.der {
                let _ = write!(text, "{byte:02x}");
            }
        }
    }
}

/// RFC 2253, 2.4. Control characters are written as `\xx` pairs, so that a name cannot break a line of a log.
fn write_escaped(text: &mut String, value: &str) {
    let last = value.chars().count().saturating_sub(1);
    for (position, character) in value.chars().enumerate() {
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => {
                text.push('\\');
                text.push(character);
            }
            '#' if position == 0 => text.push_str("\\#"),
            ' ' if position == 0 || position == last => text.push_str("\\ "),
            control if control.is_control() => {
                let mut buffer = [0_u8; 4];
                for byte in control.encode_utf8(&mut buffer).bytes() {
                    let _ = write!(text, "\\{byte:02x}");
                }
            }
            other => text.push(other),
        }
    }
}

fn short_name(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "SERIALNUMBER",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "T",
        "2.5.4.42" => "GN",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        _ => return None,
    })
}

/// Universal tag numbers of X.680.
pub(crate) fn decode(tag: u32, content: &[u8]) -> AttributeValue {
    let text = match tag {
        12 => std::str::from_utf8(content).ok().map(str::to_owned),
        // NumericString, PrintableString, T61String, IA5String, VisibleString: one byte, one character. What the field
        // puts in a T61String is Latin-1, and some issuers put it in the others too.
        18 | 19 | 20 | 22 | 26 => Some(content.iter().copied().map(char::from).collect()),
        28 => decode_words::<4>(content, |word| char::from_u32(u32::from_be_bytes(word))),
        30 => {
            let units: Option<Vec<u16>> = content.len().is_multiple_of(2).then(|| {
                content
                    .as_chunks::<2>()
                    .0
                    .iter()
                    .copied()
                    .map(u16::from_be_bytes)
                    .collect()
            });
            units.and_then(|units| String::from_utf16(&units).ok())
        }
        _ => None,
    };
    text.map_or(AttributeValue::Opaque, AttributeValue::Text)
}

fn decode_words<const N: usize>(
    content: &[u8],
    character: impl Fn([u8; N]) -> Option<char>,
) -> Option<String> {
    let (words, rest) = content.as_chunks::<N>();
    if !rest.is_empty() {
        return None;
    }
    words.iter().copied().map(character).collect()
}

/// Tag, length and content of a value. The parser keeps the header apart from the content; DER has one encoding for it.
fn reassemble(value: &x509_parser::asn1_rs::Any<'_>) -> Vec<u8> {
    use x509_parser::asn1_rs::ToDer as _;
    value.to_der_vec().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn attribute(oid: &str, text: &str) -> Attribute {
        Attribute {
            oid: oid.into(),
            value: AttributeValue::Text(text.into()),
            der: vec![0x0c, 1, b'x'],
        }
    }

    fn name(rdns: Vec<Vec<Attribute>>) -> DistinguishedName {
        DistinguishedName {
            rdns: rdns.into_iter().map(RelativeDistinguishedName).collect(),
        }
    }

    #[test]
    fn is_written_last_rdn_first_with_the_field_s_names() {
        let subject = name(vec![
            vec![attribute("2.5.4.6", "FR")],
            vec![attribute("2.5.4.8", "Paris (75)")],
            vec![attribute("2.5.4.12", "Médecin")],
            vec![
                attribute("2.5.4.4", "ESSAI"),
                attribute("2.5.4.42", "ANNE"),
                attribute("2.5.4.3", "899"),
            ],
        ]);
        assert_eq!(
            subject.rfc2253(),
            "SN=ESSAI+GN=ANNE+CN=899,T=Médecin,ST=Paris (75),C=FR"
        );
    }

    #[test]
    fn escapes_what_rfc2253_escapes() {
        let subject = name(vec![
            vec![attribute("2.5.4.10", " #a,b+c\"d\\e<f>g;h\n ")],
            vec![attribute("2.5.4.3", "#1")],
        ]);
        assert_eq!(
            subject.rfc2253(),
            r##"CN=\#1,O=\ #a\,b\+c\"d\\e\<f\>g\;h\0a\ "##
        );
    }

    #[test]
    fn writes_an_unknown_type_as_oid_and_hexadecimal() {
        assert_eq!(
            name(vec![vec![attribute("2.5.4.65", "x")]]).rfc2253(),
            "2.5.4.65=#0c0178"
        );
    }

    #[test]
    fn decodes_every_string_type() {
        let text = |tag, bytes: &[u8]| match decode(tag, bytes) {
            AttributeValue::Text(text) => text,
            AttributeValue::Opaque => String::from("(opaque)"),
        };
        assert_eq!(text(20, b"M\xe9decin"), "Médecin");
        assert_eq!(text(12, "Médecin".as_bytes()), "Médecin");
        assert_eq!(text(30, &[0, b'M', 0, 0xe9]), "Mé");
        assert_eq!(text(28, &[0, 0, 0, 0xe9]), "é");
        assert_eq!(text(12, b"\xe9"), "(opaque)");
        assert_eq!(text(30, &[0]), "(opaque)");
        assert_eq!(text(28, &[0, 0x11, 0, 0]), "(opaque)");
        assert_eq!(text(4, b"x"), "(opaque)");
    }

    #[test]
    fn compares_decoded_values_whatever_the_order_inside_an_rdn() {
        let one = name(vec![vec![
            attribute("2.5.4.4", "ESSAI"),
            attribute("2.5.4.42", "Anne  Marie"),
        ]]);
        let same = name(vec![vec![
            attribute("2.5.4.42", "anne marie"),
            attribute("2.5.4.4", "essai"),
        ]]);
        let other = name(vec![
            vec![attribute("2.5.4.42", "anne")],
            vec![attribute("2.5.4.4", "essai")],
        ]);
        assert!(one.names_the_same(&same));
        assert!(!one.names_the_same(&other));
    }
}
