//! A passphrase: what opens a software token, or a token behind a PKCS#11 module that takes more than digits.

use paraphe_protocol::SecretPage;

use super::PinEntryError;

/// A text of 1 to [`Passphrase::MAXIMUM`] bytes, in a page of its own. It cannot be shown, copied or compared.
#[expect(
    missing_debug_implementations,
    reason = "a passphrase has no form that may be shown"
)]
pub struct Passphrase(SecretPage);

impl Passphrase {
    /// Longest passphrase, bytes.
    pub const MAXIMUM: usize = 128;

    /// Takes the page into which it was entered: no copy is made.
    ///
    /// # Errors
    /// [`PinEntryError::PassphraseForm`] for one that is empty, too long, or no printable text in UTF-8.
    pub fn from_page(text: SecretPage) -> Result<Self, PinEntryError> {
        let is_text = std::str::from_utf8(text.expose())
            .is_ok_and(|text| !text.chars().any(char::is_control));
        if !is_text || !(1..=Self::MAXIMUM).contains(&text.expose().len()) {
            return Err(PinEntryError::PassphraseForm);
        }
        Ok(Self(text))
    }

    /// The bytes. Whoever copies them wipes the copy.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use paraphe_protocol::SecretPage;

    use super::Passphrase;

    fn is_one(text: &[u8]) -> bool {
        SecretPage::copy_of(text).is_some_and(|page| Passphrase::from_page(page).is_ok())
    }

    #[test]
    fn a_passphrase_is_a_printable_text_of_bounded_length() {
        assert!(is_one(b"1234") && is_one("phrase secrète, longue".as_bytes()));
        assert!(is_one(&[b'a'; 128]) && !is_one(&[b'a'; 129]));
        assert!(!is_one(b"") && !is_one(b"a\nb") && !is_one(b"\xFF"));
    }
}
