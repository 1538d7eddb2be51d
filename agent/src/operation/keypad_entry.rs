//! The PIN typed on the reader's own keypad (PC/SC part 10), as the person meets it: the screen says what it is for, who asks,
//! whose card, how many tries are left, and to type on the reader; the last try is confirmed on the screen before. The PIN
//! never enters this computer. Not for a PIN that was handed over for unattended work, nor where the configuration says
//! `never`, nor for a keypad that does not suit the card: those PINs are entered on the workstation.

use paraphe_protocol::api::Language;
use paraphe_protocol::card::LastTry;
use paraphe_protocol::card::pinpad::{Pinpad, PinpadPrompt, PromptLanguage};

use super::Context;
use crate::config::KeypadUse;
use crate::pin::{KeypadNotice, PinRequest};
use crate::problem::Failure;

/// An entry on a keypad that is about to be made.
#[derive(Debug)]
pub(super) struct KeypadEntry {
    /// How the reader is told to ask.
    pub(super) prompt: PinpadPrompt,
}

impl KeypadEntry {
    /// `None` where the PIN is entered on the workstation.
    pub(super) fn new(context: &Context<'_>, pinpad: Option<Pinpad>) -> Option<Self> {
        let config = &context.agent.config.pin_entry;
        if config.keypad == KeypadUse::Never || !context.agent.pin_entry.is_interactive() {
            return None;
        }
        Some(Self {
            prompt: PinpadPrompt {
                language: match context.language {
                    Language::French => PromptLanguage::French,
                    Language::English => PromptLanguage::English,
                },
                timeout_seconds: config.keypad_seconds,
                properties: pinpad?.properties,
            },
        })
    }

    /// Asks about the last try, where it is one, and tells the person to type; what is shown stays until the notice is dropped.
    pub(super) fn announce(
        &self,
        context: &Context<'_>,
        request: &PinRequest,
    ) -> Result<(LastTry, KeypadNotice), Failure> {
        let entry = &context.agent.pin_entry;
        let last_try = if request.is_last_try() {
            entry.confirm_last_try(request)?;
            LastTry::Confirmed
        } else {
            LastTry::Refused
        };
        Ok((last_try, entry.announce_keypad(request)?))
    }
}
