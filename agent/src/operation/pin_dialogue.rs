//! The one place where a PIN is asked for and presented. One entry is one presentation: a wrong PIN is never presented
//! again, a person may enter another while tries are left, and the last try needs the person's confirmation. The token is
//! given it in the very step that does the work, and is left locked whatever happened. One dialogue at a time on this
//! workstation.

use std::sync::{Arc, MutexGuard, TryLockError};
use std::time::Duration;

use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::card::{CardError, LastTry};

use super::Context;
use super::keypad_entry::KeypadEntry;
use super::secret_entry;
use crate::open_requests::{DocumentToSign, OpenRequest};
use crate::pin::{PinPurpose, PinRequest, Requester, TriesLeft};
use crate::problem::Failure;
use crate::random::random_id;
use crate::token::pkcs11::{Pkcs11Error, Pkcs11Fault, Refusal, Tries};
use crate::token::software::{SoftwareError, SoftwareFault};
use crate::token::{Access, ProvenSecret, Token, TokenError, TokenWork, VERIFIED_LIMIT};

/// A question for the PIN that is about to be asked.
#[derive(Debug)]
pub(super) struct PinDialogue<'a> {
    token: &'a Token,
    request: PinRequest,
    /// What would be signed, for who looks.
    documents: Vec<DocumentToSign>,
}

impl<'a> PinDialogue<'a> {
    /// Prepares the question; nobody is asked yet.
    pub(super) fn new(
        context: &Context<'_>,
        token: &'a Token,
        purpose: PinPurpose,
    ) -> Result<Self, Failure> {
        let tries_left = token.tries_left()?;
        let request = PinRequest {
            purpose,
            code: token.requested_code(),
            requester: Requester::of(context.caller),
            holder: token.bearer()?.display_name(),
            card_serial: token.serial.clone(),
            reader: token.place.clone(),
            tries_left,
            wrong_before: false,
        };
        Ok(Self {
            token,
            request,
            documents: Vec::new(),
        })
    }

    /// The same, about these documents.
    pub(super) fn about(mut self, documents: impl IntoIterator<Item = DocumentToSign>) -> Self {
        self.documents = documents.into_iter().collect();
        self
    }

    /// What the person will be shown of the purpose.
    pub(super) fn statement(&self) -> String {
        self.request.statement()
    }

    /// Whether the PIN will be typed on the reader's own keypad, so that this program never has it.
    pub(super) fn is_on_keypad(&self, context: &Context<'_>) -> bool {
        KeypadEntry::new(context, self.token.keypad()).is_some()
    }

    /// Asks for the PIN and does `work` in the same transaction that presents it.
    pub(super) fn run<R: Send + 'static>(
        self,
        context: &Context<'_>,
        work: impl TokenWork<R>,
    ) -> Result<R, Failure> {
        self.run_within(context, VERIFIED_LIMIT, work)
    }

    /// The same for `work` that takes at most `limit` where the PIN is typed on a keypad.
    pub(super) fn run_within<R: Send + 'static>(
        mut self,
        context: &Context<'_>,
        limit: Duration,
        work: impl TokenWork<R>,
    ) -> Result<R, Failure> {
        let _only_one = only_dialogue(context)?;
        let entry = &context.agent.pin_entry;
        let work = Arc::new(work);
        let keypad = KeypadEntry::new(context, self.token.keypad());
        let _while_open = context.agent.requests.open(
            &context.agent.events,
            OpenRequest {
                id: random_id()?,
                caller: context.caller.clone(),
                statement: self.request.statement(),
                reader: self.request.reader.clone(),
                on_keypad: keypad.is_some(),
                asked_at: super::now().0,
                documents: std::mem::take(&mut self.documents),
            },
        );
        loop {
            let outcome = match &keypad {
                Some(keypad) => self.on_keypad(context, keypad, limit, &work)?,
                None => self.on_workstation(context, &work)?,
            };
            note_refused_code(context, &outcome);
            match outcome {
                Ok(done) => return Ok(done),
                Err(TokenError::Card(CardError::WrongPin { tries_left }))
                    if tries_left > 0 && entry.is_interactive() =>
                {
                    self.request.tries_left = TriesLeft::Exactly(tries_left);
                    self.request.wrong_before = true;
                }
                // Someone else spent tries while the question was open; nothing was presented.
                Err(TokenError::Card(CardError::LastTryNotConfirmed))
                    if !self.request.is_last_try() && entry.is_interactive() =>
                {
                    self.request.tries_left = TriesLeft::Exactly(1);
                    self.request.wrong_before = false;
                }
                Err(TokenError::Pkcs11(Pkcs11Error {
                    fault: Pkcs11Fault::Refused(Refusal::PinWrong { tries }),
                    ..
                })) if tries != Tries::Blocked && entry.is_interactive() => {
                    self.request.tries_left = tries.into();
                    self.request.wrong_before = true;
                }
                Err(TokenError::Pkcs11(Pkcs11Error {
                    fault: Pkcs11Fault::Refused(Refusal::LastTryNotConfirmed),
                    ..
                })) if !self.request.is_last_try() && entry.is_interactive() => {
                    self.request.tries_left = TriesLeft::Exactly(1);
                    self.request.wrong_before = false;
                }
                Err(TokenError::Software(SoftwareError {
                    fault: SoftwareFault::PassphraseWrong,
                    ..
                })) if entry.is_interactive() => self.request.wrong_before = true,
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl PinDialogue<'_> {
    fn on_workstation<R: Send + 'static>(
        &self,
        context: &Context<'_>,
        work: &Arc<impl TokenWork<R>>,
    ) -> Result<Result<R, TokenError>, Failure> {
        match &self.token.access {
            Access::Card(card) => {
                let entry = &context.agent.pin_entry;
                let (pin, last_try) = entry.ask(&self.request)?.into_parts();
                if self.request.is_last_try() && last_try == LastTry::Refused {
                    return Err(CardError::LastTryNotConfirmed.into());
                }
                card.unlock(context.agent, pin, last_try, work)
            }
            Access::Pkcs11(token) => {
                let (secret, last_try, _notice) = secret_entry::ask(context, token, &self.request)?;
                let result = token.unlock(secret, last_try, &**work);
                token.leave_reset(&context.agent.readers);
                Ok(result)
            }
            Access::Software(token) => {
                let (secret, _) = secret_entry::ask_on_workstation(context, true, &self.request)?;
                Ok(token.unlock(secret, &**work))
            }
        }
    }

    fn on_keypad<R: Send + 'static>(
        &self,
        context: &Context<'_>,
        keypad: &KeypadEntry,
        limit: Duration,
        work: &Arc<impl TokenWork<R>>,
    ) -> Result<Result<R, TokenError>, Failure> {
        let (last_try, _notice) = keypad.announce(context, &self.request)?;
        match &self.token.access {
            Access::Card(card) => {
                card.unlock_on_keypad(context.agent, keypad.prompt, last_try, limit, work)
            }
            Access::Pkcs11(_) | Access::Software(_) => Err(ErrorCode::Internal.into()),
        }
    }
}

/// The one way in which an entry learns that its code was refused, or may have been, by whatever token: it gives it to none
/// again.
pub(super) fn note_refused_code<R>(context: &Context<'_>, outcome: &Result<R, TokenError>) {
    if outcome.as_ref().is_err_and(TokenError::code_was_refused) {
        context.agent.pin_entry.note_refused();
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

/// Does more work with a secret that this operation's token accepted a moment ago; nobody is asked again.
pub(super) fn with_proven_secret<R: Send + 'static>(
    context: &Context<'_>,
    token: &Token,
    proven: ProvenSecret,
    work: impl TokenWork<R>,
) -> Result<R, Failure> {
    let outcome = match (&token.access, proven) {
        (Access::Card(card), ProvenSecret::Card(pin)) => {
            card.unlock_again(context.agent, pin, work)?
        }
        (Access::Pkcs11(token), ProvenSecret::Entered(secret)) => {
            let result = token.unlock(secret, LastTry::Refused, work);
            token.leave_reset(&context.agent.readers);
            result
        }
        (Access::Software(token), ProvenSecret::Entered(secret)) => token.unlock(secret, work),
        _ => return Err(ErrorCode::Internal.into()),
    };
    // Another program may have changed it since.
    note_refused_code(context, &outcome);
    outcome.map_err(Failure::from)
}
