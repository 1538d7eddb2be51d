//! Which browsers of the machine will believe the agent and let pages of the configured sites through, by their policy files. Browsers that are not
//! installed are not judged.

use paraphe_protocol::api::{DoctorCheck, DoctorSubject, ErrorCode, Warning};

use super::super::Context;
use super::door_certificate::DoorCertificate;
use super::{Looked, fault};
use crate::problem::Sentence;
use crate::trust::browsers::{Belief, Doubt, MachineRoot, beliefs};

pub(super) fn look(context: &Context<'_>, certificate: &DoorCertificate) -> DoctorCheck {
    let language = context.language;
    let not_judged = |french: &str, english: &str| {
        Looked::at(DoctorSubject::Browsers, french, english).unknown(language)
    };
    let Some(state) = &certificate.state else {
        return not_judged(
            "Sans certificat, il n'y a rien à leur dire.",
            "Without a certificate there is nothing to tell them.",
        );
    };
    let sites = context.agent.config.sites.iter();
    let sites: Vec<_> = sites.map(|site| site.origin.clone()).collect();
    let installed: Vec<Belief> = beliefs(&MachineRoot::running(), &state.roots(), &sites)
        .into_iter()
        .filter(|belief| belief.is_installed)
        .collect();
    if installed.is_empty() {
        return not_judged("Aucun n'est reconnu.", "None is recognised.");
    }
    let names: Vec<_> = installed.iter().map(|belief| belief.browser.name).collect();
    let faults: Vec<Warning> = installed
        .iter()
        .flat_map(|belief| belief.doubts.iter().map(move |doubt| (belief, doubt)))
        .map(|(belief, doubt)| {
            let name = belief.browser.name;
            let because = reason(doubt);
            let sentence = Sentence::new(
                format!("{name} : {}", because.french),
                format!("{name}: {}", because.english),
            );
            fault(ErrorCode::BrowserPolicyMissing, &sentence, language)
        })
        .collect();
    let looked = Looked::at(DoctorSubject::Browsers, names.join(", "), names.join(", "));
    looked.with_faults(faults).judged(language)
}

fn reason(doubt: &Doubt) -> Sentence {
    match doubt {
        Doubt::UnknownRoot => Sentence::new(
            "il affichera une erreur de certificat.",
            "it will show a certificate error.",
        ),
        Doubt::UnknownNextRoot => Sentence::new(
            "il affichera une erreur au prochain certificat.",
            "it will show an error at the next certificate.",
        ),
        Doubt::SiteAsksFirst(site) => Sentence::new(
            format!("il demandera avant de laisser passer {site}."),
            format!("it will ask before it lets {site} through."),
        ),
        Doubt::SetElsewhere(path) => Sentence::new(
            format!("{} fixe la même règle.", path.display()),
            format!("{} sets the same policy.", path.display()),
        ),
    }
}
