//! What else can read a Vitale card on this workstation: plugged in by the operator, or recognised. Looked at when asked;
//! nothing is run.

use paraphe_protocol::api::{ErrorCode, VitaleComponentState, VitaleComponentSummary};

use crate::config::VitaleComponentKind;
use crate::problem::{Failure, Sentence, trusted_file_sentence};
use crate::service::Inner;
use crate::trusted_file::{FileUse, trusted_file};
use crate::vitale_component::{Recognised, recognise};

/// Everything that is plugged in or present, and what is wrong with what cannot be used.
pub(super) fn look(agent: &Inner) -> (Vec<VitaleComponentSummary>, Vec<Sentence>) {
    let mut components = Vec::new();
    let mut faults = Vec::new();
    for program in &agent.vitale_programs {
        let component = program.component();
        let state = match trusted_file(&component.program, FileUse::Run) {
            Ok(_) => VitaleComponentState::PluggedIn,
            Err(error) => {
                faults.push(trusted_file_sentence(&error));
                VitaleComponentState::Unusable
            }
        };
        components.push(VitaleComponentSummary {
            name: component.name.clone(),
            title: match component.kind {
                VitaleComponentKind::ReadingComponent => "Composant de lecture Vitale",
                VitaleComponentKind::PhoneApp => "Application carte Vitale",
            }
            .to_owned(),
            state,
            place: Some(component.program.display().to_string()),
        });
    }
    components.extend(
        present(agent)
            .into_iter()
            .map(|found| VitaleComponentSummary {
                name: found.component.name().to_owned(),
                title: found.component.title().to_owned(),
                state: VitaleComponentState::Present,
                place: Some(found.place.display().to_string()),
            }),
    );
    (components, faults)
}

/// A first-generation card that is not read: what could read it here.
pub(super) fn needed_for_first_generation(agent: &Inner) -> Failure {
    let failure = Failure::new(ErrorCode::CardVitale1);
    let plugged_in = agent
        .vitale_programs
        .iter()
        .map(|program| program.component())
        .find(|component| component.kind == VitaleComponentKind::ReadingComponent);
    if let Some(component) = plugged_in {
        let name = &component.name;
        return failure.with_detail(
            format!("Le composant branché « {name} » peut la lire (source « {name} »)."),
            format!("The component \"{name}\" that is plugged in can read it (source \"{name}\")."),
        );
    }
    match present(agent)
        .into_iter()
        .find(|found| found.component.reads_cards())
    {
        None => failure,
        Some(found) => {
            let title = found.component.title();
            failure.with_detail(
                format!("Présent sur ce poste et pas branché : {title}."),
                format!("Present on this workstation and not plugged in: {title}."),
            )
        }
    }
}

fn present(agent: &Inner) -> Vec<Recognised> {
    let added: Vec<_> = agent
        .config
        .vitale_places
        .iter()
        .map(|place| (place.component, place.path.clone()))
        .collect();
    recognise(&added, |path| path.exists())
}
