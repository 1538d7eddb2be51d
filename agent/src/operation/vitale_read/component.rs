//! A component that the operator plugged in, asked through its program. What it says is checked before it is used.

use paraphe_protocol::api::{ComponentIdentity, ErrorCode, Provenance};
use paraphe_protocol::vitale_component::{ComponentAnswer, ComponentRequest, parse};

use super::source::{Card, Reading, VitaleSource};
use crate::problem::Failure;
use crate::vitale_component::ComponentProgram;

/// A component and its program.
pub(super) struct PluggedIn<'a> {
    program: &'a ComponentProgram,
}

impl<'a> PluggedIn<'a> {
    pub(super) fn new(program: &'a ComponentProgram) -> Self {
        Self { program }
    }

    fn ask(&self, card: Option<&Card<'_>>) -> Result<Reading, Failure> {
        let request =
            ComponentRequest::read(card.map(|card| (&*card.target.reader, card.model.name())));
        let request = serde_json::to_vec(&request)
            .map_err(|error| Failure::new(ErrorCode::Internal).with_technical_detail(error))?;
        match parse(&self.program.ask(&request)?)? {
            ComponentAnswer::Refused(refusal) => Err(refusal.into()),
            ComponentAnswer::Read(read) => Ok(Reading {
                component: Some(ComponentIdentity {
                    name: self.program.component().name.clone(),
                    product: read.product,
                    version: read.version,
                }),
                beneficiaries: read.beneficiaries,
            }),
        }
    }
}

impl VitaleSource for PluggedIn<'_> {
    fn provenance(&self) -> Provenance {
        self.program.component().kind.provenance()
    }

    fn read(&self, card: Option<&Card<'_>>) -> Result<Reading, Failure> {
        // Several may be plugged in: the failure names the one that failed.
        let name = &self.program.component().name;
        self.ask(card).map_err(|failure| {
            failure.about(
                &format!("Composant « {name} »."),
                &format!("Component \"{name}\"."),
            )
        })
    }
}
