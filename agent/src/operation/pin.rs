//! `pin/status`, `pin/change`, `pin/unblock`: the life of the PIN. Status spends no try. A new PIN is asked for twice where
//! a person types it; what the card would refuse for its form is refused before a code is presented. Every code is presented
//! once: after a wrong one the person starts again, told how many tries are left. The last try needs their confirmation, and
//! the card is left reset. A PIN is changed on the reader's own keypad where it has one that suits; unblocking stays on the
//! workstation, because part 10 has no structure for it.

use paraphe_protocol::api::{
    ErrorCode, PinRequest as Request, PinSetResponse, PinStatusResponse, UnblockingCodeSummary,
};
use paraphe_protocol::card::{
    CardError, LastTry, Pin, PinCounters, PinFormat, ProfessionalCard as OpenedCard,
};

use super::card_read::pin_summary;
use super::keypad_entry::KeypadEntry;
use super::pin_dialogue::{note_refused_code, only_dialogue};
use super::selection::{self, Family};
use super::{Context, module_pin};
use crate::pin::{PinEntry, PinPurpose, PinRequest, RequestedCode, Requester, TriesLeft};
use crate::problem::Failure;
use crate::reader::CardChannel;
use crate::token::{Access, CardAccess, Token, TokenError, known, lock, without_pin};

/// How often a person may try to type a new PIN twice alike.
const NEW_PIN_ATTEMPTS: usize = 3;

pub(super) fn status(
    context: &Context<'_>,
    request: &Request,
) -> Result<PinStatusResponse, Failure> {
    let token = read(context, request)?;
    if let Access::Pkcs11(access) = &token.access {
        let access = access.clone();
        return Ok(module_pin::status(token, &access));
    }
    let codes = codes(context, token.card()?)?;
    Ok(PinStatusResponse {
        reader: token.place,
        card: token.summary,
        pin: pin_summary(codes.pin),
        digits_min: u8::try_from(codes.form.minimum()).unwrap_or(u8::MAX),
        digits_max: u8::try_from(codes.form.maximum()).unwrap_or(u8::MAX),
        unblocking_code: codes.unblocking.map(|counters| UnblockingCodeSummary {
            tries_max: counters.max,
            tries_left: counters.left,
            uses_left: counters.uses_left,
            blocked: counters.is_blocked(),
        }),
    })
}

pub(super) fn change(context: &Context<'_>, request: &Request) -> Result<PinSetResponse, Failure> {
    let token = read(context, request)?;
    if let Access::Pkcs11(access) = &token.access {
        let access = access.clone();
        return module_pin::change(context, token, &access);
    }
    let codes = codes(context, token.card()?)?;
    if codes.pin.is_blocked() {
        return Err(CardError::PinBlocked.into());
    }
    let _only_one = only_dialogue(context)?;
    let entry = &*context.agent.pin_entry;
    let question = Question {
        context,
        token: &token,
        purpose: PinPurpose::ChangePin,
    };
    let asked = question.about(RequestedCode::Pin, codes.pin.left);
    let keypad = token.keypad().filter(|keypad| keypad.can_modify);
    if let Some(keypad) = KeypadEntry::new(context, keypad) {
        let (last_try, _notice) = keypad.announce(context, &asked)?;
        let card = token.card()?;
        let counters = card.change_on_keypad(context.agent, keypad.prompt, last_try)?;
        return Ok(done(token, counters));
    }
    let (old, last_try) = entry.ask(&asked)?.into_parts();
    if asked.is_last_try() && last_try == LastTry::Refused {
        return Err(CardError::LastTryNotConfirmed.into());
    }
    let new = question.new_pin(entry, &codes.form)?;
    set(context, token, move |opened| {
        opened.change_pin(old, new, last_try)
    })
}

pub(super) fn unblock(context: &Context<'_>, request: &Request) -> Result<PinSetResponse, Failure> {
    let token = read(context, request)?;
    let codes = codes(context, token.card()?)?;
    let counters = codes.unblocking.ok_or(ErrorCode::UnblockingCodeMissing)?;
    if counters.is_blocked() {
        return Err(CardError::UnblockingCodeBlocked {
            tries_left: counters.left,
            uses_left: counters.uses_left,
        }
        .into());
    }
    let _only_one = only_dialogue(context)?;
    let entry = &*context.agent.pin_entry;
    let question = Question {
        context,
        token: &token,
        purpose: PinPurpose::UnblockPin,
    };
    let uses_left = counters
        .uses_left
        .map_or(u8::MAX, |uses| u8::try_from(uses).unwrap_or(u8::MAX));
    let asked = question.about(RequestedCode::UnblockingCode, counters.left.min(uses_left));
    let (code, last_try) = entry.ask_unblocking_code(&asked)?;
    if asked.is_last_try() && last_try == LastTry::Refused {
        return Err(CardError::LastUnblockingNotConfirmed {
            tries_left: counters.left,
            uses_left: counters.uses_left,
        }
        .into());
    }
    let new = question.new_pin(entry, &codes.form)?;
    set(context, token, move |opened| {
        opened.unblock(code, new, last_try)
    })
}

fn read(context: &Context<'_>, request: &Request) -> Result<Token, Failure> {
    let (reader, serial) = (request.reader.as_deref(), request.card.as_deref());
    selection::token(context, Family::Holder, reader, serial)
}

/// The codes of a card as they are now.
struct Codes {
    pin: PinCounters,
    form: PinFormat,
    unblocking: Option<PinCounters>,
}

fn codes(context: &Context<'_>, card: &CardAccess) -> Result<Codes, Failure> {
    let cache = std::sync::Arc::clone(&context.agent.card_cache);
    let model = card.model;
    let serial = card.serial.clone();
    without_pin(context.agent, &card.target, move |channel| {
        let mut opened = OpenedCard::open_known(channel, model, &known(&cache))?;
        if *opened.serial() != serial {
            return Err(CardError::PinOfAnotherCard);
        }
        let codes = Codes {
            pin: opened.pin_counters()?,
            form: opened.pin_format()?,
            unblocking: match opened.unblock_counters() {
                Ok(counters) => Some(counters),
                Err(CardError::NoUnblockingCode) => None,
                Err(error) => return Err(error),
            },
        };
        opened.remember(&mut lock(&cache));
        Ok(codes)
    })
}

/// Presents the codes, and reads what tries the new PIN has.
fn set(
    context: &Context<'_>,
    token: Token,
    present: impl FnOnce(&mut OpenedCard<'_, CardChannel<'_>>) -> Result<(), CardError> + Send + 'static,
) -> Result<PinSetResponse, Failure> {
    let set: Result<_, CardError> =
        token
            .card()?
            .in_one_transaction(context.agent, move |opened| {
                present(opened)?;
                opened.pin_counters()
            })?;
    let set = set.map_err(TokenError::from);
    note_refused_code(context, &set);
    let counters = set?;
    Ok(done(token, counters))
}

fn done(token: Token, counters: PinCounters) -> PinSetResponse {
    PinSetResponse {
        reader: token.place,
        card: token.summary,
        pin: pin_summary(counters),
    }
}

/// What the person is asked in one of these operations.
struct Question<'a> {
    context: &'a Context<'a>,
    token: &'a Token,
    purpose: PinPurpose,
}

impl Question<'_> {
    fn about(&self, code: RequestedCode, tries_left: u8) -> PinRequest {
        // A card whose certificates say nothing that can be read has a PIN all the same.
        let holder = self.token.holder().map(|holder| holder.display_name());
        PinRequest {
            purpose: self.purpose.clone(),
            code,
            requester: Requester::of(self.context.caller),
            holder: holder.unwrap_or_default(),
            card_serial: self.token.serial.clone(),
            reader: self.token.place.clone(),
            tries_left: TriesLeft::Exactly(tries_left),
            wrong_before: false,
        }
    }

    /// Asks for the new PIN, twice where a person types it.
    fn new_pin(&self, entry: &dyn PinEntry, form: &PinFormat) -> Result<Pin, Failure> {
        let code = RequestedCode::NewPin {
            minimum: form.minimum(),
            maximum: form.maximum(),
        };
        let mut request = self.about(code, 0);
        for _ in 0..NEW_PIN_ATTEMPTS {
            let (new, _) = entry.ask(&request)?.into_parts();
            if !entry.is_interactive() {
                return Ok(new);
            }
            let again = self.about(RequestedCode::NewPinAgain, 0);
            let (again, _) = entry.ask(&again)?.into_parts();
            if new.is_same_as(&again) {
                return Ok(new);
            }
            request.wrong_before = true;
        }
        Err(Failure::new(ErrorCode::PinFormat).with_detail(
            "Les deux saisies du nouveau code diffèrent.",
            "The two entries of the new PIN differ.",
        ))
    }
}
