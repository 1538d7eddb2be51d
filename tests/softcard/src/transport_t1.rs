//! The transmission rules of a T=1 card as PC/SC shows them (ISO/IEC 7816-3, 12.1; ISO/IEC 7816-4, 5.1): data comes back
//! with the status word, and only where the command has an Le.
//!
//! Le 00 takes whatever there is, up to 256 bytes; a response longer than Le is `6Cxx`, never cut (our choice). There is no GET
//! RESPONSE, and no extended length.

use crate::apdu::{Command, Transmission};
use crate::command_chain::CommandChain;
use crate::status_word::StatusWord;
use crate::transport_t0::Application;

/// The transmission state between two commands.
#[derive(Debug, Default)]
pub(crate) struct TransportT1 {
    chain: CommandChain,
}

impl TransportT1 {
    /// Forgets unfinished chains.
    pub(crate) fn reset(&mut self) {
        self.chain.reset();
    }

    /// One exchange: any bytes in, at most 256 bytes and a status word out.
    pub(crate) fn exchange(
        &mut self,
        command: &[u8],
        application: &mut dyn Application,
    ) -> Vec<u8> {
        match self.process(command, application) {
            Ok(mut data) => {
                data.extend(StatusWord::SUCCESS.to_bytes());
                data
            }
            Err(status) => status.to_bytes().to_vec(),
        }
    }

    fn process(
        &mut self,
        command: &[u8],
        application: &mut dyn Application,
    ) -> Result<Vec<u8>, StatusWord> {
        let command = Command::parse(command, Transmission::T1).inspect_err(|_| self.reset())?;
        let accepts = |instruction| application.accepts_chaining(instruction);
        let Some(command) = self.chain.join(command, accepts)? else {
            return Ok(Vec::new());
        };
        let response = application.execute(&command)?;
        match command.maximum_response() {
            None => Ok(Vec::new()),
            Some(maximum) if response.len() <= maximum => Ok(response),
            Some(_) => Err(StatusWord::wrong_le(response.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers a CB with as many bytes as its P2 says (0 for 256), a 2A with its own data.
    struct Echo;

    impl Application for Echo {
        fn execute(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
            match command.instruction {
                0xCB if command.p2 == 0 => Ok(vec![0xAB; 256]),
                0xCB => Ok(vec![0xAB; usize::from(command.p2)]),
                0x2A => Ok(command.data()?.to_vec()),
                _ => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
            }
        }

        fn accepts_chaining(&self, instruction: u8) -> bool {
            instruction == 0x2A
        }
    }

    #[test]
    fn data_comes_where_le_asks_for_it() {
        let conversation: [(&[u8], usize, [u8; 2]); 8] = [
            (&[0, 0xCB, 0, 0x27, 1, 0x4D], 0, [0x90, 0x00]),
            (&[0, 0xCB, 0, 0x27, 1, 0x4D, 0x00], 0x27, [0x90, 0x00]),
            (&[0, 0xCB, 0, 0x27, 1, 0x4D, 0x28], 0x27, [0x90, 0x00]),
            (&[0, 0xCB, 0, 0x27, 1, 0x4D, 0x26], 0, [0x6C, 0x27]),
            (&[0, 0xCB, 0, 0x00, 0x00], 256, [0x90, 0x00]),
            (&[0, 0xCB, 0, 0x27], 0, [0x90, 0x00]),
            (&[0, 0xC0, 0, 0, 0x27], 0, [0x6D, 0x00]),
            (&[0, 0xCB, 0, 0, 0, 1, 0], 0, [0x67, 0x00]),
        ];
        let mut transport = TransportT1::default();
        for (command, length, status) in conversation {
            let response = transport.exchange(command, &mut Echo);
            assert_eq!(response.len(), length + 2, "{command:02X?}");
            assert!(response.ends_with(&status), "{command:02X?}");
        }
    }

    #[test]
    fn a_chain_on_a_logical_channel_is_one_command() {
        let mut transport = TransportT1::default();
        let mut send = |command: &[u8]| transport.exchange(command, &mut Echo);
        assert_eq!(send(&[0x11, 0x2A, 0x80, 0x86, 2, 1, 2]), [0x90, 0x00]);
        assert_eq!(
            send(&[0x01, 0x2A, 0x80, 0x86, 1, 3, 0]),
            [1, 2, 3, 0x90, 0x00]
        );
        assert_eq!(send(&[0x11, 0x2A, 0x80, 0x86, 2, 1, 2]), [0x90, 0x00]);
        assert_eq!(send(&[0x00, 0x2A, 0x80, 0x86, 1, 3, 0]), [0x68, 0x83]);
    }
}
