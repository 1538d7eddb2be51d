//! Subject names as the test PKI writes them: RDN by RDN, sorted as DER wants or, on request, left as given.

use crate::der;

/// One attribute of a name to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameAttribute {
    /// Attribute type, dotted.
    pub oid: String,
    /// Universal tag of the string type: 12 UTF8String, 19 PrintableString, 20 T61String.
    pub string_tag: u8,
    /// Content bytes, in the encoding of the string type.
    pub content: Vec<u8>,
}

/// The attributes of one RDN.
pub type Rdn = Vec<NameAttribute>;

/// A UTF8String attribute.
#[must_use]
pub fn utf8(oid: &str, text: &str) -> NameAttribute {
    attribute(oid, der::UTF8_STRING, text.as_bytes().to_vec())
}

/// A PrintableString attribute; the caller keeps to its alphabet.
#[must_use]
pub fn printable(oid: &str, text: &str) -> NameAttribute {
    attribute(oid, der::PRINTABLE_STRING, text.as_bytes().to_vec())
}

/// A T61String attribute that holds Latin-1, as the older generation of cards does. Characters outside Latin-1 become `?`.
#[must_use]
pub fn t61_latin1(oid: &str, text: &str) -> NameAttribute {
    let content = text
        .chars()
        .map(|character| u8::try_from(character).unwrap_or(b'?'))
        .collect();
    attribute(oid, der::T61_STRING, content)
}

/// The RDN in DER: its attributes sorted.
pub(super) fn encode_rdn(rdn: &Rdn) -> Option<Vec<u8>> {
    Some(der::sorted_set(encode_attributes(rdn)?))
}

/// The RDN with its attributes in the order given: not DER where that differs from the sorted order.
pub(super) fn encode_rdn_as_given(rdn: &Rdn) -> Option<Vec<u8>> {
    Some(der::constructed(der::SET, &encode_attributes(rdn)?))
}

fn attribute(oid: &str, string_tag: u8, content: Vec<u8>) -> NameAttribute {
    NameAttribute {
        oid: oid.to_owned(),
        string_tag,
        content,
    }
}

fn encode_attributes(rdn: &Rdn) -> Option<Vec<Vec<u8>>> {
    rdn.iter()
        .map(|attribute| {
            let oid = der::object_identifier(&attribute.oid)?;
            Some(der::sequence(&[
                oid,
                der::value(attribute.string_tag, &attribute.content),
            ]))
        })
        .collect()
}
