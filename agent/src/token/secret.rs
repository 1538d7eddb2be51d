//! What opens a token, as it was entered: a PIN, a passphrase, or nothing that ever came here because it is typed on the
//! reader's own keypad.

use paraphe_protocol::card::Pin;

use crate::pin::Passphrase;

/// What opens a token. Wiped when dropped.
pub(crate) enum Secret {
    /// Digits.
    Pin(Pin),
    /// A text.
    Passphrase(Passphrase),
    /// Typed on the reader.
    OnKeypad,
}

impl Secret {
    /// The bytes, none where they never came here. Whoever copies them wipes the copy.
    pub(crate) fn expose(&self) -> &[u8] {
        match self {
            Self::Pin(pin) => pin.expose(),
            Self::Passphrase(passphrase) => passphrase.expose(),
            Self::OnKeypad => b"",
        }
    }

    /// Whether both are the same, in a time that says nothing about them but their length.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        let (one, other) = (self.expose(), other.expose());
        one.len() == other.len() && openssl::memcmp::eq(one, other)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Secret(..)")
    }
}
