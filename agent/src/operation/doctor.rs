//! `doctor`: what is wrong on this workstation, and who can mend it. What `status` warns of, by subject, and what a site never
//! needs to know: configuration, trust, PIN entry, clock, certificate, port, browsers. No command is sent to a card, nothing
//! is changed, and what is looked at beyond this process is read or asked within seconds.

mod browsers;
mod clock;
mod door_certificate;
mod port;

use paraphe_protocol::api::{
    DoctorCheck, DoctorRequest, DoctorResponse, DoctorResult, DoctorSubject, ErrorCode, Language,
    ReaderState, StatusRequest, StatusResponse, Warning,
};

use super::Context;
use super::status::{self, warning as fault};
use crate::problem::{Failure, Sentence};

pub(super) fn perform(
    context: &Context<'_>,
    _request: &DoctorRequest,
) -> Result<DoctorResponse, Failure> {
    let status = status::perform(context, &StatusRequest::default())?;
    let certificate = door_certificate::look(context);
    let mut checks = vec![configuration(context)];
    checks.extend(of_status(context, status));
    checks.extend([
        trusted_authorities(context),
        pin_entry(context),
        clock::look(context, certificate.state.as_ref()),
        port::look(context, &certificate),
        browsers::look(context, &certificate),
        certificate.check,
    ]);
    checks.sort_by_key(|check| check.subject as u8);
    Ok(DoctorResponse {
        healthy: checks
            .iter()
            .all(|check| check.result != DoctorResult::Wrong),
        checks,
    })
}

/// A check in the making.
struct Looked {
    subject: DoctorSubject,
    seen: Sentence,
    faults: Vec<Warning>,
}

impl Looked {
    fn at(subject: DoctorSubject, french: impl Into<String>, english: impl Into<String>) -> Self {
        Self {
            subject,
            seen: Sentence::new(french, english),
            faults: Vec::new(),
        }
    }

    fn with_faults(mut self, faults: Vec<Warning>) -> Self {
        self.faults = faults;
        self
    }

    /// Wrong where there is a fault, else good.
    fn judged(self, language: Language) -> DoctorCheck {
        let result = if self.faults.is_empty() {
            DoctorResult::Good
        } else {
            DoctorResult::Wrong
        };
        DoctorCheck {
            result,
            ..self.unknown(language)
        }
    }

    /// Neither good nor wrong.
    fn unknown(self, language: Language) -> DoctorCheck {
        DoctorCheck {
            subject: self.subject,
            result: DoctorResult::Unknown,
            seen: self.seen.in_language(language).to_owned(),
            faults: self.faults,
        }
    }
}

/// A failure as something to mend.
fn fault_of(failure: Failure, language: Language) -> Warning {
    let code = failure.code();
    let problem = failure.into_problem(language);
    Warning {
        code,
        detail: problem.detail.unwrap_or(problem.title),
        remedy: problem.remedy,
    }
}

fn configuration(context: &Context<'_>) -> DoctorCheck {
    let config = &context.agent.config;
    let (sites, servers) = (config.sites.len(), config.record_servers.len());
    let looked = match &config.source {
        Some(path) => Looked::at(
            DoctorSubject::Configuration,
            format!(
                "{} : {sites} site(s), {servers} serveur(s) de dossiers.",
                path.display()
            ),
            format!(
                "{}: {sites} site(s), {servers} record server(s).",
                path.display()
            ),
        ),
        None => Looked::at(
            DoctorSubject::Configuration,
            "Aucun fichier : valeurs par défaut, aucun site.",
            "No file: default values, no site.",
        ),
    };
    looked.judged(context.language)
}

/// What `status` tells, by subject.
fn of_status(context: &Context<'_>, status: StatusResponse) -> Vec<DoctorCheck> {
    let language = context.language;
    let mut warnings = status.warnings;
    let mut of = |codes: &[ErrorCode]| -> Vec<Warning> {
        let (these, others) = std::mem::take(&mut warnings)
            .into_iter()
            .partition(|warning| codes.contains(&warning.code));
        warnings = others;
        these
    };
    let service = of(&[ErrorCode::ReaderServiceUnavailable]);
    let absent = of(&[ErrorCode::ReaderAbsent, ErrorCode::ReaderPlacesTaken]);
    let mut card_faults = of(&[ErrorCode::CertificateExpired]);
    let memory = of(&[ErrorCode::MemoryNotLocked]);
    let session = of(&[ErrorCode::SessionNotWatched]);
    let components = of(&[ErrorCode::VitaleComponentUnusable]);

    let no_service = !service.is_empty();
    let readers = &status.readers;
    let names: Vec<_> = readers.iter().map(|reader| reader.name.as_str()).collect();
    let mute = readers
        .iter()
        .filter(|reader| reader.state == ReaderState::Mute);
    card_faults.extend(mute.map(|reader| {
        let name = &reader.name;
        let sentence = Sentence::new(
            format!("La carte du lecteur « {name} » ne répond pas."),
            format!("The card in the reader \"{name}\" does not answer."),
        );
        fault(ErrorCode::CardMute, &sentence, language)
    }));
    let present = readers
        .iter()
        .filter(|reader| reader.state == ReaderState::Present)
        .count();
    let backend = &status.versions.cards;
    let say_service = if no_service {
        Looked::at(DoctorSubject::CardService, "Pas de réponse.", "No answer.")
    } else {
        Looked::at(
            DoctorSubject::CardService,
            format!("Il répond ({backend})."),
            format!("It answers ({backend})."),
        )
    };
    let say_readers = Looked::at(
        DoctorSubject::Readers,
        format!("{} : {}", names.len(), names.join(" ; ")),
        format!("{}: {}", names.len(), names.join("; ")),
    );
    let say_cards = Looked::at(
        DoctorSubject::Cards,
        format!("{present} carte(s) présente(s)."),
        format!("{present} card(s) present."),
    );
    let (tokens, modules) = (status.tokens.len(), status.modules.len());
    let say_tokens = Looked::at(
        DoctorSubject::Tokens,
        format!("{modules} module(s) PKCS#11 configuré(s), {tokens} support(s)."),
        format!("{modules} PKCS#11 module(s) configured, {tokens} token(s)."),
    );
    let vitale = status.vitale_components.len();
    let say_vitale = Looked::at(
        DoctorSubject::VitaleComponents,
        format!("{vitale} composant(s) branché(s) ou reconnu(s)."),
        format!("{vitale} component(s) plugged in or recognised."),
    );
    let say_memory = Looked::at(
        DoctorSubject::MemoryLock,
        if memory.is_empty() {
            "Verrouillée."
        } else {
            "Non verrouillée."
        },
        if memory.is_empty() {
            "Locked."
        } else {
            "Not locked."
        },
    );
    let say_session = Looked::at(
        DoctorSubject::SessionManager,
        if session.is_empty() {
            "Il répond."
        } else {
            "Pas de réponse."
        },
        if session.is_empty() {
            "It answers."
        } else {
            "No answer."
        },
    );
    vec![
        say_service.with_faults(service).judged(language),
        if no_service {
            say_readers.unknown(language)
        } else {
            say_readers.with_faults(absent).judged(language)
        },
        if present == 0 && card_faults.is_empty() {
            say_cards.unknown(language)
        } else {
            say_cards.with_faults(card_faults).judged(language)
        },
        say_memory.with_faults(memory).judged(language),
        say_session.with_faults(session).judged(language),
        say_vitale.with_faults(components).judged(language),
        // Whatever else status warns of is about them.
        say_tokens.with_faults(warnings).judged(language),
    ]
}

fn trusted_authorities(context: &Context<'_>) -> DoctorCheck {
    let language = context.language;
    match context.agent.trust.load() {
        Ok(store) => {
            let (anchors, crls) = (store.anchor_count(), store.crls().len());
            let looked = Looked::at(
                DoctorSubject::TrustedAuthorities,
                format!("{anchors} racine(s), {crls} liste(s) de révocation."),
                format!("{anchors} root(s), {crls} revocation list(s)."),
            );
            if anchors > 0 {
                return looked.judged(language);
            }
            let sentence = Sentence::new(
                "Aucune autorité n'est reconnue : aucune carte ne peut l'être (paraphe trust anchors).",
                "No authority is trusted, hence no card can be (paraphe trust anchors).",
            );
            let fault = fault(ErrorCode::CertificateNotTrusted, &sentence, language);
            looked.with_faults(vec![fault]).judged(language)
        }
        Err(error) => Looked::at(
            DoctorSubject::TrustedAuthorities,
            "Elles ne peuvent pas être lues.",
            "They cannot be read.",
        )
        .with_faults(vec![fault_of(error.into(), language)])
        .judged(language),
    }
}

fn pin_entry(context: &Context<'_>) -> DoctorCheck {
    let language = context.language;
    if context.agent.pin_entry.is_interactive() {
        return Looked::at(
            DoctorSubject::PinEntry,
            "Une personne peut être interrogée.",
            "A person can be asked.",
        )
        .judged(language);
    }
    let sentence = Sentence::new(
        "Ni programme pinentry ni terminal : le code porteur ne peut pas être demandé.",
        "Neither a pinentry program nor a terminal: the PIN cannot be asked for.",
    );
    Looked::at(
        DoctorSubject::PinEntry,
        "Personne ne peut être interrogé.",
        "Nobody can be asked.",
    )
    .with_faults(vec![fault(
        ErrorCode::PinEntryUnavailable,
        &sentence,
        language,
    )])
    .judged(language)
}
