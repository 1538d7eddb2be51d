//! `paraphe grant`: the web sites that have rights on this workstation, and taking them back.

use clap::Subcommand;
use paraphe_protocol::api::{
    GrantDuration, GrantListRequest, GrantListResponse, GrantRevokeRequest, Language, Operation,
    OriginWarning, Right,
};

use super::Ending;
use super::failure::Failure;
use super::output::{self, Lines, at, either, instant};
use super::session::{Invocation, Session};

#[derive(Debug, Subcommand)]
pub(super) enum GrantCommand {
    /// Les sites autorisés et leurs droits / the sites and their rights
    List,
    /// Retire ses droits à un site / takes a site's rights away
    Revoke {
        /// Son origine exacte / its exact origin
        #[arg(value_name = "https://…")]
        origin: String,
    },
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    command: GrantCommand,
) -> Result<Ending, Failure> {
    let language = invocation.language;
    match command {
        GrantCommand::List => {
            let request = GrantListRequest {};
            let answer = session.perform(Operation::GrantList, &request).await?;
            if invocation.options.json {
                output::json(&answer);
            } else {
                let answer = serde_json::from_value(answer).map_err(|_| Failure::Answer)?;
                output::print(&list(&answer, language));
            }
        }
        GrantCommand::Revoke { origin } => {
            let request = GrantRevokeRequest { origin };
            let answer = session.perform(Operation::GrantRevoke, &request).await?;
            if invocation.options.json {
                output::json(&answer);
            } else {
                let mut lines = Lines::default();
                let label = either(language, "Droits retirés", "Rights taken away");
                lines.row(label, at(&answer, "/origin"));
                let label = either(language, "Mandats terminés", "Mandates ended");
                lines.row(label, at(&answer, "/mandates_ended"));
                lines.print();
            }
        }
    }
    Ok(Ending::Done)
}

fn list(answer: &GrantListResponse, language: Language) -> String {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    for grant in &answer.grants {
        lines.heading(&grant.origin);
        warnings(&mut lines, &grant.warnings, language);
        lines.indented(2, say("Droits", "Rights"), rights(&grant.rights, language));
        let server = grant.record_server.as_deref().unwrap_or_default();
        lines.indented(2, say("Serveur", "Record server"), server);
        let duration = match grant.duration {
            GrantDuration::Configuration => say("par la configuration", "by the configuration"),
            GrantDuration::ThisTime => say("pour cette fois", "for this time"),
            _ => say("jusqu'à retrait", "until revoked"),
        };
        let until = grant.expires_at.map(|at| format!(" ({})", instant(at)));
        let duration = format!("{duration}{}", until.unwrap_or_default());
        lines.indented(2, say("Durée", "For how long"), duration);
    }
    for origin in &answer.forbidden {
        lines.heading(&format!("{origin}  {}", say("(interdit)", "(forbidden)")));
    }
    let others = if answer.pairing_allowed {
        say("peuvent demander", "may ask")
    } else {
        say("ne peuvent pas demander", "may not ask")
    };
    lines.row(say("Autres sites", "Other sites"), others);
    lines.text()
}

pub(super) fn rights(rights: &[Right], language: Language) -> String {
    let titles: Vec<_> = rights.iter().map(|right| right.title(language)).collect();
    titles.join(", ")
}

pub(super) fn warnings(lines: &mut Lines, warnings: &[OriginWarning], language: Language) {
    for warning in warnings {
        lines.indented(2, either(language, "ATTENTION", "WARNING"), &warning.detail);
    }
}
