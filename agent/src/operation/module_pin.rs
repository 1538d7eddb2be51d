//! `pin/status` and `pin/change` of a token behind a PKCS#11 module. Status is what the token's flags say: PKCS#11 has no number
//! of tries. The change is C_SetPIN, with each code presented once. Unblocking is left to the module's own tool.

use paraphe_protocol::api::{ErrorCode, PinSetResponse, PinStatusResponse};

use super::Context;
use super::card_read::summary_of_tries;
use super::pin_dialogue::{note_refused_code, only_dialogue};
use super::secret_entry::{ask_on_workstation, check_length};
use crate::pin::{PinPurpose, PinRequest, RequestedCode, Requester, TriesLeft};
use crate::problem::Failure;
use crate::token::pkcs11::{Pkcs11Access, Tries};
use crate::token::{Secret, Token};

/// How often a person may try to type a new PIN twice alike.
const NEW_PIN_ATTEMPTS: usize = 3;

pub(super) fn status(token: Token, access: &Pkcs11Access) -> PinStatusResponse {
    let [minimum, maximum] = access.pin_bytes();
    PinStatusResponse {
        reader: token.place,
        card: token.summary,
        pin: summary_of_tries(access.tries()),
        digits_min: u8::try_from(minimum).unwrap_or(u8::MAX),
        digits_max: u8::try_from(maximum).unwrap_or(u8::MAX),
        unblocking_code: None,
    }
}

pub(super) fn change(
    context: &Context<'_>,
    token: Token,
    access: &Pkcs11Access,
) -> Result<PinSetResponse, Failure> {
    let tries_left = token.tries_left()?;
    let _only_one = only_dialogue(context)?;
    let asked = |code, tries_left| PinRequest {
        purpose: PinPurpose::ChangePin,
        code,
        requester: Requester::of(context.caller),
        // A token whose certificates say nothing that can be read has a PIN all the same.
        holder: token
            .bearer()
            .map(|bearer| bearer.display_name())
            .unwrap_or_default(),
        card_serial: token.serial.clone(),
        reader: token.place.clone(),
        tries_left,
        wrong_before: false,
    };
    let request = asked(token.requested_code(), tries_left);
    let (present, last_try) = super::secret_entry::ask_for_change(context, access, &request)?;
    let new = new_secret(context, access, &asked)?;
    let set = access.set_pin(&present, &new, last_try);
    note_refused_code(context, &set);
    set?;
    drop(request);
    Ok(PinSetResponse {
        reader: token.place,
        card: token.summary,
        pin: summary_of_tries(Tries::Several),
    })
}

/// Asks for the new PIN, twice where a person types it.
fn new_secret(
    context: &Context<'_>,
    access: &Pkcs11Access,
    asked: &impl Fn(RequestedCode, TriesLeft) -> PinRequest,
) -> Result<Secret, Failure> {
    let [minimum, maximum] = access.pin_bytes();
    let code = RequestedCode::NewPin { minimum, maximum };
    let mut request = asked(code, TriesLeft::Several);
    for _ in 0..NEW_PIN_ATTEMPTS {
        let (new, _) = ask_on_workstation(context, access.takes_text(), &request)?;
        check_length(access, &new)?;
        if !context.agent.pin_entry.is_interactive() {
            return Ok(new);
        }
        let again = asked(RequestedCode::NewPinAgain, TriesLeft::Several);
        let (again, _) = ask_on_workstation(context, access.takes_text(), &again)?;
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
