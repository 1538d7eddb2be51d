//! Random tokens of 256 bits: those of sessions. The value travels once to the client as base64url without
//! padding (RFC 4648 section 5); the server keeps only its SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_protocol::identifiers::Oid;

use crate::problem::{Code, Refusal};

/// 32 random bytes that somebody must present again. Its `Debug` shows nothing.
pub struct Token([u8; 32]);

impl Token {
    /// A fresh one from the system's generator.
    ///
    /// # Errors
    /// The generator failed.
    pub fn random() -> Result<Self, Refusal> {
        random_bytes().map(Self)
    }

    /// From its text: exactly 43 characters of base64url.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// For the client, once.
    #[must_use]
    pub fn to_text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept: SHA-256.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        openssl::sha::sha256(&self.0)
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

/// 32 bytes of the system's generator.
///
/// # Errors
/// The generator failed.
pub(crate) fn random_bytes() -> Result<[u8; 32], Refusal> {
    let mut bytes = [0; 32];
    openssl::rand::rand_bytes(&mut bytes)
        .map_err(|error| Refusal::new(Code::Internal).because(error))?;
    Ok(bytes)
}

/// A random name for a record or a lot: 128 bits, lower-case hexadecimal.
///
/// # Errors
/// The generator failed.
pub(crate) fn random_name() -> Result<String, Refusal> {
    let mut bytes = [0; 16];
    openssl::rand::rand_bytes(&mut bytes)
        .map_err(|error| Refusal::new(Code::Internal).because(error))?;
    Ok(hexadecimal(&bytes))
}

/// A unique id for a submission set of this server's own: `2.25.<UUID>` (ITU-T X.667) of a random UUID, version 4.
///
/// # Errors
/// The generator failed.
pub(crate) fn unique_id() -> Result<Oid, Refusal> {
    let mut bytes = [0; 16];
    openssl::rand::rand_bytes(&mut bytes)
        .map_err(|error| Refusal::new(Code::Internal).because(error))?;
    let random = u128::from_be_bytes(bytes) & !(0xF << 76) & !(0b11 << 62);
    Ok(Oid::from_uuid(random | 0x4 << 76 | 0b10 << 62))
}

/// Lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{Token, hexadecimal, random_name};

    #[test]
    fn text_reads_back_and_nothing_else_does() {
        let token = Token::random().unwrap();
        let text = token.to_text();
        assert_eq!(text.len(), 43);
        assert_eq!(Token::from_text(&text).unwrap().digest(), token.digest());
        assert_eq!(format!("{token:?}"), "Token(..)");
        for bad in [
            "",
            &text[1..],
            &format!("{text}="),
            &text.replace(|_: char| true, "+"),
        ] {
            assert!(Token::from_text(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn names_are_hexadecimal_and_differ() {
        let name = random_name().unwrap();
        assert_eq!(name.len(), 32);
        assert_ne!(name, random_name().unwrap());
        assert_eq!(hexadecimal(&[0, 255, 16]), "00ff10");
    }
}
