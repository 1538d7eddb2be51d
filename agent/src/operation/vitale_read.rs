//! `vitale/read`: the beneficiaries of a Vitale card, read from the chip without PIN. Nobody vouches for this data, and
//! the answer says so. The legacy INS-C is computed only from a person's own number, never from the rights holder's.

use paraphe_protocol::api::{
    BeneficiarySummary, NirSummary, Provenance, VitaleReadRequest, VitaleReadResponse,
};
use paraphe_protocol::card::{Beneficiary, Vitale2};
use paraphe_protocol::identifiers::{BirthDate, InsC};

use super::Context;
use super::selection::{Family, candidates, only};
use super::summary::summary_of_atr;
use crate::problem::Failure;
use crate::token::without_pin;

pub(super) fn perform(
    context: &Context<'_>,
    request: &VitaleReadRequest,
) -> Result<VitaleReadResponse, Failure> {
    let candidate = only(candidates(
        context,
        Family::Vitale,
        request.reader.as_deref(),
    )?)?;
    let model = candidate.model;
    let data = without_pin(context.agent, &candidate.view.target, move |channel| {
        Vitale2::open(channel, model)?.read()
    })?;
    Ok(VitaleReadResponse {
        reader: candidate.view.target.reader.to_string(),
        card: summary_of_atr(candidate.view.atr.as_deref().unwrap_or_default()),
        provenance: Provenance::ChipUnverified,
        beneficiaries: data
            .beneficiaries
            .into_iter()
            .zip(1..)
            .map(|(beneficiary, position)| summary(beneficiary, position))
            .collect(),
    })
}

fn summary(beneficiary: Beneficiary, position: u8) -> BeneficiarySummary {
    BeneficiarySummary {
        position,
        ins_c: ins_c(&beneficiary),
        nir: beneficiary.nir.as_ref().map(|nir| NirSummary {
            number: nir.number().to_owned(),
            key: format!("{:02}", nir.key()),
        }),
        family_name: beneficiary.family_name,
        given_name: beneficiary.given_name,
        birth_date: beneficiary.birth_date,
    }
}

fn ins_c(beneficiary: &Beneficiary) -> Option<String> {
    let nir = beneficiary.nir.as_ref()?;
    let birth_date = match beneficiary.birth_date.as_str() {
        "" => None,
        text => Some(text.parse::<BirthDate>().ok()?),
    };
    InsC::compute(&beneficiary.given_name, birth_date.as_ref(), nir)
        .ok()
        .map(|ins_c| ins_c.to_string())
}
