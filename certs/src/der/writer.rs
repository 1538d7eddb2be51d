//! Writing: a few functions, no types.
//!
//! The test PKI writes its certificates by hand because it must also write what a well-behaved encoder refuses to: SETs that
//! are not sorted, T61Strings with Latin-1 in them. Foreign judges (OpenSSL's programs) read the result in the tests.

/// Identifier of BOOLEAN.
pub const BOOLEAN: u8 = 0x01;
/// Identifier of INTEGER.
pub const INTEGER: u8 = 0x02;
/// Identifier of BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// Identifier of OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// Identifier of OBJECT IDENTIFIER.
pub const OBJECT_IDENTIFIER: u8 = 0x06;
/// Identifier of ENUMERATED.
pub const ENUMERATED: u8 = 0x0a;
/// Identifier of UTF8String.
pub const UTF8_STRING: u8 = 0x0c;
/// Identifier of PrintableString.
pub const PRINTABLE_STRING: u8 = 0x13;
/// Identifier of T61String.
pub const T61_STRING: u8 = 0x14;
/// Identifier of IA5String.
pub const IA5_STRING: u8 = 0x16;
/// Identifier of UTCTime.
pub const UTC_TIME: u8 = 0x17;
/// Identifier of GeneralizedTime.
pub const GENERALIZED_TIME: u8 = 0x18;
/// Identifier of SEQUENCE and SEQUENCE OF.
pub const SEQUENCE: u8 = 0x30;
/// Identifier of SET and SET OF.
pub const SET: u8 = 0x31;
/// The one value of NULL.
pub const NULL: &[u8] = &[0x05, 0x00];

/// A value: tag, definite length in its shortest form, content.
#[must_use]
pub fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut der = vec![tag];
    if let Ok(short @ 0..=0x7f) = u8::try_from(length) {
        der.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let significant: Vec<u8> = bytes.into_iter().skip_while(|byte| *byte == 0).collect();
        der.push(0x80 | u8::try_from(significant.len()).unwrap_or(u8::MAX));
        der.extend(significant);
    }
    der.extend_from_slice(content);
    der
}

/// A constructed value of these parts, in this order.
#[must_use]
pub fn constructed<P: AsRef<[u8]>>(tag: u8, parts: &[P]) -> Vec<u8> {
    let content: Vec<u8> = parts
        .iter()
        .flat_map(|part| part.as_ref().iter().copied())
        .collect();
    value(tag, &content)
}

/// A SEQUENCE of these parts.
#[must_use]
pub fn sequence<P: AsRef<[u8]>>(parts: &[P]) -> Vec<u8> {
    constructed(SEQUENCE, parts)
}

/// X.690, 11.6: the parts of a SET OF in ascending order of their encodings.
#[must_use]
pub fn sorted_set(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    constructed(SET, &parts)
}

/// A context-specific constructed value, `[number]`.
#[must_use]
pub fn context(number: u8, content: &[u8]) -> Vec<u8> {
    value(0xa0 | number, content)
}

/// A context-specific primitive value, `[number] IMPLICIT`.
#[must_use]
pub fn context_primitive(number: u8, content: &[u8]) -> Vec<u8> {
    value(0x80 | number, content)
}

/// A non-negative INTEGER from its big-endian bytes.
#[must_use]
pub fn unsigned_integer(big_endian: &[u8]) -> Vec<u8> {
    let mut content: Vec<u8> = big_endian
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    if content.first().is_none_or(|first| *first >= 0x80) {
        content.insert(0, 0);
    }
    value(INTEGER, &content)
}

/// A BIT STRING of whole bytes.
#[must_use]
pub fn bit_string(content: &[u8]) -> Vec<u8> {
    let mut with_unused = vec![0];
    with_unused.extend_from_slice(content);
    value(BIT_STRING, &with_unused)
}

/// A BIT STRING of named bits (bit n of `bits` is named bit n), trailing zero bits left out as X.690, 11.2.2 wants.
#[must_use]
pub fn named_bits(bits: u16) -> Vec<u8> {
    let reversed = bits.reverse_bits();
    let mut bytes = reversed.to_be_bytes().to_vec();
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    let unused = bytes.last().map_or(0, |byte| byte.trailing_zeros());
    bytes.insert(0, u8::try_from(unused).unwrap_or_default());
    value(BIT_STRING, &bytes)
}

/// An OBJECT IDENTIFIER from its dotted form; none where the text is not one.
#[must_use]
pub fn object_identifier(dotted: &str) -> Option<Vec<u8>> {
    let arcs: Vec<u128> = dotted
        .split('.')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let (&[first @ 0..=2, second], rest) = arcs.split_first_chunk::<2>()? else {
        return None;
    };
    if first < 2 && second > 39 {
        return None;
    }
    let mut content = base128(first.checked_mul(40)?.checked_add(second)?);
    content.extend(rest.iter().flat_map(|arc| base128(*arc)));
    Some(value(OBJECT_IDENTIFIER, &content))
}

/// Seven bits a byte, most significant first, the top bit set on all but the last.
fn base128(mut arc: u128) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(arc & 0x7f).unwrap_or_default();
        bytes.push(if bytes.is_empty() { low } else { low | 0x80 });
        arc >>= 7;
        if arc == 0 {
            break;
        }
    }
    bytes.reverse();
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_their_shortest_form() {
        assert_eq!(value(OCTET_STRING, &[7]), [4, 1, 7]);
        assert_eq!(
            value(OCTET_STRING, &[0; 128]).get(..3),
            Some(&[4, 0x81, 128][..])
        );
        assert_eq!(
            value(OCTET_STRING, &[0; 300]).get(..4),
            Some(&[4, 0x82, 1, 44][..])
        );
    }

    #[test]
    fn numbers_bits_and_identifiers() {
        assert_eq!(unsigned_integer(&[0, 0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(unsigned_integer(&[]), [2, 1, 0]);
        assert_eq!(named_bits(0b10), [3, 2, 6, 0x40]);
        assert_eq!(named_bits(0b11), [3, 2, 6, 0xc0]);
        assert_eq!(named_bits(0), [3, 1, 0]);
        assert_eq!(object_identifier("2.5.4.3"), Some(vec![6, 3, 0x55, 4, 3]));
        assert_eq!(
            object_identifier("1.2.250.1.71.1.2.2"),
            Some(vec![6, 8, 0x2a, 0x81, 0x7a, 1, 0x47, 1, 2, 2])
        );
        assert_eq!(object_identifier("3.1"), None);
        assert_eq!(object_identifier("1.40"), None);
        assert_eq!(object_identifier("x"), None);
    }
}
