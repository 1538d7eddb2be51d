//! A new PIN: by the old one, or by the unblocking code when the old one is blocked or forgotten.
//! The counter is read first; a blocked code is not presented, and the last try (of the unblocking
//! code, also the last use) wants the caller's explicit word. Everything that can be refused is
//! refused before the card is asked: a new PIN of another form than the card's, or the same as the
//! old one. Codes are consumed by the attempt, so that one that failed cannot be presented again.

use super::ProfessionalCard;
use super::face::Face;
use super::presentation::{LastTry, after_a_miss, answer_lost};
use super::{cps3, cps4};
use crate::card::apdu::Command;
use crate::card::error::CardError;
use crate::card::pin::{Pin, PinFormat, PinFormatError, UnblockingCode};
use crate::card::pin_counters::PinCounters;
use crate::card::status::StatusMeaning;
use crate::card::transport::Transport;

impl<T: Transport + ?Sized> ProfessionalCard<'_, T> {
    /// Replaces the PIN by a new one, given the old one. The card then no longer counts as having
    /// accepted its PIN.
    ///
    /// # Errors
    /// Without asking the card: [`CardError::NoPin`], [`CardError::ReadOnlyRevision`],
    /// [`CardError::PinFormat`] for either PIN and for a new one that is the old one,
    /// [`CardError::PinBlocked`], [`CardError::LastTryNotConfirmed`]. From the card:
    /// [`CardError::WrongPin`], [`CardError::PinBlocked`], [`CardError::Status`]. Whatever reading
    /// meets.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a PIN is consumed by the attempt, so that it cannot be presented again"
    )]
    pub fn change_pin(&mut self, old: Pin, new: Pin, last_try: LastTry) -> Result<(), CardError> {
        let format = self.pin_format_for_use()?;
        let old_data = format.encode(&old)?;
        let new_data = format.encode(&new)?;
        if old.is_same_as(&new) {
            return Err(PinFormatError::Unchanged.into());
        }
        let counters = self.usable_pin(&format, last_try)?;
        match self.face {
            Face::Cps4 => {
                self.verify(&format, &old_data, counters)?;
                self.set(&cps4::change(format.reference(), &new_data)?)
            }
            Face::Cps3 | Face::Contactless => {
                let mut both = old_data;
                // The form leaves room for a second PIN.
                both.extend_from_slice(&new_data);
                self.present_once(&cps3::change(format.reference(), &both)?, counters)
            }
        }
    }

    /// Gives the PIN a new value and all its tries, given the unblocking code.
    ///
    /// # Errors
    /// Without asking the card: [`CardError::NoPin`], [`CardError::NoUnblockingCode`],
    /// [`CardError::ReadOnlyRevision`], [`CardError::PinFormat`] for the code and the PIN,
    /// [`CardError::UnblockingCodeBlocked`], [`CardError::LastUnblockingNotConfirmed`]. From the
    /// card: [`CardError::WrongUnblockingCode`], [`CardError::UnblockingCodeBlocked`],
    /// [`CardError::Status`], after which the PIN is what it was before. Whatever reading meets.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "codes are consumed by the attempt, so that they cannot be presented again"
    )]
    pub fn unblock(
        &mut self,
        code: UnblockingCode,
        new: Pin,
        last_try: LastTry,
    ) -> Result<(), CardError> {
        let format = self.pin_format_for_use()?;
        let code_format = self.unblocking_code_format()?;
        let code_data = code_format.encode_code(&code)?;
        let new_data = format.encode(&new)?;
        let counters = self.usable_code(&code_format, last_try)?;
        self.present_code(&code_format, &code_data, counters)?;
        match self.face {
            Face::Cps4 => {
                self.set(&cps4::reset(format.reference()))?;
                self.set(&cps4::change(format.reference(), &new_data)?)
            }
            Face::Cps3 | Face::Contactless => {
                self.set(&cps3::reset(format.reference(), &new_data)?)
            }
        }
    }

    fn usable_code(
        &mut self,
        format: &PinFormat,
        last_try: LastTry,
    ) -> Result<PinCounters, CardError> {
        let counters = self.counters(format.reference())?;
        let (tries_left, uses_left) = (counters.left, counters.uses_left);
        if counters.is_blocked() {
            return Err(CardError::UnblockingCodeBlocked {
                tries_left,
                uses_left,
            });
        }
        let is_last = counters.is_last_try() || uses_left == Some(1);
        if is_last && last_try == LastTry::Refused {
            return Err(CardError::LastUnblockingNotConfirmed {
                tries_left,
                uses_left,
            });
        }
        Ok(counters)
    }

    /// VERIFY of the unblocking code, once whatever the card answers.
    fn present_code(
        &mut self,
        format: &PinFormat,
        data: &[u8],
        counters: PinCounters,
    ) -> Result<(), CardError> {
        let command = self.verification(format, data)?;
        let status = self
            .exchange
            .send_for_status(&command)
            .map_err(answer_lost(command.instruction()))?;
        let uses_left = counters.uses_left;
        match status.meaning() {
            StatusMeaning::Success => Ok(()),
            StatusMeaning::VerificationFailed { tries_left } => {
                Err(CardError::WrongUnblockingCode {
                    tries_left: tries_left.unwrap_or(after_a_miss(counters)),
                    uses_left,
                })
            }
            StatusMeaning::AuthenticationBlocked => Err(CardError::UnblockingCodeBlocked {
                tries_left: 0,
                uses_left,
            }),
            _ => Err(CardError::Status {
                command: command.instruction(),
                file: None,
                status,
            }),
        }
    }

    /// A command that the card must simply do.
    fn set(&mut self, command: &Command) -> Result<(), CardError> {
        let status = self
            .exchange
            .send_for_status(command)
            .map_err(answer_lost(command.instruction()))?;
        if status.meaning() == StatusMeaning::Success {
            return Ok(());
        }
        Err(CardError::Status {
            command: command.instruction(),
            file: None,
            status,
        })
    }
}
