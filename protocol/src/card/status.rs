//! Status words: the two bytes that end every answer, with the meanings of ISO/IEC 7816-4 section
//! 5.6 that the health cards use. A value that is not in the table keeps its number and is an
//! error; nothing here decides what a driver does about it.

use std::fmt;

use serde::{Serialize, Serializer};

/// The status word `SW1 SW2` of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatusWord(pub u16);

/// What a [`StatusWord`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusMeaning {
    /// `9000`.
    Success,
    /// `61xx`: this many more bytes (256 for `6100`) wait for GET RESPONSE.
    MoreData(u16),
    /// `6Cxx`: the exact length is this (256 for `6C00`).
    WrongExpectedLength(u16),
    /// `6282`: the end of the file came before the length asked for.
    EndOfFile,
    /// `62xx` and `63xx` other than those named here.
    Warning,
    /// `63Cx` and `6300`: the comparison failed; the tries left where the card says them.
    VerificationFailed {
        /// Tries left after this one.
        tries_left: Option<u8>,
    },
    /// `6700`.
    WrongLength,
    /// `6882`.
    SecureMessagingNotSupported,
    /// `6883`.
    LastCommandOfChainExpected,
    /// `6884`.
    CommandChainingNotSupported,
    /// `6981`.
    IncompatibleFile,
    /// `6982`: the PIN is needed, or was lost by a reset.
    SecurityStatusNotSatisfied,
    /// `6983`: no try is left.
    AuthenticationBlocked,
    /// `6984`.
    ReferenceDataNotUsable,
    /// `6985`.
    ConditionsNotSatisfied,
    /// `6986`: no file is selected.
    NoCurrentFile,
    /// `6A80`.
    WrongData,
    /// `6A81`.
    FunctionNotSupported,
    /// `6A82`.
    FileNotFound,
    /// `6A83`.
    RecordNotFound,
    /// `6A84`.
    NotEnoughMemory,
    /// `6A86`.
    IncorrectParameters,
    /// `6A87`.
    LengthInconsistentWithParameters,
    /// `6A88`.
    ReferencedDataNotFound,
    /// `6B00`: the offset is beyond the file.
    WrongOffset,
    /// `6Dxx`.
    InstructionNotSupported,
    /// `6Exx`.
    ClassNotSupported,
    /// `6Fxx`.
    NoPreciseDiagnosis,
    /// Any other value.
    Other,
}

impl StatusWord {
    /// `9000`.
    pub const SUCCESS: Self = Self(0x9000);

    /// `SW1`.
    #[must_use]
    pub fn sw1(self) -> u8 {
        self.0.to_be_bytes()[0]
    }

    /// `SW2`.
    #[must_use]
    pub fn sw2(self) -> u8 {
        self.0.to_be_bytes()[1]
    }

    /// Whether this is `9000`, and nothing else.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::SUCCESS
    }

    /// The meaning, by the table of ISO/IEC 7816-4.
    #[must_use]
    pub fn meaning(self) -> StatusMeaning {
        use StatusMeaning as Meaning;
        let length = |sw2: u8| if sw2 == 0 { 256 } else { u16::from(sw2) };
        match self.0.to_be_bytes() {
            [0x90, 0x00] => Meaning::Success,
            [0x61, sw2] => Meaning::MoreData(length(sw2)),
            [0x6C, sw2] => Meaning::WrongExpectedLength(length(sw2)),
            [0x62, 0x82] => Meaning::EndOfFile,
            [0x63, sw2] if sw2 & 0xF0 == 0xC0 => Meaning::VerificationFailed {
                tries_left: Some(sw2 & 0x0F),
            },
            [0x63, 0x00] => Meaning::VerificationFailed { tries_left: None },
            [0x62 | 0x63, _] => Meaning::Warning,
            [0x67, 0x00] => Meaning::WrongLength,
            [0x68, 0x82] => Meaning::SecureMessagingNotSupported,
            [0x68, 0x83] => Meaning::LastCommandOfChainExpected,
            [0x68, 0x84] => Meaning::CommandChainingNotSupported,
            [0x69, 0x81] => Meaning::IncompatibleFile,
            [0x69, 0x82] => Meaning::SecurityStatusNotSatisfied,
            [0x69, 0x83] => Meaning::AuthenticationBlocked,
            [0x69, 0x84] => Meaning::ReferenceDataNotUsable,
            [0x69, 0x85] => Meaning::ConditionsNotSatisfied,
            [0x69, 0x86] => Meaning::NoCurrentFile,
            [0x6A, 0x80] => Meaning::WrongData,
            [0x6A, 0x81] => Meaning::FunctionNotSupported,
            [0x6A, 0x82] => Meaning::FileNotFound,
            [0x6A, 0x83] => Meaning::RecordNotFound,
            [0x6A, 0x84] => Meaning::NotEnoughMemory,
            [0x6A, 0x86] => Meaning::IncorrectParameters,
            [0x6A, 0x87] => Meaning::LengthInconsistentWithParameters,
            [0x6A, 0x88] => Meaning::ReferencedDataNotFound,
            [0x6B, 0x00] => Meaning::WrongOffset,
            [0x6D, _] => Meaning::InstructionNotSupported,
            [0x6E, _] => Meaning::ClassNotSupported,
            [0x6F, _] => Meaning::NoPreciseDiagnosis,
            _ => Meaning::Other,
        }
    }
}

impl StatusMeaning {
    /// A short English description, for logs.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::MoreData(_) => "more data available",
            Self::WrongExpectedLength(_) => "wrong expected length",
            Self::EndOfFile => "end of file reached",
            Self::Warning => "warning",
            Self::VerificationFailed { .. } => "verification failed",
            Self::WrongLength => "wrong length",
            Self::SecureMessagingNotSupported => "secure messaging not supported",
            Self::LastCommandOfChainExpected => "last command of the chain expected",
            Self::CommandChainingNotSupported => "command chaining not supported",
            Self::IncompatibleFile => "command incompatible with the file",
            Self::SecurityStatusNotSatisfied => "security status not satisfied",
            Self::AuthenticationBlocked => "authentication method blocked",
            Self::ReferenceDataNotUsable => "reference data not usable",
            Self::ConditionsNotSatisfied => "conditions of use not satisfied",
            Self::NoCurrentFile => "no current file",
            Self::WrongData => "incorrect data field",
            Self::FunctionNotSupported => "function not supported",
            Self::FileNotFound => "file not found",
            Self::RecordNotFound => "record not found",
            Self::NotEnoughMemory => "not enough memory",
            Self::IncorrectParameters => "incorrect parameters P1-P2",
            Self::LengthInconsistentWithParameters => "length inconsistent with P1-P2",
            Self::ReferencedDataNotFound => "referenced data not found",
            Self::WrongOffset => "offset outside the file",
            Self::InstructionNotSupported => "instruction not supported",
            Self::ClassNotSupported => "class not supported",
            Self::NoPreciseDiagnosis => "no precise diagnosis",
            Self::Other => "unknown status",
        }
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} ({})", self.0, self.meaning().description())
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StatusWord({:04X})", self.0)
    }
}

/// Four hexadecimal digits.
impl Serialize for StatusWord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:04X}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{StatusMeaning, StatusWord};

    #[test]
    fn the_table_tells_neighbours_apart() {
        let meaning = |value: u16| StatusWord(value).meaning();
        assert_eq!(meaning(0x6100), StatusMeaning::MoreData(256));
        assert_eq!(meaning(0x6127), StatusMeaning::MoreData(0x27));
        assert_eq!(meaning(0x6C0C), StatusMeaning::WrongExpectedLength(12));
        assert_eq!(
            meaning(0x63C2),
            StatusMeaning::VerificationFailed {
                tries_left: Some(2)
            }
        );
        assert_eq!(
            meaning(0x6300),
            StatusMeaning::VerificationFailed { tries_left: None }
        );
        assert_eq!(meaning(0x6381), StatusMeaning::Warning);
        assert_eq!(meaning(0x6282), StatusMeaning::EndOfFile);
        assert_eq!(meaning(0x6283), StatusMeaning::Warning);
        assert_eq!(meaning(0x9001), StatusMeaning::Other);
        assert!(!StatusWord(0x9001).is_success());
    }

    #[test]
    fn display_gives_number_and_words() {
        assert_eq!(
            StatusWord(0x6983).to_string(),
            "6983 (authentication method blocked)"
        );
    }
}
