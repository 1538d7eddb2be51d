//! Command chaining (ISO/IEC 7816-4, 5.4.1): commands whose class has bit 10 are joined to one.
//!
//! A chain that is interrupted by another command is dropped (`6883`); one that grows beyond what any of these cards takes is
//! refused (`6700`).

use crate::apdu::Command;
use crate::status_word::StatusWord;

/// The longest command that a chain may make.
const CHAIN_LIMIT: usize = 1024;

/// A chain of commands under way, or none.
#[derive(Debug, Default)]
pub(crate) struct CommandChain {
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    header: (u8, u8, u16),
    data: Vec<u8>,
}

impl CommandChain {
    /// Forgets an unfinished chain.
    pub(crate) fn reset(&mut self) {
        self.begun = None;
    }

    /// Adds a chained command to its chain (and gives nothing), or gives the whole command.
    pub(crate) fn join(
        &mut self,
        command: Command,
        accepts_chaining: impl FnOnce(u8) -> bool,
    ) -> Result<Option<Command>, StatusWord> {
        let header = (command.plain_class(), command.instruction, command.p1_p2());
        let mut data = match self.begun.take() {
            Some(begun) if begun.header == header => begun.data,
            Some(_) => return Err(StatusWord::LAST_COMMAND_OF_CHAIN_EXPECTED),
            None if !command.is_chained() => return Ok(Some(command)),
            None => Vec::new(),
        };
        if !accepts_chaining(command.instruction) {
            return Err(StatusWord::CHAINING_NOT_SUPPORTED);
        }
        data.extend_from_slice(command.data()?);
        if data.len() > CHAIN_LIMIT {
            return Err(StatusWord::WRONG_LENGTH);
        }
        if command.is_chained() {
            self.begun = Some(Begun { header, data });
            return Ok(None);
        }
        Ok(Some(command.with_data(data)))
    }
}
