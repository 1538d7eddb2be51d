//! `vitale/read`: the beneficiaries of a Vitale card, from the source that the caller chose or, in this order, from the first
//! reading component that the operator plugged in, else from the chip. A phone app is asked only by name. Every answer says
//! where it comes from. A component that fails is an error and never silently replaced by the unverified chip. Refused: a
//! source that is not plugged in, a first-generation card without a component, and an answer that arrives when the card has
//! gone, since it could be another card's.

mod chip;
mod component;
mod source;

use paraphe_protocol::api::{CHIP_SOURCE, ErrorCode, VitaleReadRequest, VitaleReadResponse};
use paraphe_protocol::vitale_component::complete_from_chip;

use super::Context;
use super::selection::{Candidate, Family, candidates, only};
use super::summary::summary_of_atr;
use crate::config::VitaleComponentKind;
use crate::problem::Failure;
use chip::Chip;
use component::PluggedIn;
use source::{Card, VitaleSource};

pub(super) fn perform(
    context: &Context<'_>,
    request: &VitaleReadRequest,
) -> Result<VitaleReadResponse, Failure> {
    let component = chosen(context, request.source.as_deref())?;
    let candidate =
        candidates(context, Family::AnyVitale, request.reader.as_deref()).and_then(only);
    let candidate = match (candidate, &component) {
        (Ok(candidate), _) => Some(candidate),
        // What was asked for by name may see what PC/SC does not: a phone, a reader of another kind.
        (Err(failure), Some(_)) if request.source.is_some() && request.reader.is_none() => {
            tracing::debug!(code = failure.code().name(), "no Vitale card through PC/SC");
            None
        }
        (Err(failure), _) => return Err(failure),
    };
    let card = candidate.as_ref().map(card);
    let chip = Chip::new(context.agent);
    let source: &dyn VitaleSource = match &component {
        Some(component) => component,
        None => &chip,
    };
    let mut reading = source.read(card.as_ref())?;
    if component.is_some() && request.complete_from_chip {
        let on_chip = chip.read(card.as_ref())?;
        complete_from_chip(&mut reading.beneficiaries, &on_chip.beneficiaries);
    }
    if let Some(candidate) = &candidate {
        is_still_there(context, candidate)?;
    }
    Ok(VitaleReadResponse {
        reader: card.as_ref().map(|card| card.target.reader.to_string()),
        card: candidate
            .as_ref()
            .map(|candidate| summary_of_atr(candidate.view.atr.as_deref().unwrap_or_default())),
        provenance: source.provenance(),
        component: reading.component,
        beneficiaries: reading.beneficiaries,
    })
}

/// The component to ask; `None`: the chip.
fn chosen<'a>(
    context: &'a Context<'_>,
    source: Option<&str>,
) -> Result<Option<PluggedIn<'a>>, Failure> {
    let mut components = context.agent.vitale_programs.iter();
    let program = match source {
        None => components
            .find(|program| program.component().kind == VitaleComponentKind::ReadingComponent),
        Some(CHIP_SOURCE) => None,
        Some(name) => {
            let named = components.find(|program| program.component().name == name);
            Some(named.ok_or(ErrorCode::VitaleSourceUnknown)?)
        }
    };
    Ok(program.map(PluggedIn::new))
}

fn card(candidate: &Candidate) -> Card<'_> {
    Card {
        target: &candidate.view.target,
        model: candidate.model,
    }
}

/// The data of two cards never mix: what a component read while the card was changed is nobody's.
fn is_still_there(context: &Context<'_>, candidate: &Candidate) -> Result<(), Failure> {
    let views = context.agent.readers.list()?;
    let is_there = views
        .iter()
        .any(|view| view.target == candidate.view.target && view.atr == candidate.view.atr);
    if is_there {
        Ok(())
    } else {
        Err(ErrorCode::CardChanged.into())
    }
}
