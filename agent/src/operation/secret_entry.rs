//! How the secret of a token behind a PKCS#11 module is asked for: digits where its certificate says that it is a card, a text
//! otherwise, on the reader's own keypad where the module says that it is typed there. What the token would refuse for its
//! length is refused before the module sees it.

use paraphe_protocol::card::{LastTry, PinFormatError};

use super::Context;
use crate::config::KeypadUse;
use crate::pin::{KeypadNotice, PinRequest};
use crate::problem::Failure;
use crate::token::Secret;
use crate::token::pkcs11::{Pkcs11Access, Pkcs11Fault, Refusal};

/// Asks once; what is shown about a keypad stays until the notice is dropped.
pub(super) fn ask(
    context: &Context<'_>,
    token: &Pkcs11Access,
    request: &PinRequest,
) -> Result<(Secret, LastTry, Option<KeypadNotice>), Failure> {
    let entry = &*context.agent.pin_entry;
    let use_of_keypads = context.agent.config.pin_entry.keypad;
    if token.has_keypad() && use_of_keypads != KeypadUse::Never && entry.is_interactive() {
        let last_try = if request.is_last_try() {
            entry.confirm_last_try(request)?;
            LastTry::Confirmed
        } else {
            LastTry::Refused
        };
        let notice = entry.announce_keypad(request)?;
        return Ok((Secret::OnKeypad, last_try, Some(notice)));
    }
    let (secret, last_try) = ask_for_change(context, token, request)?;
    Ok((secret, last_try, None))
}

/// The same on the workstation, whatever keypad there is: C_SetPIN takes both codes from there.
pub(super) fn ask_for_change(
    context: &Context<'_>,
    token: &Pkcs11Access,
    request: &PinRequest,
) -> Result<(Secret, LastTry), Failure> {
    let (secret, last_try) = ask_on_workstation(context, token.takes_text(), request)?;
    check_length(token, &secret)?;
    if request.is_last_try() && last_try == LastTry::Refused {
        return Err(token
            .error(Pkcs11Fault::Refused(Refusal::LastTryNotConfirmed))
            .into());
    }
    Ok((secret, last_try))
}

/// Asks for a text, or for digits.
pub(super) fn ask_on_workstation(
    context: &Context<'_>,
    takes_text: bool,
    request: &PinRequest,
) -> Result<(Secret, LastTry), Failure> {
    let entry = &*context.agent.pin_entry;
    if takes_text {
        let (passphrase, last_try) = entry.ask_passphrase(request)?;
        Ok((Secret::Passphrase(passphrase), last_try))
    } else {
        let (pin, last_try) = entry.ask(request)?.into_parts();
        Ok((Secret::Pin(pin), last_try))
    }
}

pub(super) fn check_length(token: &Pkcs11Access, secret: &Secret) -> Result<(), Failure> {
    let [minimum, maximum] = token.pin_bytes();
    let length = secret.expose().len();
    if length < minimum {
        return Err(PinFormatError::TooShort { minimum }.into());
    }
    // Some modules tell no maximum.
    if maximum > 0 && length > maximum {
        return Err(PinFormatError::TooLong { maximum }.into());
    }
    Ok(())
}
