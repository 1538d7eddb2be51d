//! Plain text, checked chunk by chunk: UTF-8, and characters that a person wrote.
//!
//! Refused: bytes that are not UTF-8 (Latin-1 and Windows-1252 files are to be converted by who
//! knows their encoding: nothing here guesses), NUL, control characters other than TAB, LF, CR and
//! form feed. A byte order mark is accepted at the start.

/// Why bytes are not text: where, counted from the start of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextProblem {
    Encoding { at: u64 },
    Control { at: u64 },
}

#[derive(Debug, Default)]
pub(super) struct TextScanner {
    /// The beginning of a character whose end is in the next chunk: 3 bytes at most.
    pending: Vec<u8>,
    /// Bytes before `pending`.
    done: u64,
}

impl TextScanner {
    pub(super) fn update(&mut self, chunk: &[u8]) -> Result<(), TextProblem> {
        let mut rest = chunk;
        while !self.pending.is_empty() {
            let [next, after @ ..] = rest else {
                return Ok(());
            };
            self.pending.push(*next);
            rest = after;
            match std::str::from_utf8(&self.pending) {
                Ok(character) => {
                    let length = character.len();
                    self.pending.clear();
                    self.done = self.done.saturating_add(length as u64);
                }
                Err(error) if error.error_len().is_none() && self.pending.len() < 4 => {}
                Err(_) => return Err(TextProblem::Encoding { at: self.done }),
            }
        }
        let (valid, tail) = match std::str::from_utf8(rest) {
            Ok(_) => (rest, &[][..]),
            Err(error) => {
                let (valid, tail) = rest.split_at(error.valid_up_to());
                if error.error_len().is_some() {
                    let at = self.done.saturating_add(valid.len() as u64);
                    return Err(TextProblem::Encoding { at });
                }
                (valid, tail)
            }
        };
        // One pass without branches first: texts have no control characters.
        if valid
            .iter()
            .fold(false, |found, byte| found | is_control(*byte))
        {
            let position = valid.iter().position(|byte| is_control(*byte)).unwrap_or(0);
            return Err(TextProblem::Control {
                at: self.done.saturating_add(position as u64),
            });
        }
        self.done = self.done.saturating_add(valid.len() as u64);
        self.pending.extend_from_slice(tail);
        Ok(())
    }

    pub(super) fn finish(&self) -> Result<(), TextProblem> {
        if self.pending.is_empty() {
            Ok(())
        } else {
            Err(TextProblem::Encoding { at: self.done })
        }
    }
}

fn is_control(byte: u8) -> bool {
    (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r') & (byte != 0x0c)
        | (byte == 0x7f)
}
