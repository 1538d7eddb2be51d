//! `paraphe doctor`: what is right and wrong on this workstation, thing by thing. Exit status 1 where something must be mended.

use paraphe_protocol::api::{
    DoctorRequest, DoctorResponse, DoctorResult, DoctorSubject, Operation,
};

use super::Ending;
use super::failure::Failure;
use super::output::{self, Lines, either};
use super::session::{Invocation, Session};

pub(super) async fn run(invocation: &Invocation, session: &mut Session) -> Result<Ending, Failure> {
    let answer = session
        .perform(Operation::Doctor, &DoctorRequest::default())
        .await?;
    let response: DoctorResponse =
        serde_json::from_value(answer.clone()).map_err(|_| Failure::Answer)?;
    if invocation.options.json {
        output::json(&answer);
    } else {
        lines(invocation, &response).print();
    }
    Ok(if response.healthy {
        Ending::Done
    } else {
        Ending::Refused
    })
}

fn lines(invocation: &Invocation, response: &DoctorResponse) -> Lines {
    let language = invocation.language;
    let say = |[french, english]: [&'static str; 2]| either(language, french, english);
    let mut lines = Lines::default();
    for check in &response.checks {
        let result = say(match check.result {
            DoctorResult::Good => ["bon", "good"],
            DoctorResult::Wrong => ["À RÉPARER", "TO MEND"],
            _ => ["-", "-"],
        });
        lines.row(
            say(name(check.subject)),
            format!("{result} : {}", check.seen),
        );
        for fault in &check.faults {
            lines.indented(2, say(["Défaut", "Fault"]), &fault.detail);
            lines.indented(2, say(["À faire", "What to do"]), &fault.remedy.text);
            lines.indented(
                2,
                say(["Par qui", "By whom"]),
                output::who(fault.remedy.who, language),
            );
        }
    }
    let summary = if response.healthy {
        ["Rien n'est à réparer.", "Nothing must be mended."]
    } else {
        ["Quelque chose est à réparer.", "Something must be mended."]
    };
    lines.row(say(["En résumé", "In short"]), say(summary));
    lines
}

fn name(subject: DoctorSubject) -> [&'static str; 2] {
    match subject {
        DoctorSubject::Configuration => ["Configuration", "Configuration"],
        DoctorSubject::CardService => ["Service des cartes", "Card service"],
        DoctorSubject::Readers => ["Lecteurs", "Readers"],
        DoctorSubject::Cards => ["Cartes", "Cards"],
        DoctorSubject::Tokens => ["Autres supports", "Other tokens"],
        DoctorSubject::VitaleComponents => ["Composants Vitale", "Vitale components"],
        DoctorSubject::TrustedAuthorities => ["Autorités reconnues", "Trusted authorities"],
        DoctorSubject::PinEntry => ["Saisie du code", "PIN entry"],
        DoctorSubject::MemoryLock => ["Mémoire des codes", "Memory of PINs"],
        DoctorSubject::SessionManager => ["Gestionnaire de session", "Session manager"],
        DoctorSubject::Clock => ["Horloge", "Clock"],
        DoctorSubject::DoorCertificate => ["Certificat local", "Local certificate"],
        DoctorSubject::Port => ["Port", "Port"],
        DoctorSubject::Browsers => ["Navigateurs", "Browsers"],
        _ => ["Autre", "Other"],
    }
}
