//! SHA-256 (FIPS 180-4) as a type, and its streaming computation: through OpenSSL, or block by block where the processor has
//! instructions for that, so that two messages can be hashed in turns.
//!
//! A digest is not a byte slice: what was hashed and what was signed cannot be swapped by mistake.
//! Text forms: lower-case hexadecimal for people and JSON, base64 for XML.

mod in_turns;

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use in_turns::Blocks;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A SHA-256 digest, 32 bytes. JSON and `Display`: 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = "^[0-9a-fA-F]{64}$"))]
pub struct Sha256Digest([u8; 32]);

const HEXADECIMAL: &[u8; 16] = b"0123456789abcdef";

/// Why a text is not a SHA-256 digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 digest is 32 bytes: 64 hexadecimal digits, or 44 characters of base64")]
pub struct DigestError;

impl Sha256Digest {
    /// Length in bytes.
    pub const LENGTH: usize = 32;

    /// Hashes bytes held in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(openssl::sha::sha256(bytes))
    }

    /// Takes a digest computed elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads standard base64 with padding, canonical form only (RFC 4648 section 4).
    ///
    /// # Errors
    /// [`DigestError`].
    pub fn from_base64(text: &str) -> Result<Self, DigestError> {
        if text.len() != 44 {
            return Err(DigestError);
        }
        let bytes = STANDARD.decode(text).map_err(|_| DigestError)?;
        Ok(Self(bytes.try_into().map_err(|_| DigestError)?))
    }

    /// Standard base64 with padding, 44 characters.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Sha256Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, DigestError> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            b'A'..=b'F' => Ok(byte - b'A' + 10),
            _ => Err(DigestError),
        };
        if text.len() != 64 {
            return Err(DigestError);
        }
        let mut bytes = [0u8; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            if let [high, low] = pair {
                *byte = digit(*high)? << 4 | digit(*low)?;
            }
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for Sha256Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, DigestError> {
        text.parse()
    }
}

impl From<Sha256Digest> for String {
    fn from(digest: Sha256Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            if let [high, low] = pair {
                *high = HEXADECIMAL[usize::from(byte >> 4)];
                *low = HEXADECIMAL[usize::from(byte & 0xF)];
            }
        }
        f.write_str(str::from_utf8(&digits).unwrap_or_default())
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sha256Digest({self})")
    }
}

/// Computes a digest chunk by chunk, for documents that never are wholly in memory.
pub struct Sha256Hasher(Computation);

enum Computation {
    OpenSsl(openssl::sha::Sha256),
    Blocks(Blocks),
}

impl Sha256Hasher {
    /// Starts a computation.
    #[must_use]
    pub fn new() -> Self {
        Self(if Blocks::are_quick() {
            Computation::Blocks(Blocks::new())
        } else {
            Computation::OpenSsl(openssl::sha::Sha256::new())
        })
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Computation::OpenSsl(hasher) => hasher.update(bytes),
            Computation::Blocks(blocks) => blocks.update(bytes),
        }
    }

    /// Adds bytes to two computations, which takes less time than one after the other where the processor has room for both.
    pub fn update_both(
        first: &mut Self,
        first_bytes: &[u8],
        second: &mut Self,
        second_bytes: &[u8],
    ) {
        if let (Computation::Blocks(one), Computation::Blocks(other)) =
            (&mut first.0, &mut second.0)
        {
            Blocks::update_both(one, first_bytes, other, second_bytes);
        } else {
            first.update(first_bytes);
            second.update(second_bytes);
        }
    }

    /// Ends the computation.
    #[must_use]
    pub fn finish(self) -> Sha256Digest {
        match self.0 {
            Computation::OpenSsl(hasher) => Sha256Digest(hasher.finish()),
            Computation::Blocks(blocks) => blocks.finish(),
        }
    }
}

impl Default for Sha256Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sha256Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sha256Hasher")
    }
}

impl std::io::Write for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn standard_vector_whole_and_in_chunks() {
        assert_eq!(Sha256Digest::of(b"abc").to_string(), ABC);
        let mut hasher = Sha256Hasher::new();
        hasher.update(b"a");
        hasher.update(b"");
        hasher.update(b"bc");
        assert_eq!(hasher.finish().to_string(), ABC);
    }

    #[test]
    fn text_forms_round_trip_and_refuse_the_rest() {
        let digest: Sha256Digest = ABC.parse().unwrap();
        assert_eq!(
            Sha256Digest::from_base64(&digest.to_base64()).unwrap(),
            digest
        );
        assert!(ABC[1..].parse::<Sha256Digest>().is_err());
        assert!(ABC.replace('b', "g").parse::<Sha256Digest>().is_err());
        assert!(Sha256Digest::from_base64("AA==").is_err());
        let mut dangling = digest.to_base64();
        dangling.replace_range(42..43, "1"); // bits beyond the 32 bytes
        assert!(Sha256Digest::from_base64(&dangling).is_err());
    }
}
