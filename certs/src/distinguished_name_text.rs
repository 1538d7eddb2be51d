//! Distinguished names written as text (RFC 2253), read back: to compare a name that a message carries with that of a certificate.
//!
//! Lenient in what writers differ in: white space around separators, `;` for `,`, quoted values, the several short names of one
//! attribute type, `OID.` before a dotted one, values as `#` and hexadecimal. Refused: unknown short names, values without a name,
//! more than 4 KiB or [`MAX_ATTRIBUTES`] attributes.

use x509_parser::asn1_rs::{Any, FromDer as _};

use crate::distinguished_name::{
    Attribute, AttributeValue, DistinguishedName, MAX_ATTRIBUTES, RelativeDistinguishedName, decode,
};

/// Longest text that is read, bytes.
const MAX_BYTES: usize = 4096;

impl DistinguishedName {
    /// Reads RFC 2253 text: the last RDN first. `None` where it is no such text. The values have no encoding of their own, so this
    /// is for comparing with [`DistinguishedName::names_the_same`].
    #[must_use]
    pub fn from_rfc2253(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let mut rdns = Vec::new();
        let mut attributes = Vec::new();
        let mut count = 0;
        let mut rest = text;
        loop {
            let (attribute, separator, after) = next_attribute(rest)?;
            attributes.push(attribute);
            count += 1;
            if count > MAX_ATTRIBUTES {
                return None;
            }
            if separator != Some('+') {
                let complete = std::mem::take(&mut attributes);
                rdns.push(RelativeDistinguishedName(complete));
            }
            if separator.is_none() {
                break;
            }
            rest = after;
        }
        rdns.reverse();
        Some(Self::from_rdns(rdns))
    }
}

/// One `name=value`, the separator behind it, and what follows.
fn next_attribute(text: &str) -> Option<(Attribute, Option<char>, &str)> {
    let (name, value) = text.split_once('=')?;
    let oid = attribute_type(name.trim())?;
    let value = value.trim_start();
    if let Some(hexadecimal) = value.strip_prefix('#') {
        let end = hexadecimal
            .find([',', ';', '+'])
            .unwrap_or(hexadecimal.len());
        let (digits, after) = hexadecimal.split_at_checked(end)?;
        let attribute = encoded(oid, &bytes_of(digits.trim_end())?)?;
        let separator = after.chars().next();
        return Some((attribute, separator, after.get(1..).unwrap_or_default()));
    }
    let (value, separator, after) = string(value)?;
    let attribute = Attribute {
        oid,
        value: AttributeValue::Text(value),
        der: Vec::new(),
    };
    Some((attribute, separator, after))
}

/// A value with its escapes undone, up to a separator that is neither escaped nor quoted.
fn string(text: &str) -> Option<(String, Option<char>, &str)> {
    let mut bytes = Vec::new();
    // Up to where trailing white space is the writer's and not the value's.
    let mut kept = 0;
    let mut quoted = false;
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                quoted = !quoted;
                kept = bytes.len();
            }
            '\\' => {
                let (_, next) = characters.next()?;
                match next.to_digit(16) {
                    Some(high) => {
                        let (_, low) = characters.next()?;
                        bytes.push(u8::try_from(high * 16 + low.to_digit(16)?).ok()?);
                    }
                    None => push(&mut bytes, next),
                }
                kept = bytes.len();
            }
            ',' | ';' | '+' if !quoted => {
                bytes.truncate(kept);
                let after = text.get(at + 1..).unwrap_or_default();
                return Some((String::from_utf8(bytes).ok()?, Some(character), after));
            }
            character => {
                push(&mut bytes, character);
                if character != ' ' || quoted {
                    kept = bytes.len();
                }
            }
        }
    }
    bytes.truncate(kept);
    (!quoted).then(|| Some((String::from_utf8(bytes).ok()?, None, "")))?
}

fn push(bytes: &mut Vec<u8>, character: char) {
    let mut buffer = [0; 4];
    bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
}

fn bytes_of(hexadecimal: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = hexadecimal
        .chars()
        .map(|digit| digit.to_digit(16))
        .collect();
    let (pairs, []) = digits.as_deref()?.as_chunks::<2>() else {
        return None;
    };
    let byte = |[high, low]: &[u32; 2]| u8::try_from(high * 16 + low).ok();
    pairs.iter().map(byte).collect()
}

fn encoded(oid: String, der: &[u8]) -> Option<Attribute> {
    let (rest, value) = Any::from_der(der).ok()?;
    rest.is_empty().then(|| Attribute {
        oid,
        value: decode(value.tag().0, value.data),
        der: der.to_vec(),
    })
}

/// The dotted type of a short name, or of itself.
fn attribute_type(name: &str) -> Option<String> {
    let dotted = name
        .strip_prefix("OID.")
        .or_else(|| name.strip_prefix("oid."))
        .unwrap_or(name);
    let is_dotted = dotted.contains('.')
        && dotted
            .split('.')
            .all(|arc| !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()));
    if is_dotted {
        return Some(dotted.to_owned());
    }
    let oid = match name.to_ascii_uppercase().as_str() {
        "CN" | "COMMONNAME" => "2.5.4.3",
        "SN" | "SURNAME" => "2.5.4.4",
        "SERIALNUMBER" => "2.5.4.5",
        "C" => "2.5.4.6",
        "L" => "2.5.4.7",
        "ST" | "S" => "2.5.4.8",
        "STREET" => "2.5.4.9",
        "O" => "2.5.4.10",
        "OU" => "2.5.4.11",
        "T" | "TITLE" => "2.5.4.12",
        "GN" | "G" | "GIVENNAME" => "2.5.4.42",
        "PSEUDONYM" => "2.5.4.65",
        "UID" => "0.9.2342.19200300.100.1.1",
        "DC" => "0.9.2342.19200300.100.1.25",
        _ => return None,
    };
    Some(oid.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn same(one: &str, other: &str) -> bool {
        let name = |text| DistinguishedName::from_rfc2253(text).unwrap();
        name(one).names_the_same(&name(other))
    }

    #[test]
    fn other_renderings_are_the_same_name() {
        let ours = "CN=899700000017+GN=HÉLÈNE+SN=ESSAI\\, DUPONT,T=Médecin,C=FR";
        for other in [
            "CN=899700000017 + SN=\"ESSAI, DUPONT\" + G=HÉLÈNE, TITLE=Médecin, C=FR",
            "2.5.4.3=899700000017+2.5.4.42=#0c0848c3894cc3884e45+2.5.4.4=ESSAI\\2c DUPONT;OID.2.5.4.12=#14074de9646563696e;C=FR",
            "cn=899700000017+gn=H\\c3\\89L\\C3\\88NE+sn=essai\\,  dupont,t=médecin,c=fr ",
        ] {
            assert!(same(ours, other), "{other}");
        }
        for other in [
            "CN=899700000018+GN=HÉLÈNE+SN=ESSAI\\, DUPONT,T=Médecin,C=FR",
            "C=FR,T=Médecin,CN=899700000017+GN=HÉLÈNE+SN=ESSAI\\, DUPONT",
            "CN=899700000017,GN=HÉLÈNE,SN=ESSAI\\, DUPONT,T=Médecin,C=FR",
            "CN=899700000017+GN=HÉLÈNE+SN=ESSAI\\, DUPONT,C=FR",
        ] {
            assert!(!same(ours, other), "{other}");
        }
    }

    #[test]
    fn what_is_written_here_is_read_back() {
        let rdn = |oid: &str, text: &str| {
            RelativeDistinguishedName(vec![Attribute {
                oid: oid.into(),
                value: AttributeValue::Text(text.into()),
                der: vec![0x0c, 1, b'x'],
            }])
        };
        let hard = " #a,b+c\"d\\e<f>g;h=\n é ";
        let name = DistinguishedName::from_rdns(vec![rdn("2.5.4.10", hard), rdn("2.5.4.3", "#1")]);
        let read = DistinguishedName::from_rfc2253(&name.rfc2253()).unwrap();
        assert_eq!(read.text_values("2.5.4.10").next(), Some(hard));
        assert!(read.names_the_same(&name));
    }

    #[test]
    fn texts_that_are_no_names() {
        for text in [
            "",
            "x",
            "CN",
            "=x",
            "XX=1",
            "CN=a,",
            "CN=a+",
            "CN=\"a",
            "CN=a\\",
            "CN=\\c3",
            "CN=\\c",
            "CN=#0",
            "CN=#0c0261",
            "CN=#zz",
            "1.=x",
            ".1=x",
            &"CN=a,".repeat(2000),
            &"CN=a+".repeat(70),
        ] {
            assert!(DistinguishedName::from_rfc2253(text).is_none(), "{text}");
        }
        assert!(DistinguishedName::from_rfc2253("CN=").is_some());
    }
}
