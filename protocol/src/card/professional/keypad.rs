//! The holder's PIN typed on the reader's own keypad. The rules are those of a PIN typed here: the
//! tries left are read first, a blocked PIN is not asked for, the last try wants the caller's
//! explicit word, and one entry is one presentation. Not on a CPS4: the issuer's own software
//! refuses it there.

use super::ProfessionalCard;
use super::face::Face;
use super::presentation::{LastTry, VerifiedCard, answer_lost, outcome_of};
use crate::card::apdu::Instruction;
use crate::card::error::CardError;
use crate::card::pin::PinFormat;
use crate::card::pin_counters::PinCounters;
use crate::card::pinpad::{Pinpad, PinpadOutcome, PinpadPrompt, PinpadRequest, PromptLanguage};
use crate::card::transport::{Transport, TransportError};

impl<'t, T: Transport + ?Sized> ProfessionalCard<'t, T> {
    /// The reader's own keypad, where it can take this card's PIN: `None` where there is none, where
    /// the card's form or lengths do not suit it, and for a card that is given no PIN by a keypad.
    /// One question to the reader and none to the card, whose PIN form is known or read.
    ///
    /// # Errors
    /// Whatever reading meets.
    pub fn suitable_pinpad(&mut self) -> Result<Option<Pinpad>, CardError> {
        if self.face != Face::Cps3 {
            return Ok(None);
        }
        let Some(pinpad) = self.exchange.pinpad() else {
            return Ok(None);
        };
        let format = match self.pin_format_for_use() {
            Err(CardError::ReadOnlyRevision { .. }) => return Ok(None),
            format => format?,
        };
        let prompt = PinpadPrompt {
            language: PromptLanguage::French,
            timeout_seconds: 0,
            properties: pinpad.properties,
        };
        let suits = PinpadRequest::verify(&format, &prompt).is_ok();
        Ok(Some(pinpad).filter(|_| suits))
    }

    /// Lets the holder present the PIN on the reader's own keypad, once. There is no
    /// proven PIN afterwards: this program never knew the PIN.
    ///
    /// # Errors
    /// Without asking the card: as [`ProfessionalCard::verify_pin`], [`CardError::Pinpad`],
    /// [`CardError::NoPinpadEntry`], [`CardError::PinpadEntry`]. From the card: as
    /// [`ProfessionalCard::verify_pin`].
    pub fn verify_pin_on_pinpad(
        &mut self,
        prompt: &PinpadPrompt,
        last_try: LastTry,
    ) -> Result<VerifiedCard<'_, 't, T>, CardError> {
        let format = self.pin_format_for_pinpad()?;
        let request = PinpadRequest::verify(&format, prompt)?;
        self.private_keys()?;
        let counters = self.usable_pin(&format, last_try)?;
        self.enter_on_pinpad(Instruction::Verify, &request, counters)?;
        Ok(VerifiedCard {
            card: self,
            proven: None,
        })
    }

    /// Lets the holder change the PIN on the reader's own keypad: the old one, the new one twice.
    ///
    /// # Errors
    /// As [`ProfessionalCard::verify_pin_on_pinpad`].
    pub fn change_pin_on_pinpad(
        &mut self,
        prompt: &PinpadPrompt,
        last_try: LastTry,
    ) -> Result<(), CardError> {
        let format = self.pin_format_for_pinpad()?;
        let request = PinpadRequest::modify(&format, prompt)?;
        let counters = self.usable_pin(&format, last_try)?;
        self.enter_on_pinpad(Instruction::ChangeReferenceData, &request, counters)
    }

    fn pin_format_for_pinpad(&mut self) -> Result<PinFormat, CardError> {
        if self.face == Face::Cps4 {
            return Err(CardError::NoPinpadEntry);
        }
        self.pin_format_for_use()
    }

    fn enter_on_pinpad(
        &mut self,
        instruction: Instruction,
        request: &PinpadRequest,
        counters: PinCounters,
    ) -> Result<(), CardError> {
        let entered = self
            .exchange
            .enter_on_pinpad(request)
            .map_err(|error| match error {
                // A keypad that cannot do this was asked for nothing.
                CardError::Transport(TransportError::Other { .. }) => error,
                error => answer_lost(instruction)(error),
            })?;
        match entered {
            PinpadOutcome::Card(status) => outcome_of(instruction, status, counters),
            outcome => Err(CardError::PinpadEntry { outcome }),
        }
    }
}
