//! A source of Vitale data: the chip itself, or a program of the operator's.

use paraphe_protocol::api::{BeneficiarySummary, ComponentIdentity, Provenance};
use paraphe_protocol::card::CardModel;

use crate::problem::Failure;
use crate::reader::CardTarget;

/// Where Vitale data comes from.
pub(super) trait VitaleSource {
    /// What its data is marked with.
    fn provenance(&self) -> Provenance;

    /// Reads `card`; without one, whatever the source reaches by its own means.
    ///
    /// # Errors
    /// The source cannot read this card, or fails.
    fn read(&self, card: Option<&Card<'_>>) -> Result<Reading, Failure>;
}

/// A Vitale card in a PC/SC reader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Card<'a> {
    pub(super) target: &'a CardTarget,
    pub(super) model: CardModel,
}

/// What a source read.
pub(super) struct Reading {
    /// `None` for the chip.
    pub(super) component: Option<ComponentIdentity>,
    /// Rights holder first.
    pub(super) beneficiaries: Vec<BeneficiarySummary>,
}
