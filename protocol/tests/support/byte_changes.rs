//! Where a byte of a signed file can be changed, and to what, so that the file keeps its form and only its content differs.

/// Offsets of the letters and digits of an element's texts and attribute values, not of its tags, whose prefixes canonical forms may drop.
pub fn values(text: &str, name: &str) -> Vec<usize> {
    let start = text.find(&format!("<{name}")).unwrap();
    let end = text.rfind(&format!("</{name}>")).unwrap();
    let (mut tag, mut quoted) = (false, false);
    let mut offsets = Vec::new();
    for (at, byte) in text.bytes().enumerate().take(end).skip(start) {
        match byte {
            b'<' => tag = true,
            b'>' => tag = false,
            b'"' => quoted = !quoted,
            _ if byte.is_ascii_alphanumeric() && (quoted || !tag) => offsets.push(at),
            _ => {}
        }
    }
    offsets
}

/// Another letter or digit, so that the file stays well-formed.
pub fn other(byte: u8) -> u8 {
    match byte {
        b'9' | b'z' | b'Z' => byte - 1,
        _ => byte + 1,
    }
}
