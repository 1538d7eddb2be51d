//! Status words SW1-SW2 that the cards answer (ISO/IEC 7816-4, 5.6; GSM 11.11 family for the CPS2ter face).
//!
//! Only the values that a simulated card gives are named here.

/// The two closing bytes of every response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusWord(pub(crate) u16);

impl StatusWord {
    pub(crate) const SUCCESS: Self = Self(0x9000);
    pub(crate) const WRONG_LENGTH: Self = Self(0x6700);
    pub(crate) const LOGICAL_CHANNEL_NOT_SUPPORTED: Self = Self(0x6881);
    pub(crate) const SECURE_MESSAGING_NOT_SUPPORTED: Self = Self(0x6882);
    pub(crate) const LAST_COMMAND_OF_CHAIN_EXPECTED: Self = Self(0x6883);
    pub(crate) const CHAINING_NOT_SUPPORTED: Self = Self(0x6884);
    pub(crate) const SECURITY_STATUS_NOT_SATISFIED: Self = Self(0x6982);
    pub(crate) const AUTHENTICATION_METHOD_BLOCKED: Self = Self(0x6983);
    pub(crate) const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    pub(crate) const NO_CURRENT_FILE: Self = Self(0x6986);
    pub(crate) const INCORRECT_DATA: Self = Self(0x6A80);
    pub(crate) const FILE_NOT_FOUND: Self = Self(0x6A82);
    pub(crate) const NOT_ENOUGH_MEMORY: Self = Self(0x6A84);
    pub(crate) const INCORRECT_P1_P2: Self = Self(0x6A86);
    pub(crate) const REFERENCED_DATA_NOT_FOUND: Self = Self(0x6A88);
    pub(crate) const WRONG_OFFSET: Self = Self(0x6B00);
    pub(crate) const INSTRUCTION_NOT_SUPPORTED: Self = Self(0x6D00);
    pub(crate) const CLASS_NOT_SUPPORTED: Self = Self(0x6E00);
    pub(crate) const INTERNAL_ERROR: Self = Self(0x6F00);
    /// CPS2ter face: file identifier not found.
    pub(crate) const CPS2TER_FILE_NOT_FOUND: Self = Self(0x9404);
    /// CPS2ter face: the current file has the wrong type for this command.
    pub(crate) const CPS2TER_WRONG_FILE_TYPE: Self = Self(0x9408);
    /// CPS2ter face: address outside the file.
    pub(crate) const CPS2TER_BAD_ADDRESS: Self = Self(0x9402);
    /// CPS2ter face: access condition not fulfilled, the PIN was not presented.
    pub(crate) const CPS2TER_PIN_REQUIRED: Self = Self(0x9804);

    /// `63Cx`: the comparison failed and `tries_left` tries remain (ISO/IEC 7816-4, table 6).
    pub(crate) fn tries_left(tries_left: u8) -> Self {
        Self(0x63C0 | u16::from(tries_left.min(0x0F)))
    }

    /// `6Cxx`: wrong Le, `available` bytes are there (256 is written 00).
    pub(crate) fn wrong_le(available: usize) -> Self {
        Self(0x6C00 | short_length(available))
    }

    /// `SW1 xx`: `remaining` bytes wait for GET RESPONSE (256 and more is written 00).
    pub(crate) fn more_data(first_byte: u8, remaining: usize) -> Self {
        Self(u16::from(first_byte) << 8 | short_length(remaining))
    }

    pub(crate) fn to_bytes(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }
}

/// The one-byte form of a length: 1 to 255 as themselves, 256 and more as 0.
fn short_length(length: usize) -> u16 {
    u16::try_from(length)
        .ok()
        .filter(|length| *length < 256)
        .unwrap_or(0)
}
