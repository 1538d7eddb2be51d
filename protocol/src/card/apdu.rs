//! Command and response APDUs of ISO/IEC 7816-4 section 5, short form only: at most 255 bytes of
//! command data and 256 of response data, because the capability bytes of the CPS3 announce no
//! extended length. Under T=0 a case 4 command is sent as case 3 and its answer is fetched by GET
//! RESPONSE (ISO/IEC 7816-3 section 12.2). A command that carries a PIN hides its data in `Debug`.

use std::fmt;

use zeroize::Zeroizing;

use super::status::StatusWord;

/// The transmission protocol that the card and the reader agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransmissionProtocol {
    /// Byte oriented, T=0: a command has data or an expected length, never both.
    T0,
    /// Block oriented, T=1.
    T1,
}

/// The commands that this crate sends, named as ISO/IEC 7816-4 and -8 name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Instruction {
    /// VERIFY, `20`.
    Verify,
    /// CHANGE REFERENCE DATA, `24`.
    ChangeReferenceData,
    /// RESET RETRY COUNTER, `2C`.
    ResetRetryCounter,
    /// MANAGE SECURITY ENVIRONMENT, `22`.
    ManageSecurityEnvironment,
    /// PERFORM SECURITY OPERATION, `2A`.
    PerformSecurityOperation,
    /// INTERNAL AUTHENTICATE, `88`.
    InternalAuthenticate,
    /// SELECT, `A4`.
    Select,
    /// READ BINARY, `B0`.
    ReadBinary,
    /// GET RESPONSE, `C0`.
    GetResponse,
    /// GET DATA, odd instruction `CB`.
    GetData,
}

impl Instruction {
    /// The instruction byte.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Verify => 0x20,
            Self::ChangeReferenceData => 0x24,
            Self::ResetRetryCounter => 0x2C,
            Self::ManageSecurityEnvironment => 0x22,
            Self::PerformSecurityOperation => 0x2A,
            Self::InternalAuthenticate => 0x88,
            Self::Select => 0xA4,
            Self::ReadBinary => 0xB0,
            Self::GetResponse => 0xC0,
            Self::GetData => 0xCB,
        }
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Verify => "VERIFY",
            Self::ChangeReferenceData => "CHANGE REFERENCE DATA",
            Self::ResetRetryCounter => "RESET RETRY COUNTER",
            Self::ManageSecurityEnvironment => "MANAGE SECURITY ENVIRONMENT",
            Self::PerformSecurityOperation => "PERFORM SECURITY OPERATION",
            Self::InternalAuthenticate => "INTERNAL AUTHENTICATE",
            Self::Select => "SELECT",
            Self::ReadBinary => "READ BINARY",
            Self::GetResponse => "GET RESPONSE",
            Self::GetData => "GET DATA",
        })
    }
}

/// A command APDU of the interindustry class without secure messaging, on the basic channel unless
/// told otherwise.
pub struct Command {
    class: u8,
    instruction: Instruction,
    p1: u8,
    p2: u8,
    data: Zeroizing<Vec<u8>>,
    /// 1 to 256, or none where no answer data is wanted.
    expected: Option<u16>,
    sensitive: bool,
}

impl Command {
    /// The bits of the class that name the logical channel.
    const CHANNEL: u8 = 0x03;

    /// A command without data and without expected answer data (case 1).
    #[must_use]
    pub fn new(instruction: Instruction, p1: u8, p2: u8) -> Self {
        let data = Zeroizing::new(Vec::new());
        Self {
            class: 0x00,
            instruction,
            p1,
            p2,
            data,
            expected: None,
            sensitive: false,
        }
    }

    /// Adds the data field, 1 to 255 bytes.
    ///
    /// # Errors
    /// [`ApduError::DataLength`] for no data (an empty data field changes the meaning of VERIFY) or
    /// more than 255 bytes.
    pub fn with_data(mut self, data: &[u8]) -> Result<Self, ApduError> {
        if data.is_empty() || data.len() > 255 {
            return Err(ApduError::DataLength { length: data.len() });
        }
        self.data = Zeroizing::new(data.to_vec());
        Ok(self)
    }

    /// Sends the command on a logical channel, 0 to 3 (ISO/IEC 7816-4 section 5.4.1); only the two
    /// lowest bits of the number count.
    #[must_use]
    pub fn on_channel(mut self, channel: u8) -> Self {
        self.class = self.class & !Self::CHANNEL | channel & Self::CHANNEL;
        self
    }

    /// Marks the command as one of a chain that another command goes on with (section 5.3.3).
    #[must_use]
    pub fn chained(mut self) -> Self {
        self.class |= 0x10;
        self
    }

    /// Asks for up to `length` bytes of answer data; 0 and anything above 256 stand for 256, the
    /// most a short APDU can ask for.
    #[must_use]
    pub fn expecting(mut self, length: u16) -> Self {
        self.expected = Some(if length == 0 { 256 } else { length.min(256) });
        self
    }

    /// Marks the data field as secret: `Debug` withholds it.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// The instruction.
    #[must_use]
    pub fn instruction(&self) -> Instruction {
        self.instruction
    }

    /// The logical channel.
    #[must_use]
    pub fn channel(&self) -> u8 {
        self.class & Self::CHANNEL
    }

    /// The expected length of the answer data, 1 to 256 bytes.
    #[must_use]
    pub fn expected(&self) -> Option<u16> {
        self.expected
    }

    /// Whether the command has a data field.
    #[must_use]
    pub fn has_data(&self) -> bool {
        !self.data.is_empty()
    }

    /// The bytes to send. Under T=0 a case 4 command goes without its expected length.
    #[must_use]
    pub fn encode(&self, protocol: TransmissionProtocol) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(4 + 1 + self.data.len() + 1));
        bytes.extend_from_slice(&[self.class, self.instruction.code(), self.p1, self.p2]);
        if let (Ok(length), true) = (u8::try_from(self.data.len()), self.has_data()) {
            bytes.push(length);
            bytes.extend_from_slice(&self.data);
        }
        if let Some(expected) = self.expected
            && (!self.has_data() || protocol == TransmissionProtocol::T1)
        {
            bytes.push(expected.to_be_bytes()[1]);
        }
        bytes
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:02X}{:02X}", self.instruction, self.p1, self.p2)?;
        if self.sensitive {
            write!(f, " [{} bytes withheld]", self.data.len())?;
        } else if self.has_data() {
            f.write_str(" ")?;
            self.data
                .iter()
                .try_for_each(|byte| write!(f, "{byte:02X}"))?;
        }
        match self.expected {
            Some(expected) => write!(f, " expecting {expected}"),
            None => Ok(()),
        }
    }
}

/// A response APDU.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// 0 to 256 bytes for one answer; more where GET RESPONSE gathered several.
    pub data: Vec<u8>,
    /// How the command ended.
    pub status: StatusWord,
}

impl Response {
    /// Splits one raw answer of 2 to 258 bytes.
    ///
    /// # Errors
    /// [`ApduError::ResponseTooShort`] below 2 bytes, which is how a pulled card shows itself
    /// through some readers; [`ApduError::ResponseTooLong`] above 258.
    pub fn from_bytes(mut bytes: Vec<u8>) -> Result<Self, ApduError> {
        if bytes.len() > 258 {
            return Err(ApduError::ResponseTooLong {
                length: bytes.len(),
            });
        }
        match (bytes.pop(), bytes.pop()) {
            (Some(sw2), Some(sw1)) => Ok(Self {
                data: bytes,
                status: StatusWord(u16::from_be_bytes([sw1, sw2])),
            }),
            (last, _) => Err(ApduError::ResponseTooShort {
                length: last.iter().count(),
            }),
        }
    }
}

/// Shows the length of the data and never the data: an answer may hold a person's identity.
impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({} bytes, {})", self.data.len(), self.status)
    }
}

/// A command or an answer that short APDUs do not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApduError {
    /// The data field has a length that a short command cannot carry.
    #[error("a command cannot carry {length} bytes of data")]
    DataLength {
        /// Bytes offered.
        length: usize,
    },
    /// The answer has no complete status word.
    #[error("the answer has {length} bytes and no status word")]
    ResponseTooShort {
        /// Bytes received, 0 or 1.
        length: usize,
    },
    /// The answer is longer than a short APDU allows.
    #[error("the answer has {length} bytes, more than the 258 allowed")]
    ResponseTooLong {
        /// Bytes received.
        length: usize,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{ApduError, Command, Instruction, Response, TransmissionProtocol};

    #[test]
    fn the_four_cases_encode_as_the_standard_says() {
        let t0 = TransmissionProtocol::T0;
        let t1 = TransmissionProtocol::T1;
        let command = || Command::new(Instruction::Select, 0x09, 0x0C);
        assert_eq!(*command().encode(t0), [0x00, 0xA4, 0x09, 0x0C]);
        assert_eq!(
            *command().expecting(256).encode(t0),
            [0x00, 0xA4, 0x09, 0x0C, 0x00]
        );
        assert_eq!(
            *command().expecting(12).encode(t0),
            [0x00, 0xA4, 0x09, 0x0C, 0x0C]
        );
        let case_3 = command().with_data(&[0x3F, 0x00]).unwrap();
        assert_eq!(
            *case_3.encode(t1),
            [0x00, 0xA4, 0x09, 0x0C, 0x02, 0x3F, 0x00]
        );
        let case_4 = case_3.expecting(0);
        assert_eq!(
            *case_4.encode(t1),
            [0x00, 0xA4, 0x09, 0x0C, 0x02, 0x3F, 0x00, 0x00]
        );
        assert_eq!(
            *case_4.encode(t0),
            [0x00, 0xA4, 0x09, 0x0C, 0x02, 0x3F, 0x00]
        );
    }

    #[test]
    fn the_class_names_channel_and_chain() {
        let t1 = TransmissionProtocol::T1;
        let command = || Command::new(Instruction::PerformSecurityOperation, 0x80, 0x86);
        assert_eq!(
            *command().on_channel(1).encode(t1),
            [0x01, 0x2A, 0x80, 0x86]
        );
        let chained = command().on_channel(1).chained();
        assert_eq!(*chained.encode(t1), [0x11, 0x2A, 0x80, 0x86]);
        assert_eq!(chained.channel(), 1);
        assert_eq!(command().chained().channel(), 0);
    }

    #[test]
    fn data_is_one_to_255_bytes() {
        let command = || Command::new(Instruction::Verify, 0, 1);
        assert_eq!(
            command().with_data(&[]).unwrap_err(),
            ApduError::DataLength { length: 0 }
        );
        assert!(command().with_data(&[0; 255]).is_ok());
        assert_eq!(
            command().with_data(&[0; 256]).unwrap_err(),
            ApduError::DataLength { length: 256 }
        );
    }

    #[test]
    fn a_sensitive_command_hides_its_data() {
        let command = Command::new(Instruction::Verify, 0, 1)
            .with_data(b"1234")
            .unwrap()
            .sensitive();
        let shown = format!("{command:?}");
        assert_eq!(shown, "VERIFY 0001 [4 bytes withheld]");
        let open = Command::new(Instruction::Select, 0, 0)
            .with_data(b"1234")
            .unwrap();
        assert!(format!("{open:?}").contains("31323334"));
    }

    #[test]
    fn an_answer_has_2_to_258_bytes() {
        assert_eq!(
            Response::from_bytes(vec![]),
            Err(ApduError::ResponseTooShort { length: 0 })
        );
        assert_eq!(
            Response::from_bytes(vec![0x90]),
            Err(ApduError::ResponseTooShort { length: 1 })
        );
        assert_eq!(
            Response::from_bytes(vec![0; 259]),
            Err(ApduError::ResponseTooLong { length: 259 })
        );
        let answer = Response::from_bytes(vec![1, 2, 0x90, 0x00]).unwrap();
        assert_eq!(
            (answer.data.as_slice(), answer.status.0),
            ([1, 2].as_slice(), 0x9000)
        );
        assert_eq!(Response::from_bytes(vec![0; 258]).unwrap().data.len(), 256);
    }
}
