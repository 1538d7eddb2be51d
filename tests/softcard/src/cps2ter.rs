//! The CPS2ter face: legacy records reached with class A0, in the manner of GSM 11.11.
//!
//! SELECT level by level (`9F0D`, then GET RESPONSE gives template 85: size, identifier, type), READ BINARY with the exact
//! length. The face shares the PIN state of the IAS side (our choice). It holds CPS_SIT_FACT in 3F00/7F01/4000 and
//! one record per practice situation in 3F00/4010 to 401F.

use crate::apdu::Command;
use crate::file_system::MASTER_FILE;
use crate::status_word::StatusWord;
use crate::tlv::encode;

/// The directory that holds CPS_SIT_FACT.
const BILLING_DIRECTORY: u16 = 0x7F01;
/// CPS_SIT_FACT.
const BILLING_SITUATION: u16 = 0x4000;
/// CPS2TER_ACTIVITY_01.
const FIRST_ACTIVITY: u16 = 0x4010;

/// Type byte of a file in template 85.
#[derive(Debug, Clone, Copy)]
enum FileType {
    Master = 0x01,
    Dedicated = 0x02,
    Elementary = 0x04,
}

#[derive(Debug)]
struct Record {
    directory: u16,
    identifier: u16,
    content: Vec<u8>,
}

/// The legacy files and what is selected among them.
#[derive(Debug)]
pub(crate) struct Cps2ter {
    records: Vec<Record>,
    directory: u16,
    record: Option<u16>,
}

impl Cps2ter {
    /// A face with CPS_SIT_FACT and one record for each practice situation number (1 to 16).
    pub(crate) fn new(
        billing_situation: Vec<u8>,
        situations: impl IntoIterator<Item = (u8, Vec<u8>)>,
    ) -> Self {
        let mut records = vec![Record {
            directory: BILLING_DIRECTORY,
            identifier: BILLING_SITUATION,
            content: billing_situation,
        }];
        records.extend(situations.into_iter().map(|(number, content)| Record {
            directory: MASTER_FILE,
            identifier: FIRST_ACTIVITY + u16::from(number.saturating_sub(1)),
            content,
        }));
        Self {
            records,
            directory: MASTER_FILE,
            record: None,
        }
    }

    /// Back to the master file.
    pub(crate) fn reset(&mut self) {
        self.directory = MASTER_FILE;
        self.record = None;
    }

    /// Executes a command of class A0 (GET RESPONSE is the transport's).
    pub(crate) fn execute(
        &mut self,
        command: &Command,
        pin_verified: bool,
    ) -> Result<Vec<u8>, StatusWord> {
        match command.instruction {
            0xA4 => self.select(command),
            0xB0 => self.read(command, pin_verified),
            _ => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        }
    }

    fn select(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
        if command.p1_p2() != 0 {
            return Err(StatusWord::WRONG_OFFSET);
        }
        let bytes = <[u8; 2]>::try_from(command.data()?).map_err(|_| StatusWord::WRONG_LENGTH)?;
        let identifier = u16::from_be_bytes(bytes);
        let (size, file_type) = match identifier {
            MASTER_FILE => {
                self.reset();
                (0, FileType::Master)
            }
            BILLING_DIRECTORY => {
                self.directory = BILLING_DIRECTORY;
                self.record = None;
                (0, FileType::Dedicated)
            }
            _ => {
                let record = self
                    .find(identifier)
                    .ok_or(StatusWord::CPS2TER_FILE_NOT_FOUND)?;
                let size = u16::try_from(record.content.len()).unwrap_or(u16::MAX);
                self.record = Some(identifier);
                (size, FileType::Elementary)
            }
        };
        let mut value = size.to_be_bytes().to_vec();
        value.extend(bytes);
        value.push(file_type as u8);
        value.extend([0; 6]);
        Ok(encode(0x85, &value))
    }

    fn read(&self, command: &Command, pin_verified: bool) -> Result<Vec<u8>, StatusWord> {
        let length = command.expected_length()?;
        let record = self
            .record
            .and_then(|identifier| self.find(identifier))
            .ok_or(StatusWord::CPS2TER_WRONG_FILE_TYPE)?;
        if !pin_verified {
            return Err(StatusWord::CPS2TER_PIN_REQUIRED);
        }
        record
            .content
            .get(usize::from(command.p1_p2())..)
            .and_then(|rest| rest.get(..length))
            .map(<[u8]>::to_vec)
            .ok_or(StatusWord::CPS2TER_BAD_ADDRESS)
    }

    fn find(&self, identifier: u16) -> Option<&Record> {
        self.records
            .iter()
            .find(|record| record.directory == self.directory && record.identifier == identifier)
    }
}
