//! Recorded conversations with a card, as text: `> 00A4…` is a command, `< 9000` its answer, in
//! hexadecimal; empty lines and lines that begin by `#` say nothing. [`Recorder`] writes one beside
//! a live transport, with the data of every command that may carry a PIN masked by `**` bytes;
//! [`Replay`] plays one back and refuses any other command. A masked byte matches any byte.

use std::fmt::{self, Write as _};

use super::apdu::TransmissionProtocol;
use super::pinpad::PinpadRequest;
use super::transport::{Transport, TransportError};

/// Instructions whose data field is or holds reference data (PIN, unblocking code): VERIFY, CHANGE
/// REFERENCE DATA, RESET RETRY COUNTER.
const SECRET_INSTRUCTIONS: [u8; 6] = [0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D];

/// A [`Transport`] that plays a recorded conversation.
#[derive(Debug)]
pub struct Replay {
    exchanges: std::vec::IntoIter<RecordedExchange>,
}

#[derive(Debug)]
struct RecordedExchange {
    line: usize,
    /// `None` is a masked byte.
    command: Vec<Option<u8>>,
    answer: Vec<u8>,
}

impl Replay {
    /// Reads a conversation.
    ///
    /// # Errors
    /// [`TranscriptError`] with the line that is not a command, an answer or a remark.
    pub fn parse(text: &str) -> Result<Self, TranscriptError> {
        let mut exchanges: Vec<RecordedExchange> = Vec::new();
        let mut command = None;
        for (index, text) in text.lines().enumerate() {
            let line = index.saturating_add(1);
            let text = text.trim();
            if let Some(hex) = text.strip_prefix('>') {
                let bytes = bytes(hex).ok_or(TranscriptError::NotHexadecimal { line })?;
                if command.replace((line, bytes)).is_some() {
                    return Err(TranscriptError::OutOfOrder { line });
                }
            } else if let Some(hex) = text.strip_prefix('<') {
                let answer: Option<Vec<u8>> =
                    bytes(hex).and_then(|bytes| bytes.into_iter().collect());
                let answer = answer.ok_or(TranscriptError::NotHexadecimal { line })?;
                let (line, command) = command.take().ok_or(TranscriptError::OutOfOrder { line })?;
                exchanges.push(RecordedExchange {
                    line,
                    command,
                    answer,
                });
            } else if !text.is_empty() && !text.starts_with('#') {
                return Err(TranscriptError::NotALine { line });
            }
        }
        match command {
            Some((line, _)) => Err(TranscriptError::OutOfOrder { line }),
            None => Ok(Self {
                exchanges: exchanges.into_iter(),
            }),
        }
    }

    /// Whether every recorded exchange was played.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.exchanges.len() == 0
    }
}

impl Transport for Replay {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let Some(expected) = self.exchanges.next() else {
            return Err(TransportError::Other {
                detail: format!("no exchange left for {}", shown(command)),
            });
        };
        let matches = expected.command.len() == command.len()
            && expected
                .command
                .iter()
                .zip(command)
                .all(|(expected, sent)| expected.is_none_or(|byte| byte == *sent));
        if matches {
            Ok(expected.answer)
        } else {
            let line = expected.line;
            Err(TransportError::Other {
                detail: format!(
                    "line {line} expects another command than {}",
                    shown(command)
                ),
            })
        }
    }
}

/// A [`Transport`] that writes down what passes through it.
pub struct Recorder<T> {
    inner: T,
    text: String,
}

impl<T: Transport> Recorder<T> {
    /// Records what passes to and from `inner`.
    pub fn new(inner: T) -> Self {
        Self {
            inner,
            text: String::new(),
        }
    }

    /// The conversation so far. It holds what the card gave, hence perhaps a person's identity, and
    /// never a PIN.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The transport back, and the conversation.
    pub fn into_parts(self) -> (T, String) {
        (self.inner, self.text)
    }
}

impl<T: Transport> Transport for Recorder<T> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        let answer = self.inner.transmit(command);
        let _ = writeln!(self.text, "> {}", shown(command));
        match &answer {
            Ok(answer) => {
                let _ = writeln!(self.text, "< {}", hex(answer));
            }
            // Kept readable by Replay: an empty answer is how a lost card shows itself.
            Err(error) => {
                let _ = writeln!(self.text, "# {error}\n<");
            }
        }
        answer
    }

    fn agreed_protocol(&self) -> Option<TransmissionProtocol> {
        self.inner.agreed_protocol()
    }

    fn enter_on_pinpad(&mut self, request: &PinpadRequest) -> Result<Vec<u8>, TransportError> {
        let answer = self.inner.enter_on_pinpad(request)?;
        // What went between reader and card is the reader's secret; Replay cannot play it.
        let _ = writeln!(
            self.text,
            "# an entry on the reader's keypad: {}",
            hex(&answer)
        );
        Ok(answer)
    }
}

impl<T> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("lines", &self.text.lines().count())
            .finish_non_exhaustive()
    }
}

/// A text that is not a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TranscriptError {
    /// Neither a command, an answer, a remark nor an empty line.
    #[error("line {line} is neither a command nor an answer")]
    NotALine {
        /// Counted from 1.
        line: usize,
    },
    /// Not pairs of hexadecimal digits; an answer cannot be masked.
    #[error("line {line} is not hexadecimal")]
    NotHexadecimal {
        /// Counted from 1.
        line: usize,
    },
    /// A command without an answer, or an answer without a command.
    #[error("line {line} breaks the alternation of commands and answers")]
    OutOfOrder {
        /// Counted from 1.
        line: usize,
    },
}

/// Hexadecimal, with the data of a secret-bearing command masked. The data begins after the length
/// byte.
fn shown(command: &[u8]) -> String {
    let secret = command
        .get(1)
        .is_some_and(|instruction| SECRET_INSTRUCTIONS.contains(instruction));
    match command.split_at_checked(5) {
        Some((header, data)) if secret => hex(header) + &"**".repeat(data.len()),
        _ => hex(command),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

fn bytes(text: &str) -> Option<Vec<Option<u8>>> {
    let digits: Vec<char> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .collect();
    digits
        .chunks(2)
        .map(|pair| match pair {
            ['*', '*'] => Some(None),
            [high, low] => {
                let value = high.to_digit(16)? << 4 | low.to_digit(16)?;
                u8::try_from(value).ok().map(Some)
            }
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::{Recorder, Replay, TranscriptError};
    use crate::card::transport::Transport;

    const CONVERSATION: &str =
        "# a card\n> 00A4000C023F00\n< 9000\n\n> 00200001 08 31323334FFFFFFFF\n< 63C2\n";

    #[test]
    fn a_recording_masks_the_pin_and_replays() {
        let mut recorder = Recorder::new(Replay::parse(CONVERSATION).unwrap());
        recorder
            .transmit(&[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00])
            .unwrap();
        let verify = [
            0x00, 0x20, 0x00, 0x01, 0x08, 0x31, 0x32, 0x33, 0x34, 0xFF, 0xFF, 0xFF, 0xFF,
        ];
        assert_eq!(recorder.transmit(&verify).unwrap(), [0x63, 0xC2]);
        let (replay, text) = recorder.into_parts();
        assert!(replay.is_finished());
        assert_eq!(
            text,
            "> 00A4000C023F00\n< 9000\n> 0020000108****************\n< 63C2\n"
        );
        let mut again = Replay::parse(&text).unwrap();
        again
            .transmit(&[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00])
            .unwrap();
        assert_eq!(again.transmit(&verify).unwrap(), [0x63, 0xC2]);
    }

    #[test]
    fn another_command_is_refused_without_showing_a_pin() {
        let mut replay = Replay::parse(CONVERSATION).unwrap();
        let error = replay
            .transmit(&[0x00, 0x20, 0x00, 0x01, 0x04, 0x31, 0x32, 0x33, 0x34])
            .unwrap_err();
        assert!(error.to_string().contains("0020000104********"), "{error}");
        let mut over = Replay::parse("").unwrap();
        assert!(over.transmit(&[0x00, 0xC0, 0x00, 0x00, 0x00]).is_err());
    }

    #[test]
    fn what_is_no_conversation_is_refused() {
        let error = |text| Replay::parse(text).unwrap_err();
        assert_eq!(error("hello"), TranscriptError::NotALine { line: 1 });
        assert_eq!(error("> 00A"), TranscriptError::NotHexadecimal { line: 1 });
        assert_eq!(
            error("> 00\n< **"),
            TranscriptError::NotHexadecimal { line: 2 }
        );
        assert_eq!(error("< 9000"), TranscriptError::OutOfOrder { line: 1 });
        assert_eq!(
            error("> 00\n> 00\n< 9000"),
            TranscriptError::OutOfOrder { line: 2 }
        );
        assert_eq!(error("> 00"), TranscriptError::OutOfOrder { line: 1 });
    }
}
