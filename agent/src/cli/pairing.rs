//! `paraphe pairing`: the web sites that ask for rights, and the person's answer.

use clap::{Subcommand, ValueEnum};
use paraphe_protocol::api::{
    Language, Operation, PairingAnswerRequest, PairingDecision, PairingListRequest,
    PairingListResponse, Right,
};

use super::Ending;
use super::failure::Failure;
use super::grant::{rights, warnings};
use super::output::{self, Lines, either, instant};
use super::session::{Invocation, Session, invalid};

#[derive(Debug, Subcommand)]
pub(super) enum PairingCommand {
    /// Les sites qui demandent des droits / the sites that ask for rights
    List,
    /// Répond à un site / answers a site
    Answer {
        /// Le numéro que la page affiche aussi / the number that the page shows too
        #[arg(value_name = "N")]
        number: String,
        /// Oui, pour combien de temps, ou non / yes, for how long, or no
        decision: Decision,
        /// Une partie des droits demandés ; répétable / some of the rights; repeatable
        #[arg(long = "right", value_name = "DROIT/RIGHT")]
        rights: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Decision {
    Refuse,
    ThisTime,
    UntilRevoked,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    command: PairingCommand,
) -> Result<Ending, Failure> {
    let language = invocation.language;
    let request = PairingListRequest {};
    let list = session.perform(Operation::PairingList, &request).await?;
    let waiting: PairingListResponse =
        serde_json::from_value(list.clone()).map_err(|_| Failure::Answer)?;
    let answer = match command {
        PairingCommand::List => {
            if !invocation.options.json {
                output::print(&lines(&waiting, language));
                return Ok(Ending::Done);
            }
            list
        }
        PairingCommand::Answer {
            number,
            decision,
            rights,
        } => {
            let named = waiting
                .pairings
                .into_iter()
                .find(|pairing| pairing.number == number);
            let request = PairingAnswerRequest {
                // A number that nobody has is told by the agent like an answer that comes too late.
                pairing: named.map_or(number, |pairing| pairing.pairing),
                decision: match decision {
                    Decision::Refuse => PairingDecision::Refuse,
                    Decision::ThisTime => PairingDecision::ThisTime,
                    Decision::UntilRevoked => PairingDecision::UntilRevoked,
                },
                rights: chosen(&rights, language)?,
            };
            session.perform(Operation::PairingAnswer, &request).await?
        }
    };
    if invocation.options.json {
        output::json(&answer);
    }
    Ok(Ending::Done)
}

fn chosen(names: &[String], language: Language) -> Result<Option<Vec<Right>>, Failure> {
    if names.is_empty() {
        return Ok(None);
    }
    let right = |name: &String| {
        Right::ALL
            .into_iter()
            .find(|right| right.name() == name)
            .ok_or_else(|| {
                invalid(
                    language,
                    "--right : log-in, read-patient, read-professional ou sign.",
                    "--right: log-in, read-patient, read-professional or sign.",
                )
            })
    };
    names.iter().map(right).collect::<Result<_, _>>().map(Some)
}

fn lines(answer: &PairingListResponse, language: Language) -> String {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    if answer.pairings.is_empty() {
        lines.heading(say(
            "Aucun site ne demande de droits.",
            "No site asks for rights.",
        ));
    }
    for pairing in &answer.pairings {
        lines.heading(&pairing.origin);
        warnings(&mut lines, &pairing.warnings, language);
        lines.indented(2, say("Numéro", "Number"), &pairing.number);
        lines.indented(
            2,
            say("Demande", "Asks to"),
            rights(&pairing.rights, language),
        );
        let server = pairing.record_server_title.as_deref().unwrap_or_default();
        lines.indented(2, say("Serveur", "Record server"), server);
        lines.indented(2, say("Jusqu'à", "Until"), instant(pairing.expires_at));
    }
    lines.text()
}
