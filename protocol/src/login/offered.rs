//! The list of signature algorithms that a record server offers, in its order.
//!
//! Its hash is signed, so that a list shortened on the way (a downgrade) makes the login fail. The
//! list may name algorithms that this version does not know. Refused: an empty list, more than 16
//! names, a name that is empty, longer than 64 characters or not visible ASCII, a name given twice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::algorithm::{SignatureAlgorithm, SignatureError};
use crate::digest::{Sha256Digest, Sha256Hasher};

/// Names of algorithms, for example `["RS256"]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
#[schemars(extend("minItems" = 1, "maxItems" = 16, "uniqueItems" = true, "items" = { "type": "string", "pattern": "^[!-~]{1,64}$" }))]
pub struct OfferedAlgorithms(Vec<String>);

/// Why a list is not one that a record server may offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfferedError {
    /// Empty, or more than 16 names.
    #[error("a record server offers 1 to 16 signature algorithms")]
    Count,
    /// A name that cannot be one, or one given twice.
    #[error("an algorithm's name is 1 to 64 visible ASCII characters, each given once")]
    Name,
}

/// Why a key has no algorithm for a record server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChoiceError {
    /// The key itself.
    #[error(transparent)]
    Key(#[from] SignatureError),
    /// What the server offers, the key does not allow or its token cannot do.
    #[error("the record server offers no algorithm that this key can do")]
    NoneInCommon,
}

impl OfferedAlgorithms {
    /// Most names in a list.
    pub const MAX_COUNT: usize = 16;

    /// Takes a list in the server's order.
    ///
    /// # Errors
    /// [`OfferedError`].
    pub fn new(names: Vec<String>) -> Result<Self, OfferedError> {
        if names.is_empty() || names.len() > Self::MAX_COUNT {
            return Err(OfferedError::Count);
        }
        for (index, name) in names.iter().enumerate() {
            let length = (1..=64).contains(&name.len());
            let seen = names.iter().take(index).any(|earlier| earlier == name);
            if !length || seen || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(OfferedError::Name);
            }
        }
        Ok(Self(names))
    }

    /// Everything that version 1 knows, in this order; what both sides mean where nothing else is said.
    #[must_use]
    pub fn all() -> Self {
        let names = SignatureAlgorithm::LOGINS
            .iter()
            .map(|algorithm| algorithm.name().to_owned());
        Self(names.collect())
    }

    /// Whether the server accepts this algorithm.
    #[must_use]
    pub fn contains(&self, algorithm: SignatureAlgorithm) -> bool {
        self.0.iter().any(|name| name == algorithm.name())
    }

    /// The algorithm for a key, given as DER SubjectPublicKeyInfo: the server's first that the key allows and its holder can do.
    ///
    /// # Errors
    /// [`ChoiceError`].
    pub fn choose(
        &self,
        spki_der: &[u8],
        can: impl Fn(SignatureAlgorithm) -> bool,
    ) -> Result<SignatureAlgorithm, ChoiceError> {
        let of_key = SignatureAlgorithm::for_login(spki_der)?;
        self.0
            .iter()
            .filter_map(|name| name.parse().ok())
            .find(|algorithm| of_key.contains(algorithm) && can(*algorithm))
            .ok_or(ChoiceError::NoneInCommon)
    }

    /// The names, in the server's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// SHA-256 of the names, each preceded by its length (4 bytes, big-endian), in order.
    #[must_use]
    pub fn sha256(&self) -> Sha256Digest {
        let mut hasher = Sha256Hasher::new();
        for name in &self.0 {
            // At most 64, checked by the constructor.
            let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
            hasher.update(&length.to_be_bytes());
            hasher.update(name.as_bytes());
        }
        hasher.finish()
    }
}

impl TryFrom<Vec<String>> for OfferedAlgorithms {
    type Error = OfferedError;

    fn try_from(names: Vec<String>) -> Result<Self, OfferedError> {
        Self::new(names)
    }
}

impl From<OfferedAlgorithms> for Vec<String> {
    fn from(offered: OfferedAlgorithms) -> Self {
        offered.0
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn list(names: &[&str]) -> Result<OfferedAlgorithms, OfferedError> {
        OfferedAlgorithms::new(names.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn borders_between_names_are_part_of_the_hash() {
        let hashes = [
            list(&["RS256"]).unwrap().sha256(),
            list(&["RS", "256"]).unwrap().sha256(),
            list(&["RS2", "56"]).unwrap().sha256(),
            list(&["PS256", "RS256"]).unwrap().sha256(),
            list(&["RS256", "PS256"]).unwrap().sha256(),
        ];
        for (index, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..index].contains(hash));
        }
    }

    #[test]
    fn lists_that_are_refused() {
        assert_eq!(list(&[]), Err(OfferedError::Count));
        assert_eq!(list(&["a"; 17]), Err(OfferedError::Count));
        for names in [&[""][..], &["a b"], &["é"], &["RS256", "RS256"]] {
            assert_eq!(list(names), Err(OfferedError::Name));
        }
        assert_eq!(list(&[&"a".repeat(65)]), Err(OfferedError::Name));
    }
}
