//! A simulated PIN pad: PC/SC part 10, features VERIFY_PIN_DIRECT, MODIFY_PIN_DIRECT and IFD_PIN_PROPERTIES.
//!
//! A slot has one when its socket's name ends in `.pinpad` or `.pinpad-bcd`. What is typed comes from the card's side of the socket
//! ([`Slot::ask_entry`]); the digits are put in the command that the host brought and the host never sees them. The pad knows
//! one format: digits left-justified, positions in bytes, in ASCII as on health cards; `.pinpad-bcd` packs them two in a byte as
//! on bank cards. Any other is `6B80`, as real pads answer to structures that they cannot carry out.

use std::io;

use crate::slot::{Entry, Slot};

/// `CM_IOCTL_GET_FEATURE_REQUEST` of pcsc-lite.
pub const GET_FEATURE_REQUEST: u32 = 0x4200_0D48;
/// Control codes of our choice, told by the feature request.
const VERIFY_PIN_DIRECT: u32 = 0x4233_0006;
const MODIFY_PIN_DIRECT: u32 = 0x4233_0007;
const IFD_PIN_PROPERTIES: u32 = 0x4233_000A;
/// Feature tags (part 10, 2.3).
const FEATURES: [(u8, u32); 3] = [
    (0x06, VERIFY_PIN_DIRECT),
    (0x07, MODIFY_PIN_DIRECT),
    (0x0A, IFD_PIN_PROPERTIES),
];
/// Seconds that the pad waits where the host leaves it to the pad.
const DEFAULT_TIMEOUT: u8 = 30;

/// Statuses of the pad itself (part 10, 2.5.2).
const TIMED_OUT: [u8; 2] = [0x64, 0x00];
const CANCELLED: [u8; 2] = [0x64, 0x01];
const NEW_PINS_DIFFER: [u8; 2] = [0x64, 0x02];
const WRONG_NUMBER_OF_DIGITS: [u8; 2] = [0x64, 0x03];
const INVALID_STRUCTURE: [u8; 2] = [0x6B, 0x80];

/// The one way in which a pad writes digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PadDigits {
    /// A byte for each.
    Ascii,
    /// Two in a byte; half a byte left over is `F`.
    PackedBcd,
}

impl PadDigits {
    /// Bits 3 to 1 of `bmFormatString`, left-justified.
    fn format_bits(self) -> u8 {
        match self {
            Self::Ascii => 0x02,
            Self::PackedBcd => 0x01,
        }
    }

    /// The typed ASCII digits as the card is to get them.
    fn written(self, typed: &[u8]) -> Vec<u8> {
        match self {
            Self::Ascii => typed.to_vec(),
            Self::PackedBcd => typed
                .chunks(2)
                .map(|pair| {
                    let half = |at: usize| pair.get(at).map_or(0x0F, |digit| digit & 0x0F);
                    half(0) << 4 | half(1)
                })
                .collect(),
        }
    }
}

/// Carries out a control code; `None` for one that the pad does not know, and where there is no pad.
pub fn control(slot: &Slot, code: u32, input: &[u8]) -> Option<io::Result<Vec<u8>>> {
    let pad = slot.pin_pad()?;
    match code {
        GET_FEATURE_REQUEST => Some(Ok(FEATURES
            .iter()
            .flat_map(|(tag, code)| {
                let [a, b, c, d] = code.to_be_bytes();
                [*tag, 4, a, b, c, d]
            })
            .collect())),
        // No display, validation by key, one time-out.
        IFD_PIN_PROPERTIES => Some(Ok(vec![0x00, 0x00, 0x02, 0x00])),
        VERIFY_PIN_DIRECT => Some(run(slot, verify(slot, pad, input))),
        MODIFY_PIN_DIRECT => Some(run(slot, modify(slot, pad, input))),
        _ => None,
    }
}

/// Why there is no command for the card.
#[derive(Debug)]
enum Stop {
    /// The pad answers itself.
    Status([u8; 2]),
    /// The card is gone.
    Connection(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Connection(error)
    }
}

fn run(slot: &Slot, command: Result<Vec<u8>, Stop>) -> io::Result<Vec<u8>> {
    match command {
        Ok(command) => slot.transmit(&command),
        Err(Stop::Status(status)) => Ok(status.to_vec()),
        Err(Stop::Connection(error)) => Err(error),
    }
}

/// `PIN_VERIFY_STRUCTURE`, packed, little-endian.
fn verify(slot: &Slot, pad: PadDigits, input: &[u8]) -> Result<Vec<u8>, Stop> {
    let fields = Fields::read(input, 15)?;
    let format = Format::read(&fields, pad)?;
    let limits = (fields.byte(6)?, fields.byte(5)?);
    let digits = pad.written(&ask(slot, &fields, limits)?);
    if format.block_length > 0 {
        return format.insert(fields.command, 0, &digits);
    }
    // A block without a fixed length: the command is as long as the PIN.
    let prefix = fields
        .command
        .get(5..5 + format.position)
        .or((format.position == 0).then_some(&[][..]))
        .ok_or(Stop::Status(INVALID_STRUCTURE))?;
    let header = fields
        .command
        .get(..4)
        .ok_or(Stop::Status(INVALID_STRUCTURE))?;
    let length = u8::try_from(prefix.len() + digits.len())
        .map_err(|_| Stop::Status(WRONG_NUMBER_OF_DIGITS))?;
    Ok([header, &[length], prefix, &digits].concat())
}

/// `PIN_MODIFY_STRUCTURE`: the old PIN where it is wanted, the new one, and the new one again where it is wanted.
fn modify(slot: &Slot, pad: PadDigits, input: &[u8]) -> Result<Vec<u8>, Stop> {
    let fields = Fields::read(input, 20)?;
    let format = Format::read(&fields, pad)?;
    if format.block_length == 0 {
        return Err(Stop::Status(INVALID_STRUCTURE));
    }
    let limits = (fields.byte(8)?, fields.byte(7)?);
    let confirmation = fields.byte(9)?;
    let (old_offset, new_offset) = (usize::from(fields.byte(5)?), usize::from(fields.byte(6)?));
    let mut command = fields.command.to_vec();
    if confirmation & 0x02 != 0 {
        let old = ask(slot, &fields, limits)?;
        command = format.insert(&command, old_offset, &pad.written(&old))?;
    }
    let new = ask(slot, &fields, limits)?;
    if confirmation & 0x01 != 0 && ask(slot, &fields, limits)? != new {
        return Err(Stop::Status(NEW_PINS_DIFFER));
    }
    format.insert(&command, new_offset, &pad.written(&new))
}

fn ask(slot: &Slot, fields: &Fields<'_>, (least, most): (u8, u8)) -> Result<Vec<u8>, Stop> {
    let seconds = match fields.byte(0)? {
        0 => DEFAULT_TIMEOUT,
        seconds => seconds,
    };
    let digits = match slot.ask_entry(seconds)? {
        Entry::Digits(digits) => digits,
        Entry::Cancelled => return Err(Stop::Status(CANCELLED)),
        Entry::TimedOut => return Err(Stop::Status(TIMED_OUT)),
    };
    if !(usize::from(least)..=usize::from(most)).contains(&digits.len()) {
        return Err(Stop::Status(WRONG_NUMBER_OF_DIGITS));
    }
    Ok(digits)
}

/// A structure: fixed fields, then the command for the card.
struct Fields<'a> {
    fixed: &'a [u8],
    command: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Takes a structure whose `ulDataLength` is at this offset and says how long the rest is.
    fn read(input: &'a [u8], data_length_at: usize) -> Result<Self, Stop> {
        let invalid = || Stop::Status(INVALID_STRUCTURE);
        let (fixed, rest) = input.split_at_checked(data_length_at).ok_or_else(invalid)?;
        let (length, command) = rest.split_first_chunk::<4>().ok_or_else(invalid)?;
        let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| invalid())?;
        if length != command.len() || length < 4 {
            return Err(invalid());
        }
        Ok(Self { fixed, command })
    }

    fn byte(&self, offset: usize) -> Result<u8, Stop> {
        let byte = self.fixed.get(offset).copied();
        byte.ok_or(Stop::Status(INVALID_STRUCTURE))
    }
}

/// Where and how digits stand in the command.
struct Format {
    /// Bytes between the command's header and the PIN.
    position: usize,
    /// Bytes of the PIN block; 0: as many as the digits take.
    block_length: usize,
}

impl Format {
    /// `bmFormatString`, `bmPINBlockString` and `bmPINLengthFormat`.
    fn read(fields: &Fields<'_>, pad: PadDigits) -> Result<Self, Stop> {
        let (format, block) = (fields.byte(2)?, fields.byte(3)?);
        let position = usize::from(format >> 3 & 0x0F);
        let in_bytes = format & 0x80 != 0;
        let is_the_pads = format & 0x07 == pad.format_bits();
        let tells_pin_length = block & 0xF0 != 0;
        if !is_the_pads || tells_pin_length || (!in_bytes && position != 0) {
            return Err(Stop::Status(INVALID_STRUCTURE));
        }
        Ok(Self {
            position,
            block_length: usize::from(block & 0x0F),
        })
    }

    /// Puts digits over the beginning of their block; what the host wrote in the rest of it is the padding.
    fn insert(&self, command: &[u8], offset: usize, digits: &[u8]) -> Result<Vec<u8>, Stop> {
        if digits.len() > self.block_length {
            return Err(Stop::Status(WRONG_NUMBER_OF_DIGITS));
        }
        let mut command = command.to_vec();
        command
            .get_mut(5 + self.position + offset..)
            .and_then(|rest| rest.get_mut(..self.block_length))
            .and_then(|block| block.get_mut(..digits.len()))
            .ok_or(Stop::Status(INVALID_STRUCTURE))?
            .copy_from_slice(digits);
        Ok(command)
    }
}

#[cfg(test)]
mod tests;
