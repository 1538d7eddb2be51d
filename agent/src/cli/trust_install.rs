//! `paraphe trust install`, and `renew` where it did the work: a certificate of the machine, and policies that make its browsers
//! believe the agent. By root, or into a tree of files (`--root DIR`).

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use paraphe_certs::{Certificate, UnixTime};
use paraphe_protocol::login::Origin;
use serde_json::json;

use super::Ending;
use super::failure::Failure;
use super::output::{self, Lines};
use super::session::Invocation;
use super::trust::{document, facts, order, pick};
use super::trust_browsers;
use crate::trust::browsers::{
    InstallError, Installation, MACHINE_TLS_DIRECTORY, MachineRoot, Wishes,
};
use crate::trust::{Initialised, KeyReader, TlsDirectory, TrustError};

#[derive(Debug, Args)]
pub(super) struct InstallArguments {
    /// Qui travaille avec l'agent, s'il n'y a qu'une personne ; défaut avec sudo : vous / who works with the agent, where it is one
    /// person; default with sudo: you
    #[arg(long, value_name = "NOM/NAME", conflicts_with = "group")]
    user: Option<String>,
    /// Le groupe de ceux qui travaillent avec l'agent / the group of those who work with the agent
    #[arg(long, value_name = "NOM/NAME")]
    group: Option<String>,
    /// Un site de plus que ceux de la configuration ; répétable / a site beside those of the configuration; repeatable
    #[arg(long, value_name = "https://...")]
    site: Vec<Origin>,
    /// Pour Chromium, Chrome et Edge d'avant 146 aussi : leur règle ouvre aux sites tout le réseau local / for Chromium, Chrome and
    /// Edge before 146 as well: their policy opens the whole local network to the sites
    #[arg(long)]
    older_browsers: bool,
    #[command(flatten)]
    machine: MachineArguments,
}

#[derive(Debug, Args)]
pub(super) struct MachineArguments {
    /// Une arborescence (paquet, image) au lieu du poste / a tree of files (package, image) instead of this machine
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

impl MachineArguments {
    pub(super) fn machine(&self) -> MachineRoot {
        self.root
            .as_deref()
            .map_or_else(MachineRoot::running, MachineRoot::tree)
    }
}

pub(super) fn install(
    invocation: &Invocation,
    arguments: &InstallArguments,
    now: UnixTime,
) -> Result<Ending, Failure> {
    let machine = arguments.machine.machine();
    require_root(&machine)?;
    let path = machine_directory(invocation);
    let present = TlsDirectory::new(machine.at(path));
    let reader = reader(arguments, &present)?;
    let directory = TlsDirectory::for_reader(machine.at(path), reader);
    let mut installation = Installation::of(machine.clone())?;
    installation.begin(path)?;
    let is_another_s = present.present_reader().is_some_and(|it| it != reader);
    let state = match directory.complete(now)? {
        // Its key has been read by somebody who no longer is to.
        Initialised::Kept(_) if is_another_s => directory.initialise(now, true)?,
        done => done,
    };
    let (Initialised::Made(state) | Initialised::Kept(state)) = state;
    let wishes = Wishes {
        configured: configured(invocation),
        sites: arguments.site.clone(),
        older_browsers: arguments.older_browsers,
    };
    let roots: Vec<Certificate> = state.roots().into_iter().cloned().collect();
    installation.install(path, &roots, &wishes)?;

    let beliefs = trust_browsers::judged(invocation, &machine, &state);
    if invocation.options.json {
        let mut document = document(&state, &directory, now);
        document["browsers"] = trust_browsers::document(&beliefs);
        document["done"] = json!("installed");
        output::json(&document);
        return Ok(Ending::Done);
    }
    let mut lines = Lines::default();
    for language in order(invocation.language) {
        lines.heading(pick(INSTALLED, language));
        facts(&mut lines, &state, &directory, now, language);
        trust_browsers::facts(&mut lines, &beliefs, language);
        lines.gap();
        for sentence in pick(NEXT, language).lines() {
            lines.heading(sentence);
        }
        lines.gap();
    }
    output::print(&format!("{}\n", lines.text().trim_end()));
    Ok(Ending::Done)
}

/// Renews the certificate of an installation, and tells the browsers.
pub(super) fn renew(
    invocation: &Invocation,
    arguments: &MachineArguments,
    installation: &mut Installation,
    now: UnixTime,
    even_if_it_holds: bool,
) -> Result<Initialised, Failure> {
    let machine = arguments.machine();
    require_root(&machine)?;
    let path = installation
        .tls_directory()
        .unwrap_or_else(|| machine_directory(invocation))
        .to_owned();
    let present = TlsDirectory::new(machine.at(&path));
    let Some(reader) = present.present_reader() else {
        return Err(TrustError::NotInitialised {
            directory: present.path().to_owned(),
        }
        .into());
    };
    installation.begin(&path)?;
    let directory = TlsDirectory::for_reader(machine.at(&path), reader);
    let done = if even_if_it_holds {
        directory.initialise(now, true)?
    } else {
        directory.complete(now)?
    };
    let (Initialised::Made(state) | Initialised::Kept(state)) = &done;
    let roots: Vec<Certificate> = state.roots().into_iter().cloned().collect();
    let wishes = installation.wishes(configured(invocation));
    installation.install(&path, &roots, &wishes)?;
    Ok(done)
}

/// Where the machine's certificate is, as the running machine names it.
pub(super) fn machine_directory(invocation: &Invocation) -> &Path {
    let configured = invocation.config.tls_directory.as_deref();
    configured.unwrap_or(Path::new(MACHINE_TLS_DIRECTORY))
}

pub(super) fn require_root(machine: &MachineRoot) -> Result<(), InstallError> {
    if machine.is_running() && !rustix::process::geteuid().is_root() {
        return Err(InstallError::NotRoot);
    }
    Ok(())
}

fn configured(invocation: &Invocation) -> Vec<Origin> {
    let sites = invocation.config.sites.iter();
    sites.map(|site| site.origin.clone()).collect()
}

/// Who is named; else who could read the certificate that is there; else who became root for this command.
fn reader(arguments: &InstallArguments, present: &TlsDirectory) -> Result<KeyReader, InstallError> {
    if let Some(name) = &arguments.user {
        return number("passwd", name).map(KeyReader::User);
    }
    if let Some(name) = &arguments.group {
        return number("group", name).map(KeyReader::Group);
    }
    if let Some(reader) = present.present_reader() {
        return Ok(reader);
    }
    let behind = ["SUDO_UID", "PKEXEC_UID"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok()?.parse().ok());
    match behind {
        Some(uid) => Ok(KeyReader::User(uid)),
        None if arguments.machine.machine().is_running() => Err(InstallError::NobodyNamed),
        None => Ok(KeyReader::User(rustix::process::getuid().as_raw())),
    }
}

/// A number is itself; a name is asked of the system's directories (nsswitch.conf(5)), by getent(1).
fn number(database: &str, name: &str) -> Result<u32, InstallError> {
    if let Ok(number) = name.parse() {
        return Ok(number);
    }
    let unknown = || InstallError::Unknown {
        name: name.to_owned(),
    };
    let output = Command::new("getent")
        .args([database, "--", name])
        .output()
        .map_err(|_| unknown())?;
    let line = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut fields = line.trim_end().split(':');
    match (fields.next(), fields.nth(1)) {
        (Some(found), Some(number)) if found == name => number.parse().map_err(|_| unknown()),
        _ => Err(unknown()),
    }
}

const INSTALLED: [&str; 2] = [
    "Le poste a son certificat, et ses navigateurs sont réglés ; les clés des racines sont détruites.",
    "The machine has its certificate, and its browsers are set up; the roots' keys are destroyed.",
];
const NEXT: [&str; 2] = [
    "Ensuite : relancez Firefox s'il est ouvert, puis l'agent (systemctl --user restart paraphe.service).\n\
     Renouvellement : paraphe-trust-renew.timer, ou `sudo paraphe trust renew`. Tout reprendre : `sudo paraphe trust remove`.",
    "Next: restart Firefox where it is open, then the agent (systemctl --user restart paraphe.service).\n\
     Renewal: paraphe-trust-renew.timer, or `sudo paraphe trust renew`. To take all of it back: `sudo paraphe trust remove`.",
];
