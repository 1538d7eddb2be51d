//! `paraphe trust anchors add | list | remove`: whom this workstation trusts, installed by an operator who compared fingerprints.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::{Args, Subcommand};
use paraphe_certs::UnixTime;
use paraphe_protocol::api::{ErrorCode, Language, Problem};
use serde_json::{Value, json};

use super::Ending;
use super::failure::Failure;
use super::output::{self, Lines, either, instant};
use super::session::Invocation;
use super::viewer::answer;
use crate::trust::{Additions, Authorities, AuthoritiesError, Authority, written_fingerprint};

#[derive(Debug, Subcommand)]
pub(super) enum AnchorsCommand {
    /// Installe des racines et des autorités émettrices (PEM, DER, .p7b) / installs roots and issuing authorities
    Add(AddArguments),
    /// Dit quelles autorités sont reconnues / tells which authorities are trusted
    List,
    /// Retire une autorité / takes an authority away
    Remove(RemoveArguments),
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    /// Fichiers de certificats / files of certificates
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Sans surveillance : empreinte SHA-256 de chaque nouvelle racine ; répétable / unattended: SHA-256 fingerprint of each new
    /// root; repeatable
    #[arg(long, value_name = "FINGERPRINT")]
    yes: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArguments {
    /// Empreinte SHA-256 entière / whole SHA-256 fingerprint
    #[arg(value_name = "FINGERPRINT")]
    fingerprint: String,
}

pub(super) fn run(invocation: &Invocation, command: &AnchorsCommand) -> Result<Ending, Failure> {
    let authorities = Authorities::new(invocation.config.trust.clone());
    match command {
        AnchorsCommand::Add(arguments) => add(invocation, &authorities, arguments),
        AnchorsCommand::List => list(invocation, &authorities),
        AnchorsCommand::Remove(arguments) => {
            let removed = authorities.remove(&arguments.fingerprint)?;
            told(invocation, &[(&removed, "removed")]);
            Ok(Ending::Done)
        }
    }
}

fn add(
    invocation: &Invocation,
    authorities: &Authorities,
    arguments: &AddArguments,
) -> Result<Ending, Failure> {
    let now = UnixTime::from(SystemTime::now());
    let additions = authorities.check(&arguments.files, now)?;
    confirm(invocation, &additions, &arguments.yes)?;
    authorities.install(&additions)?;
    let new = additions.new.iter().map(|it| (it, "added"));
    let known = additions.known.iter().map(|it| (it, "kept"));
    let all: Vec<(&Authority, &str)> = new.chain(known).collect();
    told(invocation, &all);
    Ok(Ending::Done)
}

/// Issuing authorities need no word of their own: a confirmed root signed them, or one that was confirmed before.
fn confirm(
    invocation: &Invocation,
    additions: &Additions,
    given: &[String],
) -> Result<(), Failure> {
    let roots: Vec<&Authority> = additions.new.iter().filter(|it| it.is_anchor()).collect();
    let mut confirmed = Vec::new();
    for text in given {
        let fingerprint = written_fingerprint(text);
        let all = additions.new.iter().chain(&additions.known);
        let is_meant = |it: &Authority| written_fingerprint(&it.fingerprint()) == fingerprint;
        if fingerprint.is_none() || !all.into_iter().any(is_meant) {
            return Err(AuthoritiesError::UnknownFingerprint {
                fingerprint: text.clone(),
            }
            .into());
        }
        confirmed.extend(fingerprint);
    }
    let missing = roots.iter().find(|root| {
        written_fingerprint(&root.fingerprint()).is_none_or(|it| !confirmed.contains(&it))
    });
    let Some(missing) = missing else {
        return Ok(());
    };
    let is_asked = given.is_empty() && !invocation.options.json && std::io::stdin().is_terminal();
    if !is_asked {
        return Err(AuthoritiesError::NotConfirmed {
            fingerprint: missing.fingerprint(),
        }
        .into());
    }
    let language = invocation.language;
    let mut lines = Lines::default();
    for authority in &additions.new {
        facts(&mut lines, authority, None, language);
        lines.gap();
    }
    lines.print();
    let question = either(
        language,
        "Comparez chaque empreinte de racine à celle que l'autorité publie. Reconnaître ces autorités ? (oui/non)",
        "Compare each root's fingerprint with the one that the authority publishes. Trust these authorities? (yes/no)",
    );
    if matches!(answer(question).as_str(), "oui" | "yes") {
        Ok(())
    } else {
        let problem = Problem::new(ErrorCode::OperationCancelled, language);
        Err(Failure::Problem(Box::new(problem)))
    }
}

fn list(invocation: &Invocation, authorities: &Authorities) -> Result<Ending, Failure> {
    let all = authorities.list()?;
    let all: Vec<(&Authority, &str)> = all.iter().map(|it| (it, "installed")).collect();
    if all.is_empty() && !invocation.options.json {
        let nobody = either(
            invocation.language,
            "Aucune autorité n'est reconnue : paraphe trust anchors add FICHIER...",
            "No authority is trusted: paraphe trust anchors add FILE...",
        );
        output::print(&format!("{nobody}\n"));
        return Ok(Ending::Done);
    }
    told(invocation, &all);
    Ok(Ending::Done)
}

fn told(invocation: &Invocation, authorities: &[(&Authority, &str)]) {
    if invocation.options.json {
        let documents: Vec<Value> = authorities
            .iter()
            .map(|(authority, done)| document(authority, done))
            .collect();
        output::json(&json!({ "authorities": documents }));
        return;
    }
    let mut lines = Lines::default();
    for (authority, done) in authorities {
        facts(&mut lines, authority, Some(done), invocation.language);
        lines.gap();
    }
    output::print(&format!("{}\n", lines.text().trim_end()));
}

fn facts(lines: &mut Lines, authority: &Authority, done: Option<&str>, language: Language) {
    let say = |french, english| either(language, french, english);
    let certificate = &authority.certificate;
    let kind = if authority.is_anchor() {
        say("Racine", "Root")
    } else {
        say("Autorité émettrice", "Issuing authority")
    };
    lines.row(kind, certificate.subject_rfc2253());
    lines.row(
        say("Empreinte SHA-256", "SHA-256 fingerprint"),
        authority.fingerprint(),
    );
    let validity = format!(
        "{} – {}",
        instant(certificate.not_before().0),
        instant(certificate.not_after().0)
    );
    lines.row(say("Valable", "Valid"), validity);
    let environment = if certificate.is_named_test() {
        say("test", "test")
    } else {
        "production"
    };
    lines.row(say("Environnement", "Environment"), environment);
    lines.row(say("Fichier", "File"), authority.path.display().to_string());
    let state = match done {
        Some("added") => say("ajoutée", "added"),
        Some("kept") => say("déjà là", "already there"),
        Some("removed") => say("retirée", "removed"),
        _ => return,
    };
    lines.row(say("État", "State"), state);
}

fn document(authority: &Authority, done: &str) -> Value {
    let certificate = &authority.certificate;
    json!({
        "kind": if authority.is_anchor() { "anchor" } else { "intermediate" },
        "subject": certificate.subject_rfc2253(),
        "sha256": authority.fingerprint(),
        "not_before": certificate.not_before().0,
        "not_after": certificate.not_after().0,
        "environment": if certificate.is_named_test() { "test" } else { "production" },
        "file": authority.path.to_string_lossy(),
        "done": done,
    })
}
