//! Which browsers will believe the agent, as `paraphe trust status` shows it.

use paraphe_protocol::api::Language;
use serde_json::{Value, json};

use super::output::{Lines, either};
use super::session::Invocation;
use crate::trust::TrustState;
use crate::trust::browsers::{Belief, Doubt, MachineRoot, beliefs};

/// What the machine's browsers will do with the agent of this invocation.
pub(super) fn judged(
    invocation: &Invocation,
    machine: &MachineRoot,
    state: &TrustState,
) -> Vec<Belief> {
    let sites = invocation.config.sites.iter();
    let sites: Vec<_> = sites.map(|site| site.origin.clone()).collect();
    beliefs(machine, &state.roots(), &sites)
}

pub(super) fn facts(lines: &mut Lines, beliefs: &[Belief], language: Language) {
    for belief in beliefs {
        let mut sentence = if belief.takes_certificate() {
            either(language, "croira l'agent", "will believe the agent").to_owned()
        } else {
            either(
                language,
                "ne croira pas l'agent : sudo paraphe trust install",
                "will not believe the agent: sudo paraphe trust install",
            )
            .to_owned()
        };
        if !belief.is_installed {
            sentence.push_str(either(language, " (non installé)", " (not installed)"));
        }
        lines.row(belief.browser.name, sentence);
        for doubt in &belief.doubts {
            lines.indented(2, "", reason(doubt, language));
        }
    }
}

pub(super) fn document(beliefs: &[Belief]) -> Value {
    beliefs
        .iter()
        .map(|belief| {
            let reasons = belief.doubts.iter().map(|doubt| match doubt {
                Doubt::SiteAsksFirst(site) => json!({ "reason": name(doubt), "site": site }),
                Doubt::SetElsewhere(path) => {
                    json!({ "reason": name(doubt), "file": path.to_string_lossy() })
                }
                _ => json!({ "reason": name(doubt) }),
            });
            json!({
                "browser": belief.browser.name,
                "installed": belief.is_installed,
                "believes": belief.takes_certificate(),
                "doubts": reasons.collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn name(doubt: &Doubt) -> &'static str {
    match doubt {
        Doubt::UnknownRoot => "unknown-root",
        Doubt::UnknownNextRoot => "unknown-next-root",
        Doubt::SiteAsksFirst(_) => "site-asks-first",
        Doubt::SetElsewhere(_) => "set-elsewhere",
    }
}

fn reason(doubt: &Doubt, language: Language) -> String {
    let say = |french: &str, english: &str| either(language, french, english).to_owned();
    match doubt {
        Doubt::UnknownRoot => say(
            "sa règle ne porte pas la racine en usage",
            "its policy does not hold the root in use",
        ),
        Doubt::UnknownNextRoot => say(
            "sa règle ne porte pas la racine suivante",
            "its policy does not hold the next root",
        ),
        Doubt::SiteAsksFirst(site) => format!(
            "{site} : {}",
            say(
                "il demandera d'abord à la personne",
                "it will ask the person first"
            )
        ),
        Doubt::SetElsewhere(path) => format!(
            "{} : {}",
            path.display(),
            say(
                "fixe une de nos règles aussi",
                "sets one of our policies as well"
            )
        ),
    }
}
