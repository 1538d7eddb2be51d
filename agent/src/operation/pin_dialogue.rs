//! The one place where a PIN is asked for and presented. The card is opened anew in the very transaction that presents the
//! PIN, its serial number must be the one that was prepared for, and the card is left reset whatever happened. One entry is
//! one presentation: a wrong PIN is never presented again, a person may enter another while tries are left, and the last
//! try needs the person's confirmation. One dialogue at a time on this workstation.

use std::sync::{Arc, MutexGuard, TryLockError};
use std::time::Duration;

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::card::{self, CardError, LastTry, Pin, ProvenPin, VerifiedCard};

use super::Context;
use super::professional_card::{ProfessionalCard, lock};
use crate::pin::{PinPurpose, PinRequest, RequestedCode, Requester};
use crate::problem::Failure;
use crate::reader::{CardChannel, CardEnd};

/// Longest work behind a PIN: one signature, or 16 practice situations.
const VERIFIED_LIMIT: Duration = Duration::from_secs(30);

/// What is done with a card that accepted its PIN.
pub(super) trait VerifiedWork<R>:
    Fn(&mut VerifiedCard<'_, '_, CardChannel<'_>>) -> Result<R, CardError> + Send + Sync + 'static
{
}

impl<R, F> VerifiedWork<R> for F where
    F: Fn(&mut VerifiedCard<'_, '_, CardChannel<'_>>) -> Result<R, CardError>
        + Send
        + Sync
        + 'static
{
}

/// A question for the PIN that is about to be asked.
#[derive(Debug)]
pub(super) struct PinDialogue<'a> {
    card: &'a ProfessionalCard,
    request: PinRequest,
}

impl<'a> PinDialogue<'a> {
    /// Prepares the question; nobody is asked yet.
    pub(super) fn new(
        context: &Context<'_>,
        card: &'a ProfessionalCard,
        purpose: PinPurpose,
    ) -> Result<Self, Failure> {
        let counters = card.counters.ok_or(ErrorCode::CardProvesNoHolder)?;
        if counters.is_blocked() {
            return Err(CardError::PinBlocked.into());
        }
        let request = PinRequest {
            purpose,
            code: RequestedCode::Pin,
            requester: Requester::of(context.caller),
            holder: card.holder()?.display_name(),
            card_serial: card.serial.as_str().to_owned(),
            reader: card.target.reader.to_string(),
            tries_left: counters.left,
            wrong_before: false,
        };
        Ok(Self { card, request })
    }

    /// What the person will be shown of the purpose.
    pub(super) fn statement(&self) -> String {
        self.request.statement()
    }

    /// Asks for the PIN and does `work` in the same transaction that presents it.
    pub(super) fn run<R: Send + 'static>(
        mut self,
        context: &Context<'_>,
        work: impl VerifiedWork<R>,
    ) -> Result<R, Failure> {
        let _only_one = only_dialogue(context)?;
        let entry = &context.agent.pin_entry;
        let work = Arc::new(work);
        loop {
            let (pin, last_try) = entry.ask(&self.request)?.into_parts();
            if self.request.is_last_try() && last_try == LastTry::Refused {
                return Err(CardError::LastTryNotConfirmed.into());
            }
            match present(context, self.card, pin, last_try, &work)? {
                Ok(done) => return Ok(done),
                Err(CardError::WrongPin { tries_left })
                    if tries_left > 0 && entry.is_interactive() =>
                {
                    self.request.tries_left = tries_left;
                    self.request.wrong_before = true;
                }
                // Someone else spent tries while the question was open; nothing was presented.
                Err(CardError::LastTryNotConfirmed)
                    if !self.request.is_last_try() && entry.is_interactive() =>
                {
                    self.request.tries_left = 1;
                    self.request.wrong_before = false;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Nobody else asks while this is held.
pub(super) fn only_dialogue<'a>(context: &Context<'a>) -> Result<MutexGuard<'a, ()>, Failure> {
    match context.agent.pin_dialogue.try_lock() {
        Ok(guard) => Ok(guard),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(Failure::new(ErrorCode::TooBusy).with_detail(
            "Une autre demande de code porteur est déjà affichée.",
            "Another request for the PIN is already shown.",
        )),
    }
}

/// Does more work with a PIN that this operation's card accepted a moment ago; nobody is asked again.
pub(super) fn with_proven_pin<R: Send + 'static>(
    context: &Context<'_>,
    card: &ProfessionalCard,
    proven: ProvenPin,
    work: impl VerifiedWork<R>,
) -> Result<R, Failure> {
    in_one_transaction(context, card, move |opened| {
        let mut verified = opened.verify_proven_pin(proven)?;
        work(&mut verified)
    })?
    .map_err(Failure::from)
}

fn present<R: Send + 'static>(
    context: &Context<'_>,
    card: &ProfessionalCard,
    pin: Pin,
    last_try: LastTry,
    work: &Arc<impl VerifiedWork<R>>,
) -> Result<Result<R, CardError>, Failure> {
    let work = Arc::clone(work);
    in_one_transaction(context, card, move |opened| {
        let mut verified = opened.verify_pin(pin, last_try)?;
        work(&mut verified)
    })
}

/// Opens the card in one transaction, makes sure that it is the one prepared for, works, and leaves it reset.
pub(super) fn in_one_transaction<R: Send + 'static>(
    context: &Context<'_>,
    card: &ProfessionalCard,
    work: impl FnOnce(&mut card::ProfessionalCard<'_, CardChannel<'_>>) -> Result<R, CardError>
    + Send
    + 'static,
) -> Result<Result<R, CardError>, Failure> {
    let cache = Arc::clone(&context.agent.card_cache);
    let model = card.model;
    let serial = card.serial.clone();
    let result = context
        .agent
        .readers
        .run(&card.target, VERIFIED_LIMIT, move |channel| {
            let opened = card::ProfessionalCard::open_known(channel, model, &lock(&cache));
            let result = opened.and_then(|mut opened| {
                if *opened.serial() == serial {
                    work(&mut opened)
                } else {
                    Err(CardError::PinOfAnotherCard)
                }
            });
            (result, CardEnd::Reset)
        })?;
    Ok(result)
}
