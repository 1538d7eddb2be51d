//! A private key as PEM text: wiped from memory when dropped, never shown by `Debug`, not cloned.

use zeroize::Zeroizing;

/// PKCS#8 private key in PEM (`BEGIN PRIVATE KEY`). [`expose`](Self::expose) is the only way to its text.
pub struct PrivateKeyPem(Zeroizing<String>);

impl PrivateKeyPem {
    /// Takes a text over; the caller has no other copy.
    #[must_use]
    pub fn new(pem: String) -> Self {
        Self(Zeroizing::new(pem))
    }

    /// The PEM text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for PrivateKeyPem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKeyPem(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(
            format!("{:?}", PrivateKeyPem::new("secret".into())),
            "PrivateKeyPem(..)"
        );
    }
}
