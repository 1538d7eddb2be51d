//! SELECT by path and READ BINARY (ISO/IEC 7816-4 sections 11.1.1 and 11.2.3), with as few commands
//! as the content allows: no file control parameters are asked for, blocks are 256 bytes, and
//! reading stops where the content itself says that it ends. The end of a file shows as a short
//! answer, `6282`, `6B00` or a corrected length; all are accepted. Refused: offsets beyond `7FFF`,
//! content beyond 64 KiB.

use super::apdu::{Command, Instruction};
use super::error::CardError;
use super::exchange::Exchange;
use super::file::{CardFile, FilePath};
use super::status::StatusMeaning;
use super::tlv;
use super::transport::Transport;

/// The last offset of READ BINARY with bit 8 of P1 clear.
const MAX_OFFSET: usize = 0x7FFF;
/// Bytes of one file, at most.
const MAX_CONTENT: usize = 64 * 1024;

/// What the bytes read so far say about where the content ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The content is these first bytes, and no more are needed.
    Complete(usize),
    /// The content ends exactly after this many bytes, not all of them read yet.
    Exactly(usize),
    /// More is needed: the bytes end inside an object.
    Inside,
    /// More may follow: the bytes end between two objects.
    Between,
}

/// Which part of the selected file is read, and how far.
pub(crate) struct ReadPlan {
    /// First byte.
    pub(crate) start: u16,
    /// Reads by short identifier instead of the selected file; it becomes the selected one.
    pub(crate) short_identifier: Option<u8>,
    /// Bytes asked for first, 1 to 256: the known length of the file, or as many as make the first
    /// answer useful.
    pub(crate) first: u16,
    /// Where the content ends.
    pub(crate) extent: fn(&[u8]) -> Result<Extent, tlv::TlvError>,
}

impl ReadPlan {
    /// From the start of the selected file.
    pub(crate) fn new(first: u16, extent: fn(&[u8]) -> Result<Extent, tlv::TlvError>) -> Self {
        Self {
            start: 0,
            short_identifier: None,
            first,
            extent,
        }
    }
}

/// One object and nothing else. A file that begins by `00` is unused: it has no content.
pub(crate) fn one_object(content: &[u8]) -> Result<Extent, tlv::TlvError> {
    if content.first() == Some(&0) {
        return Ok(Extent::Complete(0));
    }
    Ok(match tlv::announced_length(content)? {
        Some(total) if total <= content.len() => Extent::Complete(total),
        Some(total) => Extent::Exactly(total),
        None => Extent::Inside,
    })
}

/// Objects one after the other up to the end of the file or a tail of zeros.
pub(crate) fn series_of_objects(content: &[u8]) -> Result<Extent, tlv::TlvError> {
    let mut position = 0;
    while let Some(rest) = content.get(position..).filter(|rest| !rest.is_empty()) {
        if rest.first() == Some(&0) {
            return Ok(Extent::Complete(position));
        }
        match tlv::announced_length(rest)? {
            Some(total) if total <= rest.len() => position = position.saturating_add(total),
            _ => return Ok(Extent::Inside),
        }
    }
    Ok(Extent::Between)
}

/// The objects of `content` that are whole, for plans that stop as soon as they have seen what they
/// look for.
pub(crate) fn whole_objects(content: &[u8]) -> (usize, Vec<tlv::Element<'_>>) {
    let mut position = 0;
    let mut whole: &[u8] = &[];
    while let Some(rest) = content.get(position..)
        && rest.first().is_some_and(|first| *first != 0)
        && let Ok(Some(total)) = tlv::announced_length(rest)
        && total <= rest.len()
    {
        position = position.saturating_add(total);
        whole = content.get(..position).unwrap_or_default();
    }
    (
        position,
        tlv::parse(whole, tlv::Tail::None).unwrap_or_default(),
    )
}

impl<T: Transport + ?Sized> Exchange<'_, T> {
    /// Selects a file or folder by its absolute path, without asking for its control parameters.
    pub(crate) fn select(&mut self, file: CardFile, path: &FilePath) -> Result<(), CardError> {
        // P1 09: path from the master file, which CPS cards want written out; the master file alone
        // goes by identifier.
        let p1 = if path.as_bytes().len() == 2 {
            0x00
        } else {
            0x09
        };
        let command = Command::new(Instruction::Select, p1, 0x0C)
            .with_data(path.as_bytes())?
            .on_channel(self.channel());
        self.select_with(file, &command)
    }

    /// Sends a SELECT of any form; "not found" becomes [`CardError::Missing`].
    pub(crate) fn select_with(
        &mut self,
        file: CardFile,
        command: &Command,
    ) -> Result<(), CardError> {
        let status = self.send_for_status(command)?;
        match status.meaning() {
            StatusMeaning::Success => Ok(()),
            StatusMeaning::FileNotFound => Err(CardError::Missing { file }),
            _ => Err(CardError::Status {
                command: Instruction::Select,
                file: Some(file),
                status,
            }),
        }
    }

    /// Reads the selected file as the plan says. The result may be shorter than the content
    /// announces: the parser says so.
    pub(crate) fn read(&mut self, file: CardFile, plan: &ReadPlan) -> Result<Vec<u8>, CardError> {
        let mut content: Vec<u8> = Vec::new();
        let mut wanted = plan.first.clamp(1, 256);
        loop {
            let offset = usize::from(plan.start).saturating_add(content.len());
            if offset > MAX_OFFSET {
                return Err(CardError::TooLarge { file });
            }
            let (block, at_end) = self.read_block(file, plan.short_identifier, offset, wanted)?;
            let short = block.len() < usize::from(wanted);
            let ended = at_end || block.is_empty();
            content.extend(block);
            let extent =
                (plan.extent)(&content).map_err(|error| CardError::malformed(file, error))?;
            let missing = match extent {
                Extent::Complete(length) => {
                    content.truncate(length);
                    return Ok(content);
                }
                Extent::Exactly(total) if total > MAX_CONTENT => {
                    return Err(CardError::TooLarge { file });
                }
                Extent::Exactly(total) => total.saturating_sub(content.len()),
                Extent::Between if short => return Ok(content),
                Extent::Between | Extent::Inside => 256,
            };
            if ended {
                return Ok(content);
            }
            wanted = u16::try_from(missing.clamp(1, 256)).unwrap_or(256);
        }
    }

    /// One block, and whether the card said that the file ends with it.
    fn read_block(
        &mut self,
        file: CardFile,
        short_identifier: Option<u8>,
        offset: usize,
        wanted: u16,
    ) -> Result<(Vec<u8>, bool), CardError> {
        let [high, low] = u16::try_from(offset)
            .map_err(|_| CardError::TooLarge { file })?
            .to_be_bytes();
        let (p1, p2) = match short_identifier {
            Some(identifier) if offset == 0 => (0x80 | identifier, 0),
            _ => (high, low),
        };
        let command = Command::new(Instruction::ReadBinary, p1, p2)
            .on_channel(self.channel())
            .expecting(wanted);
        let response = self.send(&command)?;
        match response.status.meaning() {
            StatusMeaning::Success => Ok((response.data, false)),
            StatusMeaning::EndOfFile => Ok((response.data, true)),
            StatusMeaning::WrongOffset => Ok((Vec::new(), true)),
            StatusMeaning::FileNotFound => Err(CardError::Missing { file }),
            _ => Err(CardError::Status {
                command: Instruction::ReadBinary,
                file: Some(file),
                status: response.status,
            }),
        }
    }
}

#[cfg(test)]
mod tests;
