//! The Luhn check digit (ISO/IEC 7812-1 annex B) that RPPS, FINESS, SIREN and SIRET carry.
//!
//! Published test numbers do not all respect it, so its outcome is information for a person or a
//! policy, never a parse error.

/// What the check digit of an identifier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckDigit {
    /// The digit is the one that the others imply.
    Valid,
    /// The digit is another one: a typing error, or invented test data.
    Invalid,
    /// This identifier has no check digit (letters in a test FINESS, practice numbers).
    NotApplicable,
}

impl CheckDigit {
    /// The Luhn check of a string of ASCII digits, the last one being the check digit.
    /// Anything else than digits, and the empty string, is [`CheckDigit::NotApplicable`].
    pub(super) fn luhn(digits: &str) -> Self {
        if digits.is_empty() {
            return Self::NotApplicable;
        }
        let mut sum = 0u32;
        for (rank, byte) in digits.bytes().rev().enumerate() {
            if !byte.is_ascii_digit() {
                return Self::NotApplicable;
            }
            let digit = u32::from(byte - b'0');
            let weighted = if rank.is_multiple_of(2) {
                digit
            } else {
                digit * 2
            };
            sum += weighted / 10 + weighted % 10;
        }
        if sum.is_multiple_of(10) {
            Self::Valid
        } else {
            Self::Invalid
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luhn_of_published_numbers() {
        assert_eq!(CheckDigit::luhn("187512751"), CheckDigit::Valid); // SIREN in the CA names
        assert_eq!(CheckDigit::luhn("187512752"), CheckDigit::Invalid);
        assert_eq!(CheckDigit::luhn("899900063480"), CheckDigit::Invalid);
        assert_eq!(CheckDigit::luhn("99900063480"), CheckDigit::Valid);
    }

    #[test]
    fn luhn_does_not_apply_to_letters_nor_to_nothing() {
        assert_eq!(CheckDigit::luhn("0B0127189"), CheckDigit::NotApplicable);
        assert_eq!(CheckDigit::luhn(""), CheckDigit::NotApplicable);
    }
}
