//! `paraphe trust init | status | renew | remove`: the certificate of the agent's own HTTPS door on this workstation. What the
//! browsers are told of it is [`super::trust_install`]; whom the workstation trusts is [`super::trust_anchors`].

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
use super::trust_browsers;
use super::trust_install::{self, InstallArguments, MachineArguments};
use crate::trust::browsers::Installation;
use crate::trust::{Initialised, NEXT_ROOT_FILE, TlsDirectory, TrustError, TrustState};

#[derive(Debug, Subcommand)]
pub(super) enum TrustCommand {
    /// Fait le certificat du poste et règle les navigateurs ; avec sudo / makes the machine's certificate and sets up the browsers;
    /// with sudo
    Install(InstallArguments),
    /// Fabrique la racine et le certificat d'un seul utilisateur, sans droits / makes one user's root and certificate, without
    /// privileges
    Init(InitArguments),
    /// Dit où en est le certificat, et quels navigateurs croiront l'agent / tells how the certificate stands, and which browsers
    /// will believe the agent
    Status(MachineArguments),
    /// Refait ce qui arrive à sa fin et le donne aux navigateurs / makes again what comes to its end and gives it to the browsers
    Renew(RenewArguments),
    /// Supprime le certificat et sa clé, et ce qui a été dit aux navigateurs / deletes the certificate and its key, and what
    /// browsers were told
    Remove(MachineArguments),
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

#[derive(Debug, Args)]
pub(super) struct RenewArguments {
    /// Même si le certificat vaut encore / even where the certificate still holds
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    machine: MachineArguments,
}

pub(super) fn run(invocation: &Invocation, command: &TrustCommand) -> Result<Ending, Failure> {
    let now = UnixTime::from(SystemTime::now());
    match command {
        TrustCommand::Install(arguments) => trust_install::install(invocation, arguments, now),
        TrustCommand::Init(arguments) => init(
            invocation,
            &own_directory(invocation)?,
            now,
            arguments.renew,
        ),
        TrustCommand::Status(machine) => status(invocation, machine, now),
        TrustCommand::Renew(arguments) => renew(invocation, arguments, now),
        TrustCommand::Remove(machine) => remove(invocation, machine),
        TrustCommand::Anchors(command) => trust_anchors::run(invocation, command),
    }
}

/// Where the certificate is, or will be: where the configuration says, else the user's own, else the machine's.
pub(super) fn directory(invocation: &Invocation) -> Result<TlsDirectory, TrustError> {
    TlsDirectory::in_use(&invocation.config, &invocation.directories).ok_or(TrustError::NoDirectory)
}

fn own_directory(invocation: &Invocation) -> Result<TlsDirectory, TrustError> {
    let path = invocation.directories.tls(&invocation.config);
    path.map(TlsDirectory::new).ok_or(TrustError::NoDirectory)
}

/// The directory that a command is about, and the machine's installation where the browsers were given this directory's.
fn subject(
    invocation: &Invocation,
    arguments: &MachineArguments,
) -> Result<(TlsDirectory, Option<Installation>), Failure> {
    let machine = arguments.machine();
    if !machine.is_running() {
        let installation = Installation::of(machine.clone())?;
        let path = trust_install::machine_directory(invocation);
        return Ok((TlsDirectory::new(machine.at(path)), Some(installation)));
    }
    let directory = directory(invocation)?;
    // Its record is root's to read.
    let installation = match Installation::of(machine) {
        Ok(installation) => Some(installation),
        Err(_) if !rustix::process::geteuid().is_root() => None,
        Err(error) => return Err(error.into()),
    };
    let is_its_own = |it: &Installation| it.tls_directory() == Some(directory.path());
    Ok((directory.clone(), installation.filter(is_its_own)))
}

fn init(
    invocation: &Invocation,
    directory: &TlsDirectory,
    now: UnixTime,
    renew: bool,
) -> Result<Ending, Failure> {
    told(
        invocation,
        directory,
        now,
        directory.initialise(now, renew)?,
    )
}

fn told(
    invocation: &Invocation,
    directory: &TlsDirectory,
    now: UnixTime,
    done: Initialised,
) -> Result<Ending, Failure> {
    let (done, state) = match done {
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
    arguments: &MachineArguments,
    now: UnixTime,
) -> Result<Ending, Failure> {
    let (directory, _) = subject(invocation, arguments)?;
    let state = directory.read(now)?;
    let ending = if state.problems().is_empty() {
        Ending::Done
    } else {
        Ending::Refused
    };
    let beliefs = trust_browsers::judged(invocation, &arguments.machine(), &state);
    if invocation.options.json {
        let mut document = document(&state, &directory, now);
        document["browsers"] = trust_browsers::document(&beliefs);
        output::json(&document);
        return Ok(ending);
    }
    let language = invocation.language;
    let mut lines = Lines::default();
    facts(&mut lines, &state, &directory, now, language);
    for problem in state.problems() {
        lines.row(pick(["Défaut", "Fault"], language), problem.to_string());
    }
    if state.should_be_renewed(now) || ending == Ending::Refused {
        lines.row(
            pick(["À faire", "What to do"], language),
            pick(RENEW, language),
        );
    }
    trust_browsers::facts(&mut lines, &beliefs, language);
    lines.print();
    Ok(ending)
}

fn renew(
    invocation: &Invocation,
    arguments: &RenewArguments,
    now: UnixTime,
) -> Result<Ending, Failure> {
    let (directory, installation) = subject(invocation, &arguments.machine)?;
    let renewed = match installation {
        Some(mut installation) => trust_install::renew(
            invocation,
            &arguments.machine,
            &mut installation,
            now,
            arguments.now,
        )?,
        None if arguments.now => directory.initialise(now, true)?,
        None => directory.complete(now)?,
    };
    told(invocation, &directory, now, renewed)
}

fn remove(invocation: &Invocation, arguments: &MachineArguments) -> Result<Ending, Failure> {
    let (directory, installation) = subject(invocation, arguments)?;
    let policies = match installation {
        Some(mut installation) => {
            trust_install::require_root(&arguments.machine())?;
            let removed = directory.remove()?;
            let policies = installation.remove()?;
            return removal(invocation, removed || !policies.is_empty(), &policies);
        }
        None => Vec::new(),
    };
    removal(invocation, directory.remove()?, &policies)
}

fn removal(
    invocation: &Invocation,
    removed: bool,
    policies: &[std::path::PathBuf],
) -> Result<Ending, Failure> {
    if invocation.options.json {
        let files: Vec<_> = policies.iter().map(|path| path.to_string_lossy()).collect();
        output::json(&json!({ "removed": removed, "policies": files }));
        return Ok(Ending::Done);
    }
    let sentence = match (removed, policies.is_empty()) {
        (true, true) => REMOVED,
        (true, false) => REMOVED_WITH_POLICIES,
        (false, _) => NOTHING,
    };
    let mut lines = Lines::default();
    for language in order(invocation.language) {
        lines.heading(pick(sentence, language));
    }
    for path in policies {
        lines.heading(&path.display().to_string());
    }
    lines.print();
    Ok(Ending::Done)
}

pub(super) fn facts(
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
    if state.next().is_some() {
        let next = directory.path().join(NEXT_ROOT_FILE);
        lines.row(
            pick(["Racine suivante", "Next root"], language),
            next.display().to_string(),
        );
    }
}

pub(super) fn document(state: &TrustState, directory: &TlsDirectory, now: UnixTime) -> Value {
    let problems: Vec<String> = state.problems().iter().map(ToString::to_string).collect();
    json!({
        "root": directory.root_file().to_string_lossy(),
        "sha256": state.fingerprint(),
        "next_root": state.next().map(|_| directory.path().join(NEXT_ROOT_FILE)),
        "not_after": state.not_after().0,
        "renew": state.should_be_renewed(now),
        "problems": problems,
    })
}

/// The chosen language first; both, because the person who installs and the one who uses may not be the same.
pub(super) fn order(language: Language) -> [Language; 2] {
    match language {
        Language::French => [Language::French, Language::English],
        Language::English => [Language::English, Language::French],
    }
}

pub(super) fn pick([french, english]: [&'static str; 2], language: Language) -> &'static str {
    match language {
        Language::French => french,
        Language::English => english,
    }
}

const MADE: [[&str; 2]; 2] = [
    [
        "Une racine et un certificat ont été faits pour ce poste, avec ceux qui suivront ; les clés des racines sont détruites.",
        "A root and a certificate were made for this workstation, with those that follow; the roots' keys are destroyed.",
    ],
    [
        "Ensuite : donnez les deux racines aux navigateurs (`sudo paraphe trust install` fait le tout : il fait un certificat du\n\
         poste et règle les navigateurs), puis relancez l'agent. Elles ne valent que pour localhost.",
        "Next: give both roots to the browsers (`sudo paraphe trust install` does all of it: it makes a certificate of the\n\
         machine and sets up the browsers), then restart the agent. They hold for localhost only.",
    ],
];
const KEPT: [[&str; 2]; 2] = [
    [
        "Le certificat de ce poste vaut encore ; rien n'a été changé.",
        "This workstation's certificate still holds; nothing was changed.",
    ],
    [
        "Pour le refaire quand même : paraphe trust renew --now",
        "To make it again all the same: paraphe trust renew --now",
    ],
];
const RENEW: [&str; 2] = ["paraphe trust renew", "paraphe trust renew"];
const REMOVED: [&str; 2] = [
    "Le certificat et sa clé sont supprimés. Retirez aussi les racines des navigateurs où vous les avez mises.",
    "The certificate and its key are deleted. Take the roots out of the browsers where you put them as well.",
];
const REMOVED_WITH_POLICIES: [&str; 2] = [
    "Le certificat et sa clé sont supprimés, et ce qui avait été dit aux navigateurs est repris :",
    "The certificate and its key are deleted, and what the browsers were told is taken back:",
];
const NOTHING: [&str; 2] = [
    "Il n'y avait rien à supprimer.",
    "There was nothing to delete.",
];
