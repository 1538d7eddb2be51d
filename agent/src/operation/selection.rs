//! Which card an operation is about: the one in the named reader, or the only one of its family that is present. With a
//! serial number several may be present; the card that has it is meant. Cards are told apart by their exact answer to
//! reset, never by slot or name. Each way of not finding it has its own code.
//!
//! A serial number selects among tokens of all kinds, a name among readers and slots of PKCS#11 modules. With neither, cards
//! that a driver of ours serves come first: a module's token is taken only where there is none.

use paraphe_protocol::api::{CardChoice, ErrorCode, ReaderState};
use paraphe_protocol::card::CardModel;

use super::summary::{model_of_atr, summary_of_atr};
use super::{Context, card_certificate};
use crate::problem::Failure;
use crate::reader::ReaderView;
use crate::token::{self, Token};

/// The family of cards that an operation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// CPS, CPF, CPE, CPA, with contacts or without.
    Professional,
    /// The same, able to prove its holder: not without contacts, where the card has no PIN.
    Holder,
    /// Vitale, of either generation.
    AnyVitale,
}

/// A card that may be the one meant, and its model.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) view: ReaderView,
    pub(super) model: CardModel,
}

/// Reads the token of `family` that the caller means: in that reader, with that serial number, or the only one.
pub(super) fn token(
    context: &Context<'_>,
    family: Family,
    reader: Option<&str>,
    serial: Option<&str>,
) -> Result<Token, Failure> {
    match (card(context, family, reader, serial), reader) {
        (Err(failure), Some(place)) if failure.code() == ErrorCode::ReaderUnknown => {
            named(context, place, serial)?.ok_or(failure)
        }
        (Err(failure), None) if leaves_room_for_a_token(failure.code(), serial.is_some()) => {
            of_a_module(context, serial, failure)
        }
        (result, _) => result,
    }
}

fn card(
    context: &Context<'_>,
    family: Family,
    reader: Option<&str>,
    serial: Option<&str>,
) -> Result<Token, Failure> {
    let found = candidates(context, family, reader)?;
    let Some(serial) = serial else {
        return read(context, &only(identified(context, found))?);
    };
    let several = found.len() > 1;
    for candidate in &found {
        let known = candidate
            .view
            .known_card
            .as_ref()
            .and_then(|card| card.serial.as_deref());
        if known.is_some_and(|known| known != serial) {
            continue;
        }
        match read(context, candidate) {
            Ok(token) if token.serial == serial => return Ok(token),
            Ok(_) => {}
            // Another card that cannot be read is not the one asked for.
            Err(failure) if several => tracing::debug!(code = failure.code().name(), "passed over"),
            Err(failure) => return Err(failure),
        }
    }
    Err(ErrorCode::CardChanged.into())
}

/// No card that a driver of ours serves is there, or not the one with that number.
fn leaves_room_for_a_token(code: ErrorCode, by_serial: bool) -> bool {
    match code {
        ErrorCode::CardAbsent
        | ErrorCode::CardNotAProfessionalCard
        | ErrorCode::CardUnknown
        | ErrorCode::CardVitale1
        | ErrorCode::ReaderAbsent
        | ErrorCode::ReaderServiceUnavailable => true,
        ErrorCode::CardChanged => by_serial,
        _ => false,
    }
}

/// The software token of that name, or the token in the slot of that name, where a module shows it.
fn named(
    context: &Context<'_>,
    place: &str,
    serial: Option<&str>,
) -> Result<Option<Token>, Failure> {
    let configured = &context.agent.config.software_tokens;
    if let Some(software) = configured.iter().find(|token| token.name.as_str() == place) {
        let token = token::software::read(software)?;
        return match serial {
            Some(serial) if serial != token.serial => Err(ErrorCode::CardChanged.into()),
            _ => Ok(Some(token)),
        };
    }
    let modules = &context.agent.modules;
    if !modules.is_place(place) {
        return Ok(None);
    }
    let (tokens, failures) = modules.tokens();
    let Some(candidate) = tokens.into_iter().find(|token| token.place == place) else {
        // A module that fails says more than a slot that is not there.
        return failures.into_iter().next().map_or(Ok(None), Err);
    };
    if serial.is_some_and(|serial| serial != candidate.serial()) {
        return Err(ErrorCode::CardChanged.into());
    }
    candidate.read(card_certificate::now()).map(Some)
}

/// The only token of a module that has a certificate of use, or that with the serial number. `otherwise` says why there is no
/// card.
fn of_a_module(
    context: &Context<'_>,
    serial: Option<&str>,
    otherwise: Failure,
) -> Result<Token, Failure> {
    let readers = context.agent.readers.list().unwrap_or_default();
    let (tokens, failures) = context.agent.modules.tokens();
    let mut found = Vec::new();
    for candidate in tokens {
        if candidate.is_told_by_a_reader(&readers)
            || serial.is_some_and(|serial| serial != candidate.serial())
        {
            continue;
        }
        let token = candidate.read(card_certificate::now())?;
        if token.authentication.is_some() || token.signature.is_some() {
            found.push(token);
        }
    }
    // A software token is taken only where it is named, by its number if not by its name.
    if let Some(serial) = serial {
        let software = context.agent.config.software_tokens.iter();
        let read = software.filter_map(|configured| token::software::read(configured).ok());
        found.extend(read.filter(|token| token.serial == serial));
    }
    if found.len() > 1 {
        return Err(several(found.into_iter().map(|token| CardChoice {
            reader: token.place,
            card: token.summary,
        })));
    }
    found
        .pop()
        .ok_or_else(|| failures.into_iter().next().unwrap_or(otherwise))
}

fn read(context: &Context<'_>, candidate: &Candidate) -> Result<Token, Failure> {
    token::read_card(context.agent, &candidate.view, candidate.model)
}

/// Every card that may be meant: at least one.
pub(super) fn candidates(
    context: &Context<'_>,
    family: Family,
    reader: Option<&str>,
) -> Result<Vec<Candidate>, Failure> {
    let views = context.agent.readers.list()?;
    if views.is_empty() && reader.is_none() {
        return Err(ErrorCode::ReaderAbsent.into());
    }
    let considered: Vec<_> = match reader {
        None => views,
        Some(name) => {
            let view = views.into_iter().find(|view| &*view.target.reader == name);
            vec![view.ok_or(ErrorCode::ReaderUnknown)?]
        }
    };
    let mut found = Vec::new();
    let mut why_not = None;
    for view in considered {
        match consider(family, &view) {
            Ok(model) => found.push(Candidate { view, model }),
            // The most telling reason wins: a wrong card says more than an empty reader.
            Err(code) => {
                if why_not.is_none_or(|before| telling(before) < telling(code)) {
                    why_not = Some(code);
                }
            }
        }
    }
    if found.is_empty() {
        return Err(why_not.unwrap_or(ErrorCode::CardAbsent).into());
    }
    Ok(found)
}

/// The only card that may be meant, where no serial number tells several apart. Where there are several the caller is told
/// which, to choose.
pub(super) fn only(mut candidates: Vec<Candidate>) -> Result<Candidate, Failure> {
    if candidates.len() > 1 {
        return Err(several(candidates.into_iter().map(|candidate| {
            let view = candidate.view;
            CardChoice {
                reader: view.target.reader.to_string(),
                card: view
                    .known_card
                    .unwrap_or_else(|| summary_of_atr(view.atr.as_deref().unwrap_or_default())),
            }
        })));
    }
    candidates.pop().ok_or(ErrorCode::CardAbsent.into())
}

/// Several candidates with their serial numbers, as far as they can be read: what a person chooses by. One alone is left as
/// it is.
fn identified(context: &Context<'_>, mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    if candidates.len() > 1 {
        for candidate in &mut candidates {
            if candidate.view.known_card.is_none() {
                candidate.view.known_card =
                    read(context, candidate).map(|token| token.summary).ok();
            }
        }
    }
    candidates
}

fn several(choices: impl Iterator<Item = CardChoice>) -> Failure {
    let choices: Vec<_> = choices.collect();
    let (french, english): (Vec<_>, Vec<_>) = choices
        .iter()
        .map(|CardChoice { reader, card }| match &card.serial {
            Some(serial) => (
                format!("carte {serial} dans « {reader} »"),
                format!("card {serial} in \"{reader}\""),
            ),
            None => (
                format!("une carte {} dans « {reader} »", card.kind),
                format!("a {} card in \"{reader}\"", card.kind),
            ),
        })
        .unzip();
    Failure::new(ErrorCode::CardSeveral)
        .with_detail(
            format!("{}.", french.join(", ")),
            format!("{}.", english.join(", ")),
        )
        .with_choices(choices)
}

fn consider(family: Family, view: &ReaderView) -> Result<CardModel, ErrorCode> {
    let atr = match (view.state, view.atr.as_deref()) {
        (ReaderState::Empty, _) => return Err(ErrorCode::CardAbsent),
        (ReaderState::Mute, _) => return Err(ErrorCode::CardMute),
        (_, None) => return Err(ErrorCode::ReaderBusy),
        (_, Some(atr)) => atr,
    };
    let model = model_of_atr(atr);
    match (family, model) {
        (_, CardModel::Unknown) => Err(ErrorCode::CardUnknown),
        (Family::AnyVitale, model) if model.is_vitale() => Ok(model),
        (Family::AnyVitale, _) => Err(ErrorCode::CardNotVitale),
        (_, CardModel::Vitale1) => Err(ErrorCode::CardVitale1),
        (Family::Holder, CardModel::Cps3Contactless | CardModel::CpsContactlessUnknownRevision) => {
            Err(ErrorCode::CardProvesNoHolder)
        }
        (Family::Professional | Family::Holder, model) if model.is_professional() => Ok(model),
        (Family::Professional | Family::Holder, _) => Err(ErrorCode::CardNotAProfessionalCard),
    }
}

fn telling(code: ErrorCode) -> u8 {
    match code {
        ErrorCode::CardAbsent => 0,
        ErrorCode::ReaderBusy => 1,
        ErrorCode::CardNotAProfessionalCard | ErrorCode::CardNotVitale => 2,
        ErrorCode::CardUnknown => 3,
        ErrorCode::CardMute => 4,
        _ => 5,
    }
}
