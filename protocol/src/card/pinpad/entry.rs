//! PIN_VERIFY_STRUCTURE and PIN_MODIFY_STRUCTURE (PC/SC part 10 sections 2.5.2 and 2.5.5), packed,
//! numbers little-endian, with the command that the reader completes: the PIN as ASCII digits from
//! the first byte behind the header, left-justified over the card's padding. A PIN is changed by
//! the old one, the new one and the new one again. What the keypad or the person did instead has
//! status words of its own (section 2.5.2).

use super::{PinpadError, PinpadProperties};
use crate::card::apdu::Instruction;
use crate::card::pin::PinFormat;
use crate::card::status::StatusWord;

/// Positions count in bytes (bit 8), behind a header of no bytes more, left-justified, ASCII.
const FORMAT_ASCII_LEFT: u8 = 0x82;
/// The entry ends with the key for it.
const VALIDATION_KEY: u8 = 0x02;
/// Confirmation of the new PIN (bit 1) and entry of the old one (bit 2).
const CONFIRM_AND_OLD: u8 = 0x03;
/// Bytes in the longest PIN block that bmPINBlockString expresses.
const MAX_BLOCK: usize = 15;
/// What stands in the command where digits go and the card has no padding.
const PLACE: u8 = b'0';

/// How the person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinpadPrompt {
    /// Language of the reader's own messages.
    pub language: PromptLanguage,
    /// Seconds until the reader gives up; 0 leaves it to the reader.
    pub timeout_seconds: u8,
    /// What is known of the keypad.
    pub properties: PinpadProperties,
}

/// A language of a reader's messages (USB LANGID).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptLanguage {
    /// French (France), `040C`.
    French,
    /// English (United States), `0409`.
    English,
}

/// What a reader is asked to do, and the structure that says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PinpadRequest {
    /// FEATURE_VERIFY_PIN_DIRECT with this PIN_VERIFY_STRUCTURE.
    Verify(Vec<u8>),
    /// FEATURE_MODIFY_PIN_DIRECT with this PIN_MODIFY_STRUCTURE.
    Modify(Vec<u8>),
}

/// How an entry ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PinpadOutcome {
    /// The card was asked, and answered this.
    Card(StatusWord),
    /// Nobody typed in time (`6400`); the card was not asked.
    TimedOut,
    /// The person cancelled (`6401`); the card was not asked.
    Cancelled,
    /// The two entries of the new PIN differ (`6402`); the card was not asked.
    NewPinsDiffer,
    /// Too few or too many digits (`6403`); the card was not asked.
    WrongLength,
    /// The reader refuses the structure (`6B80`); the card was not asked.
    StructureRefused,
}

impl PinpadRequest {
    /// VERIFY of a PIN of that form, `00 20 00 reference`.
    ///
    /// # Errors
    /// [`PinpadError::UnsuitableForm`], [`PinpadError::UnsuitableLengths`].
    pub fn verify(format: &PinFormat, prompt: &PinpadPrompt) -> Result<Self, PinpadError> {
        let block = block_length(format, prompt)?;
        let messages = u8::from(!prompt.properties.is_blind());
        let mut out = common(prompt, block);
        out.extend_from_slice(&digits(format)?);
        out.extend_from_slice(&[prompt.validation(), messages]);
        out.extend_from_slice(&prompt.language.identifier().to_le_bytes());
        // bMsgIndex, bTeoPrologue (the driver's for T=1).
        out.extend_from_slice(&[0, 0, 0, 0]);
        append_command(&mut out, Instruction::Verify, format, block, 1)?;
        Ok(Self::Verify(out))
    }

    /// CHANGE REFERENCE DATA of a PIN of that form, old and new, `00 24 00 reference`.
    ///
    /// # Errors
    /// As [`PinpadRequest::verify`].
    pub fn modify(format: &PinFormat, prompt: &PinpadPrompt) -> Result<Self, PinpadError> {
        let block = block_length(format, prompt)?;
        let offset_of_new = u8::try_from(block).map_err(|_| PinpadError::UnsuitableForm)?;
        let messages = if prompt.properties.is_blind() { 0 } else { 3 };
        let mut out = common(prompt, block);
        // bInsertionOffsetOld and bInsertionOffsetNew, from the first data byte.
        out.extend_from_slice(&[0, offset_of_new]);
        out.extend_from_slice(&digits(format)?);
        out.extend_from_slice(&[CONFIRM_AND_OLD, prompt.validation(), messages]);
        out.extend_from_slice(&prompt.language.identifier().to_le_bytes());
        // bMsgIndex1 to 3: old, new, confirmation. Then bTeoPrologue.
        out.extend_from_slice(&[0, 1, 2, 0, 0, 0]);
        append_command(&mut out, Instruction::ChangeReferenceData, format, block, 2)?;
        Ok(Self::Modify(out))
    }

    /// The structure.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Verify(bytes) | Self::Modify(bytes) => bytes,
        }
    }
}

impl PinpadOutcome {
    /// Reads what the reader answered.
    ///
    /// # Errors
    /// [`PinpadError::Answer`] for anything but two bytes.
    pub fn from_answer(answer: &[u8]) -> Result<Self, PinpadError> {
        let &[sw1, sw2] = answer else {
            let length = answer.len();
            return Err(PinpadError::Answer { length });
        };
        Ok(match (sw1, sw2) {
            (0x64, 0x00) => Self::TimedOut,
            (0x64, 0x01) => Self::Cancelled,
            (0x64, 0x02) => Self::NewPinsDiffer,
            (0x64, 0x03) => Self::WrongLength,
            (0x6B, 0x80) => Self::StructureRefused,
            _ => Self::Card(StatusWord(u16::from_be_bytes([sw1, sw2]))),
        })
    }
}

impl std::fmt::Display for PinpadOutcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Card(status) => write!(f, "the card answered {status}"),
            Self::TimedOut => f.write_str("nobody typed in time"),
            Self::Cancelled => f.write_str("the entry was cancelled"),
            Self::NewPinsDiffer => f.write_str("the two new PINs differ"),
            Self::WrongLength => f.write_str("the PIN has another length than the card's"),
            Self::StructureRefused => f.write_str("the reader refuses to ask"),
        }
    }
}

impl PinpadPrompt {
    /// A key ends the entry, or the last digit where the reader has no such key.
    fn validation(&self) -> u8 {
        match self.properties.entry_validation {
            Some(possible) if possible & VALIDATION_KEY == 0 && possible != 0 => possible,
            _ => VALIDATION_KEY,
        }
    }
}

impl PromptLanguage {
    fn identifier(self) -> u16 {
        match self {
            Self::French => 0x040C,
            Self::English => 0x0409,
        }
    }
}

fn block_length(format: &PinFormat, prompt: &PinpadPrompt) -> Result<usize, PinpadError> {
    if !prompt.properties.takes(format.minimum(), format.maximum()) {
        return Err(PinpadError::UnsuitableLengths);
    }
    format
        .fixed_length()
        .filter(|length| *length <= MAX_BLOCK)
        .ok_or(PinpadError::UnsuitableForm)
}

/// bTimerOut, bTimerOut2, bmFormatString, bmPINBlockString, bmPINLengthFormat.
fn common(prompt: &PinpadPrompt, block: usize) -> Vec<u8> {
    let seconds = prompt.timeout_seconds;
    // At most 15, checked before; no length of the PIN is inserted.
    let block = u8::try_from(block).unwrap_or_default() & 0x0F;
    vec![seconds, seconds, FORMAT_ASCII_LEFT, block, 0x00]
}

/// wPINMaxExtraDigit, minimum and maximum: the maximum comes first.
fn digits(format: &PinFormat) -> Result<[u8; 2], PinpadError> {
    let byte = |length| u8::try_from(length).map_err(|_| PinpadError::UnsuitableForm);
    Ok([byte(format.maximum())?, byte(format.minimum())?])
}

/// ulDataLength and abData: the command with room for `pins` PINs.
fn append_command(
    out: &mut Vec<u8>,
    instruction: Instruction,
    format: &PinFormat,
    block: usize,
    pins: usize,
) -> Result<(), PinpadError> {
    let data = vec![format.padding().unwrap_or(PLACE); block.saturating_mul(pins)];
    let length = u8::try_from(data.len()).map_err(|_| PinpadError::UnsuitableForm)?;
    let header = [0x00, instruction.code(), 0x00, format.reference(), length];
    let total = u32::from(length).saturating_add(5);
    out.extend_from_slice(&total.to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(&data);
    Ok(())
}

#[cfg(test)]
mod tests;
