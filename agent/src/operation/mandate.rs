//! `mandate/open`, `mandate/status`, `mandate/close`. Opening checks everything that can be known before the PIN is asked for:
//! the bounds of the configuration, the card, its certificate. The person is shown who asks, what for, how many signatures, until
//! when, and the first titles. A PIN that is typed on a reader's keypad never comes here and cannot serve a mandate: refused.

use std::sync::Arc;

use paraphe_certs::UnixTime;
use paraphe_protocol::api::{
    ErrorCode, MAXIMUM_PURPOSE, MandateCloseRequest, MandateEndReason, MandateOpenRequest,
    MandateStatusRequest, MandateStatusResponse, MandateSummary,
};

use super::pin_dialogue::PinDialogue;
use super::selection::{self, Family};
use super::{Context, card_certificate};
use crate::caller::Caller;
use crate::config::KeypadUse;
use crate::document_store::Owner;
use crate::mandate::{Mandate, MandateTerms, Scope};
use crate::opened::Opened;
use crate::pin::{PinPurpose, SHOWN_TITLES};
use crate::problem::Failure;
use crate::token::{Access, Token};

/// How long a mandate lasts where nobody says it, seconds.
const USUAL_SECONDS: u64 = 3600;
/// What a mandate is asked for.
#[derive(Debug)]
pub(crate) struct MandateQuestion<'a> {
    pub(crate) purpose: &'a str,
    pub(crate) scope: Scope,
    pub(crate) first_titles: Vec<String>,
    pub(crate) not_after: Option<i64>,
    pub(crate) reader: Option<&'a str>,
    pub(crate) card: Option<&'a str>,
}

pub(super) fn open(
    context: &Context<'_>,
    request: &MandateOpenRequest,
) -> Result<MandateSummary, Failure> {
    let scope = match (request.documents.as_slice(), request.maximum_count) {
        ([], Some(count)) if count > 0 => Scope::Count(count),
        ([_, ..], None) => {
            Scope::documents(request.documents.iter().map(|one| one.sha256).collect())
        }
        _ => {
            return Err(Failure::new(ErrorCode::RequestInvalid)
                .with_technical_detail("exactly one of documents and maximum_count"));
        }
    };
    let titles = request.documents.iter().filter_map(|one| one.title.clone());
    let mandate = ask(
        context,
        MandateQuestion {
            purpose: &request.purpose,
            scope,
            first_titles: titles.take(SHOWN_TITLES).collect(),
            not_after: request.not_after,
            reader: request.reader.as_deref(),
            card: request.card.as_deref(),
        },
    )?;
    Ok(mandate.summary())
}

pub(super) fn status(
    context: &Context<'_>,
    request: &MandateStatusRequest,
) -> Result<MandateStatusResponse, Failure> {
    let owner = Owner::from(context.caller);
    let mandates = &context.agent.mandates;
    let mandates = match &request.mandate {
        Some(id) => vec![mandates.find(&owner, id)?.summary()],
        None if *context.caller == Caller::OwnPage => mandates.all(),
        None => mandates.of(&owner),
    };
    Ok(MandateStatusResponse { mandates })
}

pub(super) fn close(
    context: &Context<'_>,
    request: &MandateCloseRequest,
) -> Result<MandateSummary, Failure> {
    if *context.caller == Caller::OwnPage {
        return context.agent.mandates.close_any(&request.mandate);
    }
    let owner = Owner::from(context.caller);
    let mandate = context.agent.mandates.find(&owner, &request.mandate)?;
    mandate.end(MandateEndReason::Closed);
    Ok(mandate.summary())
}

/// The mandate that a request names, open and for the card that the request means; none where it names none.
pub(super) fn named(
    context: &Context<'_>,
    id: Option<&str>,
    reader: Option<&str>,
    card: Option<&str>,
) -> Result<Option<Arc<Mandate>>, Failure> {
    let Some(id) = id else { return Ok(None) };
    let owner = Owner::from(context.caller);
    let mandate = context.agent.mandates.find(&owner, id)?;
    mandate.check_open()?;
    mandate.check_card(reader, card)?;
    Ok(Some(mandate))
}

/// Asks the person for a mandate; every way to one goes through here.
pub(crate) fn ask(
    context: &Context<'_>,
    question: MandateQuestion<'_>,
) -> Result<Arc<Mandate>, Failure> {
    let now = card_certificate::now();
    let seconds = checked_seconds(context, &question, now)?;
    let mandates = &context.agent.mandates;
    mandates.check_room()?;
    // Before the card is chosen, so that no sleep is overlooked.
    let slept = context.agent.readers.slept();
    let locks_told = mandates.locks_told();
    let token = selection::token(context, Family::Holder, question.reader, question.card)?;
    check_certificate(context, &token, now)?;
    if is_on_keypad(context, &token) {
        return Err(ErrorCode::MandatePinOnKeypad.into());
    }
    let not_after = UnixTime(
        now.0
            .saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX)),
    );
    let count = question.scope.count();
    let purpose = PinPurpose::Mandate {
        purpose: question.purpose.trim().to_owned(),
        count: usize::try_from(count).unwrap_or(usize::MAX),
        first_titles: question.first_titles,
        minutes: seconds.div_ceil(60),
        until: time_of_day(not_after),
    };
    let dialogue = PinDialogue::new(context, &token, purpose)?;
    let secret = dialogue
        .run(context, |token| Ok(token.take_proven_secret()))?
        .ok_or(ErrorCode::MandatePinOnKeypad)?;
    mandates.begin(MandateTerms {
        owner: Owner::from(context.caller),
        purpose: question.purpose.trim().to_owned(),
        token,
        scope: question.scope,
        not_after,
        secret,
        slept,
        locks_told,
    })
}

/// How long it may last, seconds, after everything that the configuration bounds.
fn checked_seconds(
    context: &Context<'_>,
    question: &MandateQuestion<'_>,
    now: UnixTime,
) -> Result<u64, Failure> {
    let purpose = question.purpose.trim();
    if purpose.is_empty() || purpose.chars().count() > MAXIMUM_PURPOSE {
        return Err(Failure::new(ErrorCode::RequestInvalid)
            .with_technical_detail(format!("purpose: 1 to {MAXIMUM_PURPOSE} characters")));
    }
    let limits = &context.agent.config.mandate;
    let most = match question.scope {
        Scope::Count(_) => limits.maximum_blank_count,
        Scope::Documents(_) => limits.maximum_count,
    };
    if question.scope.count() > most {
        return Err(Failure::new(ErrorCode::MandateLimit).with_detail(
            format!("Au plus {most} signatures de ce genre."),
            format!("At most {most} signatures of this kind."),
        ));
    }
    let longest = limits.maximum_duration.as_secs();
    let Some(not_after) = question.not_after else {
        return Ok(USUAL_SECONDS.min(longest));
    };
    match u64::try_from(not_after.saturating_sub(now.0)) {
        Ok(seconds) if seconds > longest => Err(Failure::new(ErrorCode::MandateLimit).with_detail(
            format!("Au plus {} minutes.", longest / 60),
            format!("At most {} minutes.", longest / 60),
        )),
        Ok(seconds) if seconds > 0 => Ok(seconds),
        _ => Err(Failure::new(ErrorCode::RequestInvalid)
            .with_technical_detail("not_after is in the past")),
    }
}

fn check_certificate(context: &Context<'_>, token: &Token, now: UnixTime) -> Result<(), Failure> {
    let certificate = token
        .signature
        .as_ref()
        .ok_or(ErrorCode::CertificateMissing)?;
    card_certificate::check_signature(context, &token.bearer()?, certificate, now).map(drop)
}

pub(super) fn is_on_keypad(context: &Context<'_>, token: &Token) -> bool {
    let wanted = context.agent.config.pin_entry.keypad != KeypadUse::Never;
    wanted
        && context.agent.pin_entry.is_interactive()
        && match &token.access {
            Access::Card(card) => card.keypad.is_some(),
            Access::Pkcs11(module) => module.has_keypad(),
            Access::Software(_) => false,
        }
}

pub(super) fn time_of_day(at: UnixTime) -> String {
    let format = time::macros::format_description!("[hour]:[minute] UTC");
    time::OffsetDateTime::from_unix_timestamp(at.0)
        .ok()
        .and_then(|time| time.format(&format).ok())
        .unwrap_or_default()
}
