//! The T=0 transmission rules of a contact card (ISO/IEC 7816-3, 12.2; ISO/IEC 7816-4, 5.4 and 11.8.1).
//!
//! A command that brings data never gets data back at once: its response waits, `61xx` says how much, and GET RESPONSE
//! fetches it in pieces of any size (`9Fxx` on the CPS2ter face). A command that asks for data gets exactly Le bytes or
//! `6Cxx`. Extended lengths do not exist. No response is ever longer than 256 bytes and a status word.

use crate::apdu::{Command, Transmission};
use crate::command_chain::CommandChain;
use crate::status_word::StatusWord;

/// What a card does with a whole command, after transmission rules are applied.
pub(crate) trait Application {
    /// Executes one command; the data answered is not limited in length.
    fn execute(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord>;

    /// True when commands with this instruction may come as a chain.
    fn accepts_chaining(&self, instruction: u8) -> bool;
}

/// GET RESPONSE on either face.
const GET_RESPONSE: u8 = 0xC0;
/// The class of the CPS2ter face, which announces data by `9Fxx`.
const CPS2TER_CLASS: u8 = 0xA0;
/// The transmission state between two commands.
#[derive(Debug, Default)]
pub(crate) struct TransportT0 {
    pending: Vec<u8>,
    chain: CommandChain,
}

impl TransportT0 {
    /// Forgets pending data and unfinished chains.
    pub(crate) fn reset(&mut self) {
        *self = Self::default();
    }

    /// One exchange: any bytes in, at most 256 bytes and a status word out.
    pub(crate) fn exchange(
        &mut self,
        command: &[u8],
        application: &mut dyn Application,
    ) -> Vec<u8> {
        match self.process(command, application) {
            Ok((mut data, status)) => {
                data.extend(status.to_bytes());
                data
            }
            Err(status) => status.to_bytes().to_vec(),
        }
    }

    fn process(
        &mut self,
        command: &[u8],
        application: &mut dyn Application,
    ) -> Result<(Vec<u8>, StatusWord), StatusWord> {
        let command = match Command::parse(command, Transmission::T0) {
            Ok(command) => command,
            Err(status) => {
                self.reset();
                return Err(status);
            }
        };
        if command.instruction == GET_RESPONSE {
            return self.get_response(&command);
        }
        self.pending.clear();
        let accepts = |instruction| application.accepts_chaining(instruction);
        let Some(command) = self.chain.join(command, accepts)? else {
            return Ok((Vec::new(), StatusWord::SUCCESS));
        };
        let response = application.execute(&command)?;
        if response.is_empty() || asks_for_data(command.instruction) {
            return Ok((response, StatusWord::SUCCESS));
        }
        let first_byte = first_status_byte(&command);
        let status = StatusWord::more_data(first_byte, response.len());
        self.pending = response;
        Ok((Vec::new(), status))
    }

    fn get_response(&mut self, command: &Command) -> Result<(Vec<u8>, StatusWord), StatusWord> {
        self.chain.reset();
        if command.p1_p2() != 0 {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        if self.pending.is_empty() {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let length = command.exact_length(self.pending.len())?;
        let rest = self.pending.split_off(length);
        let data = std::mem::replace(&mut self.pending, rest);
        let status = if self.pending.is_empty() {
            StatusWord::SUCCESS
        } else {
            StatusWord::more_data(first_status_byte(command), self.pending.len())
        };
        Ok((data, status))
    }
}

/// READ BINARY and GET CHALLENGE: P3 is Le and the data comes with the status word.
fn asks_for_data(instruction: u8) -> bool {
    matches!(instruction, 0xB0 | 0x84)
}

fn first_status_byte(command: &Command) -> u8 {
    if command.plain_class() == CPS2TER_CLASS {
        0x9F
    } else {
        0x61
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers a CB with as many bytes as its P2 says (0 for 256), a 2A with its own data twice.
    struct Echo;

    impl Application for Echo {
        fn execute(&mut self, command: &Command) -> Result<Vec<u8>, StatusWord> {
            match command.instruction {
                0xCB if command.p2 == 0 => Ok(vec![0xAB; 256]),
                0xCB => Ok(vec![0xAB; usize::from(command.p2)]),
                0x2A => Ok(command.data()?.repeat(2)),
                0x20 => Ok(Vec::new()),
                _ => Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
            }
        }

        fn accepts_chaining(&self, instruction: u8) -> bool {
            instruction == 0x2A
        }
    }

    fn play(conversation: &[(&[u8], &[u8])]) {
        let mut transport = TransportT0::default();
        for (command, expected_end) in conversation {
            let response = transport.exchange(command, &mut Echo);
            assert!(
                response.ends_with(expected_end),
                "{command:02X?} gave {response:02X?}"
            );
        }
    }

    #[test]
    fn a_signature_fetched_in_pieces_of_e7() {
        play(&[
            (&[0x00, 0xCB, 0x00, 0x00, 0x01, 0x4D], &[0x61, 0x00]),
            (&[0x00, 0xC0, 0x00, 0x00, 0xE7], &[0xAB, 0x61, 0x19]),
            (&[0x00, 0xC0, 0x00, 0x00, 0x19], &[0xAB, 0x90, 0x00]),
            (&[0x00, 0xC0, 0x00, 0x00, 0x01], &[0x69, 0x85]),
        ]);
    }

    #[test]
    fn too_large_a_get_response_keeps_the_data() {
        play(&[
            (&[0x00, 0xCB, 0x00, 0x27, 0x01, 0x4D], &[0x61, 0x27]),
            (&[0x00, 0xC0, 0x00, 0x00, 0x00], &[0x6C, 0x27]),
            (&[0x00, 0xC0, 0x00, 0x00, 0x27], &[0xAB, 0x90, 0x00]),
        ]);
    }

    #[test]
    fn another_command_discards_pending_data() {
        play(&[
            (&[0x00, 0xCB, 0x00, 0x27, 0x01, 0x4D], &[0x61, 0x27]),
            (&[0x00, 0x20, 0x00, 0x01], &[0x90, 0x00]),
            (&[0x00, 0xC0, 0x00, 0x00, 0x27], &[0x69, 0x85]),
        ]);
    }

    #[test]
    fn a_chain_is_one_command() {
        play(&[
            (&[0x10, 0x2A, 0x80, 0x86, 0x02, 1, 2], &[0x90, 0x00]),
            (&[0x00, 0x2A, 0x80, 0x86, 0x01, 3], &[0x61, 0x06]),
            (
                &[0x00, 0xC0, 0x00, 0x00, 0x06],
                &[1, 2, 3, 1, 2, 3, 0x90, 0x00],
            ),
        ]);
    }

    #[test]
    fn a_broken_chain_is_dropped() {
        play(&[
            (&[0x10, 0x2A, 0x80, 0x86, 0x02, 1, 2], &[0x90, 0x00]),
            (&[0x00, 0x20, 0x00, 0x01], &[0x68, 0x83]),
            (&[0x00, 0x2A, 0x80, 0x86, 0x01, 3], &[0x61, 0x02]),
            (&[0x10, 0x20, 0x00, 0x01, 0x01, 0x31], &[0x68, 0x84]),
        ]);
    }

    #[test]
    fn an_endless_chain_is_refused() {
        let mut transport = TransportT0::default();
        let mut command = vec![0x10, 0x2A, 0x80, 0x86, 0xFF];
        command.extend([0; 255]);
        let answers: Vec<_> = (0..5)
            .map(|_| transport.exchange(&command, &mut Echo))
            .collect();
        assert_eq!(answers[3], [0x90, 0x00]);
        assert_eq!(answers[4], [0x67, 0x00]);
    }
}
