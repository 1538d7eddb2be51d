//! What the fuzz targets share: a card made of a byte string. Each answer is a length of two bytes,
//! big-endian, and that many bytes; the last one may be cut short, and after it the card gives two
//! bytes of nonsense for ever, so that a driver without bounds hangs visibly.

use paraphe_protocol::card::pinpad::{Pinpad, PinpadProperties, PinpadRequest};
use paraphe_protocol::card::{Transport, TransportError};

/// A card that answers what the fuzzer says.
#[derive(Debug)]
pub struct ScriptedCard<'a> {
    answers: &'a [u8],
    asked: usize,
    verifications: usize,
    codes: usize,
    has_keypad: bool,
}

impl<'a> ScriptedCard<'a> {
    /// A card with these answers.
    #[must_use]
    pub fn new(answers: &'a [u8]) -> Self {
        Self {
            answers,
            asked: 0,
            verifications: 0,
            codes: 0,
            has_keypad: false,
        }
    }

    /// The same in a reader with a keypad of its own, whose answers are the next ones.
    #[must_use]
    pub fn with_keypad(mut self, has_keypad: bool) -> Self {
        self.has_keypad = has_keypad;
        self
    }

    /// Commands received.
    #[must_use]
    pub fn asked(&self) -> usize {
        self.asked
    }

    /// VERIFY commands received that carried a code.
    #[must_use]
    pub fn verifications(&self) -> usize {
        self.verifications
    }

    /// Commands received that carried a code.
    #[must_use]
    pub fn codes(&self) -> usize {
        self.codes
    }
}

impl Transport for ScriptedCard<'_> {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.asked += 1;
        assert!((4..=261).contains(&command.len()), "a short APDU");
        // VERIFY without data is a question that only a CPS4 is asked, on its logical channel.
        let is_question = matches!(command, [0x01, 0x20, _, _]);
        if !is_question && matches!(command, [_, 0x20 | 0x24 | 0x2C, ..]) {
            self.verifications += usize::from(command.get(1) == Some(&0x20));
            self.codes += 1;
            let without_data = matches!(command, [0x01, 0x2C, 0x03, _]);
            assert!(command.len() > 5 || without_data, "a code is never empty");
        }
        self.next_answer()
    }

    fn pinpad(&mut self) -> Option<Pinpad> {
        self.has_keypad.then(|| Pinpad {
            can_modify: true,
            properties: PinpadProperties::default(),
        })
    }

    fn enter_on_pinpad(&mut self, _request: &PinpadRequest) -> Result<Vec<u8>, TransportError> {
        assert!(self.has_keypad, "a keypad that is not there was asked");
        self.verifications += 1;
        self.codes += 1;
        self.next_answer()
    }
}

impl ScriptedCard<'_> {
    fn next_answer(&mut self) -> Result<Vec<u8>, TransportError> {
        let Some((length, rest)) = self.answers.split_first_chunk::<2>() else {
            // Something left over, or nothing: the same answer for ever.
            return Ok(vec![0x00, 0x61, 0x01]);
        };
        // Lengths beyond the longest answer wrap, so that most inputs make answers.
        let length = usize::from(u16::from_be_bytes(*length)) % 300;
        if length == 299 {
            return Err(TransportError::CardRemoved);
        }
        let (answer, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        self.answers = rest;
        Ok(answer.to_vec())
    }
}
