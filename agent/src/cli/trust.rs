//! `paraphe trust init | status | remove`: the certificate of the agent's own HTTPS door on this workstation. Whom the workstation
//! trusts is [`super::trust_anchors`].

use std::time::SystemTime;

use clap::{Args, Subcommand};
use paraphe_certs::UnixTime;
use paraphe_protocol::api::Language;
use serde_json::{Value, json};

use super::Ending;
use super::failure::Failure;
use super::output::{self, Lines, instant};
use super::session::Invocation;
use super::trust_anchors::{self, AnchorsCommand};
use crate::trust::{Initialised, TlsDirectory, TrustError, TrustState};

#[derive(Debug, Subcommand)]
pub(super) enum TrustCommand {
    /// Fabrique la racine et le certificat locaux / makes the local root and certificate
    Init(InitArguments),
    /// Dit où en est le certificat / tells how the certificate stands
    Status,
    /// Supprime le certificat et sa clé / deletes the certificate and its key
    Remove,
    /// Les autorités que le poste reconnaît / the authorities that the workstation trusts
    #[command(subcommand)]
    Anchors(AnchorsCommand),
}

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// Refait la racine et le certificat même s'ils valent encore / makes them again even where they still hold
    #[arg(long)]
    renew: bool,
}

pub(super) fn run(invocation: &Invocation, command: &TrustCommand) -> Result<Ending, Failure> {
    let now = UnixTime::from(SystemTime::now());
    match command {
        TrustCommand::Init(arguments) => {
            init(invocation, &directory(invocation)?, now, arguments.renew)
        }
        TrustCommand::Status => status(invocation, &directory(invocation)?, now),
        TrustCommand::Remove => remove(invocation, &directory(invocation)?),
        TrustCommand::Anchors(command) => trust_anchors::run(invocation, command),
    }
}

/// Where the certificate is, or will be.
pub(super) fn directory(invocation: &Invocation) -> Result<TlsDirectory, TrustError> {
    let path = invocation.directories.tls(&invocation.config);
    path.map(TlsDirectory::new).ok_or(TrustError::NoDirectory)
}

fn init(
    invocation: &Invocation,
    directory: &TlsDirectory,
    now: UnixTime,
    renew: bool,
) -> Result<Ending, Failure> {
    let (done, state) = match directory.initialise(now, renew)? {
        Initialised::Made(state) => ("made", state),
        Initialised::Kept(state) => ("kept", state),
    };
    if invocation.options.json {
        let mut document = document(&state, directory, now);
        document["done"] = json!(done);
        output::json(&document);
        return Ok(Ending::Done);
    }
    let [what, next] = if done == "made" { MADE } else { KEPT };
    let mut lines = Lines::default();
    for language in order(invocation.language) {
        lines.heading(pick(what, language));
        facts(&mut lines, &state, directory, now, language);
        lines.gap();
        for sentence in pick(next, language).lines() {
            lines.heading(sentence);
        }
        lines.gap();
    }
    output::print(&format!("{}\n", lines.text().trim_end()));
    Ok(Ending::Done)
}

fn status(
    invocation: &Invocation,
    directory: &TlsDirectory,
    now: UnixTime,
) -> Result<Ending, Failure> {
    let state = directory.read(now)?;
    let ending = if state.problems().is_empty() {
        Ending::Done
    } else {
        Ending::Refused
    };
    if invocation.options.json {
        output::json(&document(&state, directory, now));
        return Ok(ending);
    }
    let language = invocation.language;
    let mut lines = Lines::default();
    facts(&mut lines, &state, directory, now, language);
    for problem in state.problems() {
        lines.row(pick(["Défaut", "Fault"], language), problem.to_string());
    }
    if state.should_be_renewed(now) || ending == Ending::Refused {
        lines.row(
            pick(["À faire", "What to do"], language),
            pick(RENEW, language),
        );
    }
    lines.print();
    Ok(ending)
}

fn remove(invocation: &Invocation, directory: &TlsDirectory) -> Result<Ending, Failure> {
    let removed = directory.remove()?;
    if invocation.options.json {
        output::json(&json!({ "removed": removed }));
        return Ok(Ending::Done);
    }
    let sentence = if removed { REMOVED } else { NOTHING };
    let mut lines = Lines::default();
    for language in order(invocation.language) {
        lines.heading(pick(sentence, language));
    }
    lines.print();
    Ok(Ending::Done)
}

fn facts(
    lines: &mut Lines,
    state: &TrustState,
    directory: &TlsDirectory,
    now: UnixTime,
    language: Language,
) {
    let until = match language {
        Language::French => format!(
            "{} (encore {} jours)",
            instant(state.not_after().0),
            state.days_left(now)
        ),
        Language::English => format!(
            "{} ({} days left)",
            instant(state.not_after().0),
            state.days_left(now)
        ),
    };
    let root = directory.root_file();
    lines.row(
        pick(["Racine", "Root"], language),
        root.display().to_string(),
    );
    lines.row(
        pick(["Empreinte SHA-256", "SHA-256 fingerprint"], language),
        state.fingerprint(),
    );
    lines.row(pick(["Valable jusqu'au", "Valid until"], language), until);
}

fn document(state: &TrustState, directory: &TlsDirectory, now: UnixTime) -> Value {
    let problems: Vec<String> = state.problems().iter().map(ToString::to_string).collect();
    json!({
        "root": directory.root_file().to_string_lossy(),
        "sha256": state.fingerprint(),
        "not_after": state.not_after().0,
        "renew": state.should_be_renewed(now),
        "problems": problems,
    })
}

/// The chosen language first; both, because the person who installs and the one who uses may not be the same.
fn order(language: Language) -> [Language; 2] {
    match language {
        Language::French => [Language::French, Language::English],
        Language::English => [Language::English, Language::French],
    }
}

fn pick([french, english]: [&'static str; 2], language: Language) -> &'static str {
    match language {
        Language::French => french,
        Language::English => english,
    }
}

const MADE: [[&str; 2]; 2] = [
    [
        "Une racine et un certificat ont été faits pour ce poste ; la clé de la racine est détruite.",
        "A root and a certificate were made for this workstation; the root's key is destroyed.",
    ],
    [
        "Ensuite : donnez la racine aux navigateurs (Chromium : règle CACertificatesWithConstraints ;\n\
         Firefox : règle Certificates, Install), puis relancez l'agent. Elle ne vaut que pour localhost.",
        "Next: give the root to the browsers (Chromium: policy CACertificatesWithConstraints;\n\
         Firefox: policy Certificates, Install), then restart the agent. It holds for localhost only.",
    ],
];
const KEPT: [[&str; 2]; 2] = [
    [
        "Le certificat de ce poste vaut encore ; rien n'a été changé.",
        "This workstation's certificate still holds; nothing was changed.",
    ],
    [
        "Pour le refaire quand même : paraphe trust init --renew",
        "To make it again all the same: paraphe trust init --renew",
    ],
];
const RENEW: [&str; 2] = [
    "paraphe trust init --renew, puis donnez la nouvelle racine aux navigateurs",
    "paraphe trust init --renew, then give the new root to the browsers",
];
const REMOVED: [&str; 2] = [
    "Le certificat et sa clé sont supprimés. Retirez aussi la racine des navigateurs.",
    "The certificate and its key are deleted. Take the root out of the browsers as well.",
];
const NOTHING: [&str; 2] = [
    "Il n'y avait rien à supprimer.",
    "There was nothing to delete.",
];
