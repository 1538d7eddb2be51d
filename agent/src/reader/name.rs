//! A reader's name. PC/SC gives bytes that end with a zero and says nothing of their encoding; people and JSON want text. Most
//! names are ASCII or UTF-8, and their text is the name itself; a byte that is no UTF-8 is shown as `\xE9`, and the bytes stay
//! beside the text, so that the reader can be reached whatever its driver calls it.

use std::ffi::{CStr, CString};
use std::fmt::{self, Write};
use std::ops::Deref;
use std::sync::Arc;

/// A reader's name: reads as its text, reaches the reader by its bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReaderName {
    text: Arc<str>,
    /// Only where they differ from the text's.
    bytes: Option<Arc<CStr>>,
}

impl ReaderName {
    /// The name as PC/SC gives it.
    #[must_use]
    pub fn from_pcsc(name: &CStr) -> Self {
        match name.to_str() {
            Ok(text) => Self::from(text),
            Err(_) => Self {
                text: shown(name.to_bytes()).into(),
                bytes: Some(name.into()),
            },
        }
    }

    /// The name as PC/SC wants it; `None` for a text with a zero in it, which no reader has.
    #[must_use]
    pub fn to_pcsc(&self) -> Option<CString> {
        match &self.bytes {
            Some(bytes) => Some(CString::from(&**bytes)),
            None => CString::new(&*self.text).ok(),
        }
    }

    /// The name as people read and write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl From<&str> for ReaderName {
    fn from(text: &str) -> Self {
        Self {
            text: text.into(),
            bytes: None,
        }
    }
}

impl Deref for ReaderName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ReaderName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

fn shown(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::ReaderName;

    #[test]
    fn a_name_is_its_text_and_comes_back_byte_for_byte() {
        for (bytes, text) in [
            (c"Kapelse KAP-LINK 00 00", "Kapelse KAP-LINK 00 00"),
            (c"Lecteur Sant\xC3\xA9 00 00", "Lecteur Santé 00 00"),
            (c"Lecteur Sant\xE9 00 00", "Lecteur Sant\\xE9 00 00"),
            (c"\xFF\xE9t\xC3", "\\xFF\\xE9t\\xC3"),
        ] {
            let name = ReaderName::from_pcsc(bytes);
            assert_eq!(name.as_str(), text);
            assert_eq!(name.to_pcsc().as_deref(), Some(bytes));
        }
        // What a name looks like is not what it is.
        let alike = ReaderName::from("Lecteur Sant\\xE9 00 00");
        assert_ne!(alike, ReaderName::from_pcsc(c"Lecteur Sant\xE9 00 00"));
        assert_eq!(ReaderName::from("a\0b").to_pcsc(), None);
    }
}
