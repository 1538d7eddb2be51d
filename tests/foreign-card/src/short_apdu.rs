//! Short APDUs around an application that takes and gives whole ones (ISO 7816-4, 5.3): chained commands are joined, long
//! answers are handed out with `61xx` and GET RESPONSE, an absent Le stands for 256.
//!
//! The dispatcher that sits there in the real device also completes a truncated application identifier in SELECT; so does this.

use iso7816::command::Command;
use iso7816::{Instruction, Status};

/// Longest command after joining, and longest answer: what the PIV application's authors allow.
pub(crate) const LONGEST: usize = 7609;
/// A whole command.
pub(crate) type WholeCommand = Command<LONGEST>;

/// The PIV application's full identifier (SP 800-73-4, part 1, 2.2).
const APPLICATION: [u8; 11] = [
    0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00,
];
/// Shortest identifier that counts as this application's: its registered provider.
const SHORTEST_IDENTIFIER: usize = 5;
/// What an absent or zero Le asks for.
const SHORT_LE_MAXIMUM: usize = 256;

/// What has been said and not yet heard.
#[derive(Debug, Default)]
pub(crate) struct ShortApdus {
    chain: Option<WholeCommand>,
    answer: Vec<u8>,
    given: usize,
}

impl ShortApdus {
    /// Answers one APDU: data and status word. `perform` is the application.
    pub(crate) fn answer(
        &mut self,
        apdu: &[u8],
        perform: impl FnOnce(&WholeCommand) -> Result<Vec<u8>, Status>,
    ) -> Vec<u8> {
        let (mut data, status) = self.react(&completed(apdu), perform);
        let status: [u8; 2] = status.into();
        data.extend_from_slice(&status);
        data
    }

    fn react(
        &mut self,
        apdu: &[u8],
        perform: impl FnOnce(&WholeCommand) -> Result<Vec<u8>, Status>,
    ) -> (Vec<u8>, Status) {
        let Ok(command) = WholeCommand::try_from(apdu) else {
            return (Vec::new(), Status::WrongLength);
        };
        let wanted = match command.expected() {
            0 => SHORT_LE_MAXIMUM,
            le => le,
        };
        if command.instruction() == Instruction::GetResponse {
            return self.next_piece(wanted);
        }
        let is_last = command.class().chain().last_or_only();
        let whole = match self.chain.take() {
            None => command,
            Some(mut chain) => match chain.extend_from_command(&command) {
                Ok(()) => chain,
                Err(_) => return (Vec::new(), Status::WrongLength),
            },
        };
        if !is_last {
            self.chain = Some(whole);
            return (Vec::new(), Status::Success);
        }
        self.given = 0;
        self.answer.clear();
        match perform(&whole) {
            Ok(answer) => {
                self.answer = answer;
                self.next_piece(wanted)
            }
            Err(status) => (Vec::new(), status),
        }
    }

    fn next_piece(&mut self, wanted: usize) -> (Vec<u8>, Status) {
        let rest = self.answer.get(self.given..).unwrap_or_default();
        let piece = rest.get(..wanted).unwrap_or(rest).to_vec();
        self.given += piece.len();
        let left = self.answer.len() - self.given;
        let status = match left {
            0 => Status::Success,
            // 61FF also stands for more than 255.
            _ => Status::MoreAvailable(u8::try_from(left).unwrap_or(u8::MAX)),
        };
        (piece, status)
    }
}

/// SELECT of the beginning of the application's identifier becomes SELECT of all of it; anything else stays.
fn completed(apdu: &[u8]) -> Vec<u8> {
    if let [class, 0xA4, 0x04, p2, length, rest @ ..] = apdu
        && let Some(identifier) = rest.get(..usize::from(*length))
        && identifier.len() >= SHORTEST_IDENTIFIER
        && APPLICATION.starts_with(identifier)
    {
        let mut select = vec![*class, 0xA4, 0x04, *p2, 11];
        select.extend_from_slice(&APPLICATION);
        select.push(0);
        return select;
    }
    apdu.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(answer: &'static [u8]) -> impl FnOnce(&WholeCommand) -> Result<Vec<u8>, Status> {
        move |_| Ok(answer.to_vec())
    }

    #[test]
    fn a_long_answer_comes_in_pieces() {
        static LONG: [u8; 300] = [7; 300];
        let mut apdus = ShortApdus::default();
        let first = apdus.answer(&[0x00, 0xCB, 0x3F, 0xFF, 0x00], card(&LONG));
        assert_eq!((first.len(), &first[256..]), (258, &[0x61, 44][..]));
        let rest = apdus.answer(&[0x00, 0xC0, 0x00, 0x00, 44], card(&[]));
        assert_eq!((rest.len(), &rest[44..]), (46, &[0x90, 0x00][..]));
    }

    #[test]
    fn chained_commands_are_joined() {
        let mut apdus = ShortApdus::default();
        let first = apdus.answer(&[0x10, 0xDB, 0x3F, 0xFF, 2, 1, 2], |_| {
            panic!("not before the last")
        });
        assert_eq!(first, [0x90, 0x00]);
        let last = apdus.answer(&[0x00, 0xDB, 0x3F, 0xFF, 1, 3], |whole| {
            assert_eq!(whole.data(), &[1, 2, 3]);
            Ok(Vec::new())
        });
        assert_eq!(last, [0x90, 0x00]);
    }

    #[test]
    fn a_truncated_identifier_is_completed() {
        let mut apdus = ShortApdus::default();
        let select = [0x00, 0xA4, 0x04, 0x00, 5, 0xA0, 0x00, 0x00, 0x03, 0x08];
        let answer = apdus.answer(&select, |whole| {
            assert_eq!(whole.data(), &APPLICATION);
            Err(Status::NotFound)
        });
        assert_eq!(answer, [0x6A, 0x82]);
    }
}
