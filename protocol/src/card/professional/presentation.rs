//! The holder's PIN. The tries left are read before VERIFY; a blocked PIN is not
//! presented; the last try wants the caller's explicit word; a PIN is consumed by the attempt, so
//! that one that failed cannot be presented again. One that succeeded becomes a [`ProvenPin`],
//! which the same card may be given again after another program's reset, as long as that cannot
//! block it.

use super::ProfessionalCard;
use super::face::Face;
use crate::card::apdu::{Command, Instruction};
use crate::card::error::CardError;
use crate::card::file::CardFile;
use crate::card::model::CardModel;
use crate::card::pin::{Pin, PinFormat};
use crate::card::pin_counters::PinCounters;
use crate::card::practice_situation::PracticeSituation;
use crate::card::serial::CardSerial;
use crate::card::status::{StatusMeaning, StatusWord};
use crate::card::transport::{Transport, TransportError};

/// What to do when one try is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastTry {
    /// Do not spend it.
    Refused,
    /// The holder was told and wants to.
    Confirmed,
}

/// A PIN that was right for the card with this serial number. Wiped when dropped, as [`Pin`].
#[expect(
    missing_debug_implementations,
    reason = "a PIN has no form that may be shown"
)]
pub struct ProvenPin {
    pin: Pin,
    serial: CardSerial,
}

impl ProvenPin {
    /// The card it was right for.
    #[must_use]
    pub fn serial(&self) -> &CardSerial {
        &self.serial
    }
}

/// Why a proven PIN did not open the card. Where it is certain that it never reached the card it comes back.
#[expect(
    missing_debug_implementations,
    reason = "a PIN has no form that may be shown"
)]
pub struct ProvenPinRefused {
    /// What happened.
    pub error: CardError,
    /// The PIN, if it was not presented and can be another time.
    pub unspent: Option<ProvenPin>,
}

impl From<ProvenPinRefused> for CardError {
    fn from(refused: ProvenPinRefused) -> Self {
        refused.error
    }
}

/// A card that accepted its holder's PIN. It ends with the borrow: after that, or after any reset,
/// the card must be given a PIN again.
pub struct VerifiedCard<'c, 't, T: Transport + ?Sized> {
    pub(super) card: &'c mut ProfessionalCard<'t, T>,
    pub(super) proven: Option<ProvenPin>,
}

impl<'t, T: Transport + ?Sized> ProfessionalCard<'t, T> {
    /// Presents the holder's PIN, once. Keys and certificates are read before, so that nothing but
    /// the signature itself is left to do afterwards.
    ///
    /// # Errors
    /// Without asking the card: [`CardError::ReadOnlyRevision`], [`CardError::PinFormat`],
    /// [`CardError::NoPin`], [`CardError::PinBlocked`], [`CardError::LastTryNotConfirmed`]. From
    /// the card: [`CardError::WrongPin`], [`CardError::PinBlocked`]. Whatever reading meets.
    pub fn verify_pin(
        &mut self,
        pin: Pin,
        last_try: LastTry,
    ) -> Result<VerifiedCard<'_, 't, T>, CardError> {
        self.present(&pin, last_try)?;
        let proven = ProvenPin {
            pin,
            serial: self.serial.clone(),
        };
        Ok(VerifiedCard {
            card: self,
            proven: Some(proven),
        })
    }

    /// Presents a PIN that this card accepted before. Never spends a last try.
    ///
    /// # Errors
    /// [`CardError::PinOfAnotherCard`], without asking the card, if the serial number is another;
    /// otherwise as [`ProfessionalCard::verify_pin`]. The PIN comes back where the exchange failed
    /// before VERIFY was sent, and in no other case.
    pub fn verify_proven_pin(
        &mut self,
        proven: ProvenPin,
    ) -> Result<VerifiedCard<'_, 't, T>, ProvenPinRefused> {
        if proven.serial != self.serial {
            return Err(ProvenPinRefused {
                error: CardError::PinOfAnotherCard,
                unspent: None,
            });
        }
        match self.present(&proven.pin, LastTry::Refused) {
            Ok(()) => Ok(VerifiedCard {
                card: self,
                proven: Some(proven),
            }),
            Err(error) => Err(ProvenPinRefused {
                // A VERIFY whose answer was lost is another error (`AnswerLost`).
                unspent: matches!(error, CardError::Transport(_)).then_some(proven),
                error,
            }),
        }
    }

    fn present(&mut self, pin: &Pin, last_try: LastTry) -> Result<(), CardError> {
        let format = self.pin_format_for_use()?;
        let data = format.encode(pin)?;
        self.private_keys()?;
        let counters = self.usable_pin(&format, last_try)?;
        if self.face.keeps_its_folder() {
            // Before the PIN, so that the first signature after it is as short as the next.
            self.enter_application()?;
        }
        self.verify(&format, &data, counters)
    }

    /// The form of the PIN of a card that may be given one.
    pub(super) fn pin_format_for_use(&mut self) -> Result<PinFormat, CardError> {
        match (self.face, self.model) {
            (Face::Contactless, _) => Err(CardError::NoPin),
            (_, CardModel::Cps3 | CardModel::Cps4) => self.pin_format(),
            (_, model) => Err(CardError::ReadOnlyRevision { model }),
        }
    }

    /// The tries left, if one of them may be spent.
    pub(super) fn usable_pin(
        &mut self,
        format: &PinFormat,
        last_try: LastTry,
    ) -> Result<PinCounters, CardError> {
        let counters = self.counters(format.reference())?;
        if counters.is_blocked() {
            return Err(CardError::PinBlocked);
        }
        if counters.is_last_try() && last_try == LastTry::Refused {
            return Err(CardError::LastTryNotConfirmed);
        }
        Ok(counters)
    }

    /// VERIFY of the holder's PIN, once whatever the card answers.
    pub(super) fn verify(
        &mut self,
        format: &PinFormat,
        data: &[u8],
        counters: PinCounters,
    ) -> Result<(), CardError> {
        let command = self.verification(format, data)?;
        self.present_once(&command, counters)
    }

    /// VERIFY with the reference and form of a code.
    pub(super) fn verification(
        &self,
        format: &PinFormat,
        data: &[u8],
    ) -> Result<Command, CardError> {
        let command = Command::new(Instruction::Verify, 0x00, format.reference())
            .with_data(data)?
            .on_channel(self.face.channel())
            .sensitive();
        Ok(command)
    }

    /// Sends a command that carries the holder's PIN. Nothing is retried.
    pub(super) fn present_once(
        &mut self,
        command: &Command,
        counters: PinCounters,
    ) -> Result<(), CardError> {
        let status = self
            .exchange
            .send_for_status(command)
            .map_err(answer_lost(command.instruction()))?;
        outcome_of(command.instruction(), status, counters)
    }
}

/// What it means that a command with a code brought no answer. Where it is known that the command was
/// not sent, no more than that.
pub(super) fn answer_lost(command: Instruction) -> impl FnOnce(CardError) -> CardError {
    move |error| match error {
        CardError::Transport(
            TransportError::CardReset | TransportError::Slept | TransportError::TimeOver,
        ) => error,
        CardError::Transport(reason) => CardError::AnswerLost { command, reason },
        CardError::LostCard { .. } => CardError::AnswerLost {
            command,
            reason: TransportError::CardRemoved,
        },
        error => error,
    }
}

/// What the card's answer to a command with the holder's PIN means.
pub(super) fn outcome_of(
    command: Instruction,
    status: StatusWord,
    counters: PinCounters,
) -> Result<(), CardError> {
    match status.meaning() {
        StatusMeaning::Success => Ok(()),
        StatusMeaning::VerificationFailed { tries_left } => Err(CardError::WrongPin {
            tries_left: tries_left.unwrap_or(after_a_miss(counters)),
        }),
        StatusMeaning::AuthenticationBlocked => Err(CardError::PinBlocked),
        _ => Err(CardError::Status {
            command,
            file: None,
            status,
        }),
    }
}

impl<T: Transport + ?Sized> VerifiedCard<'_, '_, T> {
    /// The serial number, eight digits.
    #[must_use]
    pub fn serial(&self) -> &CardSerial {
        self.card.serial()
    }

    /// APDUs sent since the card was opened, GET RESPONSE included.
    #[must_use]
    pub fn exchanges(&self) -> u64 {
        self.card.exchanges()
    }

    /// Takes the PIN out, for a mandate that may have to present it again. `None` the second time.
    #[must_use]
    pub fn take_proven_pin(&mut self) -> Option<ProvenPin> {
        self.proven.take()
    }

    /// The practice situations, by ascending number; numbers may have holes. Objects that are
    /// absent or unused are passed over.
    ///
    /// # Errors
    /// [`CardError::PinNotVerified`] if the card lost the PIN meanwhile, and whatever reading
    /// meets.
    pub fn practice_situations(&mut self) -> Result<Vec<PracticeSituation>, CardError> {
        let mut situations: Vec<PracticeSituation> = Vec::new();
        for object in self.card.data_objects()? {
            let Some(number) = PracticeSituation::number_in_label(&object.label) else {
                continue;
            };
            if situations.iter().any(|known| known.number == number) {
                continue;
            }
            let content = self
                .card
                .read_object(CardFile::PracticeSituation, &object.location)
                .map_err(pin_lost)?;
            if let Some(content) = content {
                situations.push(PracticeSituation::parse(number, &content)?);
            }
        }
        situations.sort_by_key(|situation| situation.number);
        Ok(situations)
    }
}

impl<T: Transport + ?Sized> std::fmt::Debug for VerifiedCard<'_, '_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VerifiedCard")
            .field("card", &self.card)
            .finish_non_exhaustive()
    }
}

/// `6982` in a place where a verified PIN is enough means that the card no longer holds it.
pub(super) fn pin_lost(error: CardError) -> CardError {
    match error {
        CardError::Status { status, .. }
            if status.meaning() == StatusMeaning::SecurityStatusNotSatisfied =>
        {
            CardError::PinNotVerified
        }
        other => other,
    }
}

/// Tries left when the card says only that the PIN was wrong.
pub(super) fn after_a_miss(counters: PinCounters) -> u8 {
    counters.left.saturating_sub(1)
}
