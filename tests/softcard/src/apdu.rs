//! Parsing of command APDUs as a card receives them (ISO/IEC 7816-3, 12.1 and 12.2; ISO/IEC 7816-4, 5.1).
//!
//! Under T=0 the fifth byte P3 is Lc or Le; which of the two is decided by the instruction, not by the bytes, so
//! [`Command`] keeps P3 and the data apart and the instruction asks for what it needs. A trailing Le after the data
//! (case 4 as PC/SC passes it) is accepted and ignored, as a T=0 reader does. Extended lengths are refused with `6700`:
//! a CPS3 announces in its historical bytes that it has none. Under T=1 the bytes themselves tell the four cases apart.

use crate::status_word::StatusWord;

/// The transmission protocol in which a command came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transmission {
    /// Bytes, with procedure bytes between them.
    T0,
    /// Blocks.
    T1,
}

/// A command whose lengths are consistent.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) class: u8,
    pub(crate) instruction: u8,
    pub(crate) p1: u8,
    pub(crate) p2: u8,
    /// P3 as received; 0 for a command of four bytes.
    p3: u8,
    data: Vec<u8>,
    /// The byte after the data, where there is one.
    trailing_le: Option<u8>,
    transmission: Transmission,
}

/// The bit of the class byte that announces a further command of a chain (ISO/IEC 7816-4, 5.4.1); it has this meaning in
/// the first interindustry classes only.
const CHAINING_BIT: u8 = 0x10;

impl Command {
    /// Parses any bytes; what is not a short command gives `6700`.
    pub(crate) fn parse(bytes: &[u8], transmission: Transmission) -> Result<Self, StatusWord> {
        let (&[class, instruction, p1, p2], body) = bytes
            .split_first_chunk::<4>()
            .ok_or(StatusWord::WRONG_LENGTH)?;
        let (p3, data, trailing_le) = match body {
            [] => (0, &[][..], None),
            [p3] => (*p3, &[][..], Some(*p3)),
            [0, ..] => return Err(StatusWord::WRONG_LENGTH),
            [lc, rest @ ..] => {
                let (data, trailing) = rest
                    .split_at_checked(usize::from(*lc))
                    .ok_or(StatusWord::WRONG_LENGTH)?;
                match trailing {
                    [] => (*lc, data, None),
                    [le] => (*lc, data, Some(*le)),
                    _ => return Err(StatusWord::WRONG_LENGTH),
                }
            }
        };
        Ok(Self {
            class,
            instruction,
            p1,
            p2,
            p3,
            data: data.to_vec(),
            trailing_le,
            transmission,
        })
    }

    /// True when a further command of the same chain must follow.
    pub(crate) fn is_chained(&self) -> bool {
        self.class & 0xF0 == CHAINING_BIT
    }

    /// The class byte without its chaining bit.
    pub(crate) fn plain_class(&self) -> u8 {
        if self.is_chained() {
            self.class & !CHAINING_BIT
        } else {
            self.class
        }
    }

    /// The data of a command that takes data (P3 is Lc); `6700` when P3 announces bytes that did not come.
    pub(crate) fn data(&self) -> Result<&[u8], StatusWord> {
        if self.data.is_empty() && self.p3 != 0 {
            return Err(StatusWord::WRONG_LENGTH);
        }
        Ok(&self.data)
    }

    /// The number of bytes that a command without data asks for (P3 is Le), 1 to 256; `6700` when data came along.
    pub(crate) fn expected_length(&self) -> Result<usize, StatusWord> {
        if !self.data.is_empty() {
            return Err(StatusWord::WRONG_LENGTH);
        }
        Ok(match self.p3 {
            0 => 256,
            le => usize::from(le),
        })
    }

    /// How many of `available` bytes to send, or `6Cxx` with the right number: T=0 sends exactly Le bytes or none, T=1 takes Le
    /// 00 for as many as there are.
    pub(crate) fn exact_length(&self, available: usize) -> Result<usize, StatusWord> {
        let expected = self.expected_length()?;
        if self.transmission == Transmission::T1 && self.p3 == 0 {
            return Ok(available.min(expected));
        }
        if available < expected {
            return Err(StatusWord::wrong_le(available));
        }
        Ok(expected)
    }

    /// T=1: the most bytes that the answer may have beside its status word, 1 to 256; `None` without an Le.
    pub(crate) fn maximum_response(&self) -> Option<usize> {
        self.trailing_le.map(|le| match le {
            0 => 256,
            le => usize::from(le),
        })
    }

    /// This command with the data of its whole chain.
    pub(crate) fn with_data(mut self, data: Vec<u8>) -> Self {
        self.p3 = u8::try_from(data.len()).unwrap_or(u8::MAX);
        self.class = self.plain_class();
        self.data = data;
        self
    }

    pub(crate) fn p1_p2(&self) -> u16 {
        u16::from_be_bytes([self.p1, self.p2])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    impl Command {
        fn parse_t0(bytes: &[u8]) -> Result<Self, StatusWord> {
            Self::parse(bytes, Transmission::T0)
        }
    }

    #[test]
    fn the_four_cases() {
        let case1 = Command::parse_t0(&[0x00, 0x20, 0x00, 0x01]).unwrap();
        assert_eq!(case1.data().unwrap(), b"");
        let case2 = Command::parse_t0(&[0x00, 0xB0, 0x00, 0x00, 0x0C]).unwrap();
        assert_eq!(case2.expected_length(), Ok(12));
        assert_eq!(case2.data(), Err(StatusWord::WRONG_LENGTH));
        let le_256 = Command::parse_t0(&[0x00, 0xB0, 0x00, 0x00, 0x00]).unwrap();
        assert_eq!(le_256.expected_length(), Ok(256));
        assert_eq!(le_256.exact_length(12), Err(StatusWord(0x6C0C)));
        let case3 = Command::parse_t0(&[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00]).unwrap();
        assert_eq!(case3.data().unwrap(), [0x3F, 0x00]);
        assert_eq!(case3.expected_length(), Err(StatusWord::WRONG_LENGTH));
        let case4 = Command::parse_t0(&[0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00]).unwrap();
        assert_eq!(case4.data().unwrap(), [0x3F, 0x00]);
    }

    #[test]
    fn wrong_lengths_are_refused() {
        for bytes in [
            &[][..],
            &[0x00, 0xB0, 0x00],
            &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F],
            &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00, 0x00, 0x00],
            // extended lengths, cases 2 and 3
            &[0x00, 0xB0, 0x00, 0x00, 0x00, 0x01, 0x00],
            &[0x00, 0xA4, 0x00, 0x0C, 0x00, 0x00, 0x02, 0x3F, 0x00],
        ] {
            assert_eq!(
                Command::parse_t0(bytes).err(),
                Some(StatusWord::WRONG_LENGTH),
                "{bytes:02X?}"
            );
        }
    }
}
