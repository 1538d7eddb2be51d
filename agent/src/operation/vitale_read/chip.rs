//! The chip's open files, read without PIN. Nobody vouches for them. The legacy INS-C is computed only from a person's own
//! number, never from the rights holder's. A first-generation card has no open files that are known: the answer names what
//! could read it on this workstation.

use paraphe_protocol::api::{BeneficiarySummary, ErrorCode, NirSummary, Provenance};
use paraphe_protocol::card::{Beneficiary, CardModel, Vitale2};
use paraphe_protocol::identifiers::{BirthDate, InsC};

use super::super::vitale_components;
use super::source::{Card, Reading, VitaleSource};
use crate::problem::Failure;
use crate::service::Inner;
use crate::token::without_pin;

/// The chip of the card in the reader.
pub(super) struct Chip<'a> {
    agent: &'a Inner,
}

impl<'a> Chip<'a> {
    pub(super) fn new(agent: &'a Inner) -> Self {
        Self { agent }
    }
}

impl VitaleSource for Chip<'_> {
    fn provenance(&self) -> Provenance {
        Provenance::ChipUnverified
    }

    fn read(&self, card: Option<&Card<'_>>) -> Result<Reading, Failure> {
        let card = card.ok_or(ErrorCode::CardAbsent)?;
        let model = card.model;
        if model == CardModel::Vitale1 {
            return Err(vitale_components::needed_for_first_generation(self.agent));
        }
        let data = without_pin(self.agent, card.target, move |channel| {
            Vitale2::open(channel, model)?.read()
        })?;
        let beneficiaries = data.beneficiaries.into_iter().zip(1..);
        Ok(Reading {
            component: None,
            beneficiaries: beneficiaries
                .map(|(beneficiary, position)| summary(beneficiary, position))
                .collect(),
        })
    }
}

fn summary(beneficiary: Beneficiary, position: u8) -> BeneficiarySummary {
    BeneficiarySummary {
        position,
        ins_c: ins_c(&beneficiary),
        nir: beneficiary.nir.as_ref().map(NirSummary::from),
        family_name: beneficiary.family_name,
        given_name: beneficiary.given_name,
        birth_date: beneficiary.birth_date,
        ..BeneficiarySummary::default()
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
