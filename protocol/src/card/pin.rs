//! The holder's PIN, the code that unblocks it, and the form in which a card wants them. [`Pin`] and
//! [`UnblockingCode`] are two types that cannot be given for each other, each a [`SecretPage`] of its
//! own, wiped when dropped, that cannot be shown, copied or compared. [`PinFormat`] comes from the
//! card's PKCS#15 authentication objects; a PIN that does not fit it is refused before the card is
//! asked. An empty PIN cannot be made: VERIFY without data is a question about the PIN state on
//! some cards, and would "succeed".

use zeroize::Zeroizing;

use crate::secret_page::SecretPage;

/// A PIN as the holder typed it: 1 to [`Pin::MAX_DIGITS`] decimal digits.
#[expect(
    missing_debug_implementations,
    reason = "a PIN has no form that may be shown"
)]
pub struct Pin(Digits);

/// The code that gives a blocked PIN a new value, as the holder typed it from the issuer's letter:
/// 1 to [`Pin::MAX_DIGITS`] decimal digits.
#[expect(
    missing_debug_implementations,
    reason = "an unblocking code has no form that may be shown"
)]
pub struct UnblockingCode(Digits);

struct Digits(SecretPage);

impl Pin {
    /// Digits in the longest PIN that any card of the family stores.
    pub const MAX_DIGITS: usize = 16;

    /// Takes the ASCII digits of a PIN. The caller wipes its own copy.
    ///
    /// # Errors
    /// [`PinFormatError`] for an empty PIN, one of more than 16 characters, or one with anything
    /// but digits `0` to `9`.
    pub fn from_digits(digits: &[u8]) -> Result<Self, PinFormatError> {
        Digits::copy(digits).map(Self)
    }

    /// Takes the page into which the ASCII digits of a PIN were entered: no copy is made.
    ///
    /// # Errors
    /// As [`Pin::from_digits`].
    pub fn from_page(digits: SecretPage) -> Result<Self, PinFormatError> {
        Digits::take(digits).map(Self)
    }

    /// The ASCII digits, for a token that is no card of ours. Whoever copies them wipes the copy.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// Whether both are the same digits, in a time that says nothing about them.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let (one, other) = (self.0.expose(), other.0.expose());
        one.len() == other.len() && openssl::memcmp::eq(one, other)
    }
}

impl UnblockingCode {
    /// Takes the ASCII digits of an unblocking code. The caller wipes its own copy.
    ///
    /// # Errors
    /// As [`Pin::from_digits`].
    pub fn from_digits(digits: &[u8]) -> Result<Self, PinFormatError> {
        Digits::copy(digits).map(Self)
    }

    /// Takes the page into which the ASCII digits of an unblocking code were entered: no copy is
    /// made.
    ///
    /// # Errors
    /// As [`Pin::from_digits`].
    pub fn from_page(digits: SecretPage) -> Result<Self, PinFormatError> {
        Digits::take(digits).map(Self)
    }
}

impl Digits {
    fn copy(digits: &[u8]) -> Result<Self, PinFormatError> {
        check(digits)?;
        // What was checked fits: a page holds more than the longest PIN.
        SecretPage::copy_of(digits)
            .map(Self)
            .ok_or(PinFormatError::TooLong {
                maximum: Pin::MAX_DIGITS,
            })
    }

    fn take(digits: SecretPage) -> Result<Self, PinFormatError> {
        check(digits.expose())?;
        Ok(Self(digits))
    }

    fn expose(&self) -> &[u8] {
        self.0.expose()
    }
}

fn check(digits: &[u8]) -> Result<(), PinFormatError> {
    if digits.is_empty() {
        return Err(PinFormatError::Empty);
    }
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err(PinFormatError::NotDigits);
    }
    if digits.len() > Pin::MAX_DIGITS {
        return Err(PinFormatError::TooLong {
            maximum: Pin::MAX_DIGITS,
        });
    }
    Ok(())
}

/// How a card wants a PIN presented (PKCS#15 v1.1 section 6.8.1, PinAttributes).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PinFormat {
    minimum: usize,
    maximum: usize,
    stored: usize,
    padding: Option<u8>,
    reference: u8,
}

impl PinFormat {
    /// A format of `minimum` to `maximum` digits, sent in `stored` bytes filled up by `padding`, or
    /// as it is where that is `None`.
    ///
    /// # Errors
    /// [`PinFormatError::Unusable`] unless 1 <= minimum <= maximum <= 16, a padded PIN fits its
    /// stored length of at most 16, and the reference is that of a global PIN (1 to 31, ISO/IEC
    /// 7816-4 section 11.5.2). A maximum below the minimum is taken as the minimum. The stored
    /// length of a PIN without padding says nothing: there are cards that state the shortest.
    pub fn new(
        minimum: usize,
        maximum: usize,
        stored: usize,
        padding: Option<u8>,
        reference: u8,
    ) -> Result<Self, PinFormatError> {
        let minimum = minimum.max(1);
        let maximum = maximum.max(minimum);
        let room = match padding {
            Some(_) => stored,
            None => maximum,
        };
        if maximum > room || room > Pin::MAX_DIGITS || !(1..=31).contains(&reference) {
            return Err(PinFormatError::Unusable);
        }
        Ok(Self {
            minimum,
            maximum,
            stored,
            padding,
            reference,
        })
    }

    /// Fewest digits.
    #[must_use]
    pub fn minimum(&self) -> usize {
        self.minimum
    }

    /// Most digits.
    #[must_use]
    pub fn maximum(&self) -> usize {
        self.maximum
    }

    /// The card's reference of the PIN (P2 of VERIFY).
    #[must_use]
    pub fn reference(&self) -> u8 {
        self.reference
    }

    /// Bytes that carry a PIN in a command, where that does not depend on its digits: a padded form,
    /// or one with a single length.
    #[must_use]
    pub fn fixed_length(&self) -> Option<usize> {
        match self.padding {
            Some(_) => Some(self.stored),
            None if self.minimum == self.maximum => Some(self.maximum),
            None => None,
        }
    }

    /// The byte that fills a PIN up.
    #[must_use]
    pub fn padding(&self) -> Option<u8> {
        self.padding
    }

    /// The data field of VERIFY for `pin`.
    pub(crate) fn encode(&self, pin: &Pin) -> Result<Zeroizing<Vec<u8>>, PinFormatError> {
        self.fill(&pin.0)
    }

    /// The data field of VERIFY for an unblocking code, `self` being that code's form.
    pub(crate) fn encode_code(
        &self,
        code: &UnblockingCode,
    ) -> Result<Zeroizing<Vec<u8>>, PinFormatError> {
        self.fill(&code.0)
    }

    fn fill(&self, digits: &Digits) -> Result<Zeroizing<Vec<u8>>, PinFormatError> {
        let digits = digits.expose();
        if digits.is_empty() {
            return Err(PinFormatError::Empty);
        }
        if digits.len() < self.minimum {
            return Err(PinFormatError::TooShort {
                minimum: self.minimum,
            });
        }
        if digits.len() > self.maximum {
            return Err(PinFormatError::TooLong {
                maximum: self.maximum,
            });
        }
        // Room for a second one, and never more is written: no reallocation leaves an unwiped copy
        // behind.
        let mut data = Zeroizing::new(Vec::with_capacity(2 * Pin::MAX_DIGITS));
        data.extend_from_slice(digits);
        if let Some(padding) = self.padding {
            data.resize(self.stored, padding);
        }
        Ok(data)
    }
}

/// A PIN that does not have the form the card wants, or a form that cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinFormatError {
    /// No digit.
    #[error("the PIN is empty")]
    Empty,
    /// Something else than digits.
    #[error("the PIN has characters other than digits")]
    NotDigits,
    /// Too few digits.
    #[error("the PIN has fewer than {minimum} digits")]
    TooShort {
        /// Fewest digits.
        minimum: usize,
    },
    /// Too many digits.
    #[error("the PIN has more than {maximum} digits")]
    TooLong {
        /// Most digits.
        maximum: usize,
    },
    /// A new PIN that is the old one.
    #[error("the new PIN is the old one")]
    Unchanged,
    /// The card describes its PIN in a way that this program cannot follow.
    #[error("the card describes its PIN in an unusable way")]
    Unusable,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Pin, PinFormat, PinFormatError, UnblockingCode};

    #[test]
    fn only_digits_make_a_pin() {
        let error = |digits: &[u8]| Pin::from_digits(digits).err();
        assert_eq!(error(b""), Some(PinFormatError::Empty));
        assert_eq!(error(b"12a4"), Some(PinFormatError::NotDigits));
        assert_eq!(
            error("12\u{661}4".as_bytes()),
            Some(PinFormatError::NotDigits)
        );
        assert_eq!(
            error(&[b'1'; 17]),
            Some(PinFormatError::TooLong { maximum: 16 })
        );
        assert_eq!(error(&[b'1'; 16]), None);
    }

    #[test]
    fn the_card_s_form_is_followed() {
        let padded = PinFormat::new(4, 4, 8, Some(0xFF), 1).unwrap();
        let encoded = padded.encode(&Pin::from_digits(b"1234").unwrap()).unwrap();
        assert_eq!(*encoded, [0x31, 0x32, 0x33, 0x34, 0xFF, 0xFF, 0xFF, 0xFF]);
        let error = |digits: &[u8]| padded.encode(&Pin::from_digits(digits).unwrap()).err();
        assert_eq!(error(b"123"), Some(PinFormatError::TooShort { minimum: 4 }));
        assert_eq!(
            error(b"12345"),
            Some(PinFormatError::TooLong { maximum: 4 })
        );
        let plain = PinFormat::new(4, 8, 8, None, 1).unwrap();
        assert_eq!(
            **plain.encode(&Pin::from_digits(b"12345").unwrap()).unwrap(),
            *b"12345"
        );
    }

    #[test]
    fn an_unblocking_code_has_its_own_form() {
        let form = PinFormat::new(8, 8, 8, None, 2).unwrap();
        let code = |digits: &[u8]| UnblockingCode::from_digits(digits).unwrap();
        assert_eq!(
            **form.encode_code(&code(b"12345678")).unwrap(),
            *b"12345678"
        );
        assert_eq!(
            form.encode_code(&code(b"1234567")).err(),
            Some(PinFormatError::TooShort { minimum: 8 })
        );
        assert_eq!(
            UnblockingCode::from_digits(b"").err(),
            Some(PinFormatError::Empty)
        );
        assert_eq!(form.fixed_length(), Some(8));
        let open = PinFormat::new(4, 8, 8, None, 1).unwrap();
        assert_eq!(open.fixed_length(), None);
    }

    #[test]
    fn pins_are_the_same_or_not() {
        let pin = |digits: &[u8]| Pin::from_digits(digits).unwrap();
        assert!(pin(b"1234").is_same_as(&pin(b"1234")));
        assert!(!pin(b"1234").is_same_as(&pin(b"1235")));
        assert!(!pin(b"1234").is_same_as(&pin(b"12340")));
    }

    #[test]
    fn an_unusable_form_is_refused() {
        assert_eq!(
            PinFormat::new(4, 9, 8, Some(0xFF), 1),
            Err(PinFormatError::Unusable)
        );
        assert_eq!(
            PinFormat::new(4, 4, 17, Some(0xFF), 1),
            Err(PinFormatError::Unusable)
        );
        assert_eq!(
            PinFormat::new(4, 17, 17, None, 1),
            Err(PinFormatError::Unusable)
        );
        // Shortest 4, stored 4, longest 8.
        assert_eq!(PinFormat::new(4, 8, 4, None, 1).unwrap().maximum(), 8);
        assert_eq!(
            PinFormat::new(4, 4, 8, None, 0),
            Err(PinFormatError::Unusable)
        );
        assert_eq!(
            PinFormat::new(4, 4, 8, None, 0x81),
            Err(PinFormatError::Unusable)
        );
        assert_eq!(PinFormat::new(0, 0, 8, None, 1).unwrap().minimum(), 1);
    }
}
