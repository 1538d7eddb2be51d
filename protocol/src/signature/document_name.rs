//! Names of detached documents as URI references (RFC 3986): percent-encoded relative paths, never fetched.

/// The URI of a name: every byte but unreserved ones and the slash is percent-encoded.
pub(crate) fn to_uri(name: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

/// The name of a URI; what is not percent-encoded UTF-8 stays as it is.
pub(crate) fn from_uri(uri: &str) -> String {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let encoded = after
            .get(..2)
            .filter(|_| byte == b'%')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match encoded {
            Some(value) => {
                bytes.push(value);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| uri.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_way_there_and_back() {
        for name in [
            "a.pdf",
            "courbe é 100%.pdf",
            "dossier/#1?.txt",
            "%41",
            "+",
            "日本",
        ] {
            let uri = to_uri(name);
            assert!(uri.is_ascii() && !uri.contains(['#', '?', ' ']), "{uri}");
            assert_eq!(from_uri(&uri), name);
        }
    }

    #[test]
    fn malformed_escapes_stay() {
        for uri in ["%", "%4", "%zz", "%+1", "%FF"] {
            assert_eq!(from_uri(uri), uri);
        }
        assert_eq!(from_uri("%C3%A9.txt"), "é.txt");
    }
}
