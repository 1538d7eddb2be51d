//! One command to the card, to its real end: the `61xx` loop and the `6Cxx` retry of ISO/IEC 7816-4
//! section 5.1.3 that a T=0 card needs and that PC/SC leaves to the caller. Hostile answers are
//! bounded: at most [`MAX_GET_RESPONSE`] fetches and [`MAX_ANSWER`] bytes a command, one `6Cxx`
//! retry, and a budget of exchanges for each operation of a driver.

use super::apdu::{ApduError, Command, Instruction, Response, TransmissionProtocol};
use super::error::CardError;
use super::pinpad::{Pinpad, PinpadOutcome, PinpadRequest};
use super::status::{StatusMeaning, StatusWord};
use super::transport::Transport;

/// GET RESPONSE commands that one command may need.
pub const MAX_GET_RESPONSE: usize = 32;
/// Bytes of answer data that one command may gather.
pub const MAX_ANSWER: usize = 64 * 1024;
/// Exchanges that one operation of a driver may use, however the card answers. The largest honest
/// one, a card full of 16 practice situations read for the first time, needs about a hundred.
pub const MAX_EXCHANGES_PER_OPERATION: u32 = 1024;
/// Exchanges between opening a card and letting it go: sixteen thousand signatures.
pub const MAX_EXCHANGES_PER_SESSION: u64 = 65_536;

/// Sends commands over a [`Transport`] and brings back whole answers.
pub struct Exchange<'t, T: Transport + ?Sized> {
    transport: &'t mut T,
    protocol: TransmissionProtocol,
    channel: u8,
    exchanges_left: u32,
    exchanges: u64,
}

impl<'t, T: Transport + ?Sized> Exchange<'t, T> {
    /// Exchanges over `transport`, with a full budget.
    pub fn new(transport: &'t mut T, protocol: TransmissionProtocol) -> Self {
        Self {
            transport,
            protocol,
            channel: 0,
            exchanges_left: MAX_EXCHANGES_PER_OPERATION,
            exchanges: 0,
        }
    }

    /// The same on a logical channel, 0 to 3: [`Exchange`]'s own reading and selecting go there.
    /// Other commands name their channel themselves.
    #[must_use]
    pub fn on_channel(mut self, channel: u8) -> Self {
        self.channel = channel;
        self
    }

    /// The logical channel that reading and selecting use.
    pub fn channel(&self) -> u8 {
        self.channel
    }

    /// Gives the next operation its own budget.
    pub fn begin_operation(&mut self) {
        self.exchanges_left = MAX_EXCHANGES_PER_OPERATION;
    }

    /// APDUs sent since the beginning, GET RESPONSE included.
    pub fn exchanges(&self) -> u64 {
        self.exchanges
    }

    /// Sends a command and gathers its whole answer. The status word is the last one; it may be an
    /// error.
    ///
    /// # Errors
    /// [`CardError::Transport`], [`CardError::Apdu`] for an answer that is no response APDU, and
    /// the bounds of this module.
    pub fn send(&mut self, command: &Command) -> Result<Response, CardError> {
        let mut response = self.transmit(command)?;
        let mut wanted = command.expected().unwrap_or(0);
        if let StatusMeaning::WrongExpectedLength(exact) = response.status.meaning()
            && command.expected().is_some_and(|asked| asked != exact)
            && !command.has_data()
        {
            wanted = exact;
            response = self.transmit_expecting(command, exact)?;
        }
        if response.data.len() > usize::from(wanted) {
            let length = response.data.len();
            return Err(CardError::AnswerLength {
                command: command.instruction(),
                announced: wanted,
                length,
            });
        }
        let mut data = std::mem::take(&mut response.data);
        let mut fetches = 0;
        while let StatusMeaning::MoreData(announced) = response.status.meaning() {
            fetches += 1;
            if fetches > MAX_GET_RESPONSE {
                return Err(CardError::AnswerTooLong {
                    command: command.instruction(),
                });
            }
            response = self.get_response(command.channel(), announced)?;
            data.append(&mut response.data);
            if data.len() > MAX_ANSWER {
                return Err(CardError::AnswerTooLong {
                    command: command.instruction(),
                });
            }
        }
        Ok(Response {
            data,
            status: response.status,
        })
    }

    /// Sends a command of which only the outcome matters; data that comes along is dropped unread.
    /// `61xx` to a SELECT is a success whose data is left on the card; to anything else, above all
    /// to VERIFY, only `9000` is one.
    ///
    /// # Errors
    /// As [`Exchange::send`].
    pub fn send_for_status(&mut self, command: &Command) -> Result<StatusWord, CardError> {
        let response = self.transmit(command)?;
        Ok(match response.status.meaning() {
            StatusMeaning::MoreData(_) if command.instruction() == Instruction::Select => {
                StatusWord::SUCCESS
            }
            _ => response.status,
        })
    }

    /// The reader's own keypad.
    pub fn pinpad(&mut self) -> Option<Pinpad> {
        self.transport.pinpad()
    }

    /// Has the reader's keypad take a PIN and present it: one exchange with the card at most, never
    /// repeated.
    ///
    /// # Errors
    /// [`CardError::Transport`], [`CardError::Pinpad`], and the bounds of this module.
    pub fn enter_on_pinpad(&mut self, request: &PinpadRequest) -> Result<PinpadOutcome, CardError> {
        self.count()?;
        let answer = self.transport.enter_on_pinpad(request)?;
        Ok(PinpadOutcome::from_answer(&answer)?)
    }

    fn get_response(&mut self, channel: u8, announced: u16) -> Result<Response, CardError> {
        let command = Command::new(Instruction::GetResponse, 0, 0)
            .on_channel(channel)
            .expecting(announced);
        let mut response = self.transmit(&command)?;
        let mut wanted = announced;
        if let StatusMeaning::WrongExpectedLength(exact) = response.status.meaning() {
            wanted = exact;
            response = self.transmit_expecting(&command, exact)?;
        }
        let length = response.data.len();
        let too_long = length > usize::from(wanted);
        // `6100` means "256 or more, or unknown" on some cards; every other value announces exactly
        // what is there.
        let too_short =
            length < usize::from(wanted) && wanted != 256 && response.status.is_success();
        let stuck = length == 0 && matches!(response.status.meaning(), StatusMeaning::MoreData(_));
        if too_long || too_short || stuck {
            return Err(CardError::AnswerLength {
                command: Instruction::GetResponse,
                announced: wanted,
                length,
            });
        }
        Ok(response)
    }

    fn count(&mut self) -> Result<(), CardError> {
        self.exchanges_left = self
            .exchanges_left
            .checked_sub(1)
            .ok_or(CardError::TooManyExchanges)?;
        if self.exchanges >= MAX_EXCHANGES_PER_SESSION {
            return Err(CardError::TooManyExchanges);
        }
        self.exchanges = self.exchanges.saturating_add(1);
        Ok(())
    }

    fn transmit(&mut self, command: &Command) -> Result<Response, CardError> {
        self.transmit_bytes(command.instruction(), &command.encode(self.protocol))
    }

    /// The same header with another expected length; only for commands without data.
    fn transmit_expecting(&mut self, command: &Command, exact: u16) -> Result<Response, CardError> {
        let mut bytes = command.encode(self.protocol);
        if let Some(expected) = bytes.last_mut() {
            *expected = exact.to_be_bytes()[1];
        }
        self.transmit_bytes(command.instruction(), &bytes)
    }

    fn transmit_bytes(
        &mut self,
        command: Instruction,
        bytes: &[u8],
    ) -> Result<Response, CardError> {
        self.count()?;
        let answer = self.transport.transmit(bytes)?;
        Response::from_bytes(answer).map_err(|error| match error {
            ApduError::ResponseTooShort { .. } => CardError::LostCard { command },
            error => CardError::Apdu(error),
        })
    }
}

impl<T: Transport + ?Sized> std::fmt::Debug for Exchange<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("protocol", &self.protocol)
            .field("exchanges", &self.exchanges)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
