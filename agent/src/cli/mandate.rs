//! `paraphe mandate`: one PIN entry for several signatures, opened, looked at and closed. A mandate lives in the running agent: one
//! that is opened by a command that does its own work ends with that command, and is refused for that reason.

use clap::{Args, Subcommand};
use paraphe_protocol::api::{
    ErrorCode, Language, MandateCloseRequest, MandateDocument, MandateEndReason,
    MandateOpenRequest, MandateStatusRequest, Operation, Problem,
};
use paraphe_protocol::digest::Sha256Digest;
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::output::{self, Lines, at, either, list, time};
use super::session::{Invocation, Session, invalid};

#[derive(Debug, Subcommand)]
pub(super) enum MandateCommand {
    /// Demande un mandat à la personne / asks the person for a mandate
    Open(OpenArguments),
    /// Ce qui reste des mandats / what is left of the mandates
    Status {
        /// Un seul / one only
        mandate: Option<String>,
    },
    /// Ferme un mandat / closes a mandate
    Close {
        /// Lequel / which
        mandate: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct OpenArguments {
    /// Pour quoi faire / what for
    #[arg(long, value_name = "TEXTE/TEXT")]
    purpose: String,
    /// Nombre de signatures / number of signatures
    #[arg(long, value_name = "N", conflicts_with = "documents")]
    maximum_count: Option<u32>,
    /// SHA-256 d'un document ; répétable / SHA-256 of a document; repeatable
    #[arg(long = "document", value_name = "SHA256")]
    documents: Vec<String>,
    /// Durée en minutes / how long, minutes
    #[arg(long, value_name = "MIN")]
    minutes: Option<u32>,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    command: MandateCommand,
) -> Result<Ending, Failure> {
    let answer = match command {
        MandateCommand::Open(arguments) => {
            if matches!(session, Session::Here(..)) {
                return Err(no_agent(invocation.language));
            }
            let request = request(invocation, arguments)?;
            session.perform(Operation::MandateOpen, &request).await?
        }
        MandateCommand::Status { mandate } => {
            let request = MandateStatusRequest { mandate };
            session.perform(Operation::MandateStatus, &request).await?
        }
        MandateCommand::Close { mandate } => {
            let request = MandateCloseRequest { mandate };
            session.perform(Operation::MandateClose, &request).await?
        }
    };
    if invocation.options.json {
        output::json(&answer);
        return Ok(Ending::Done);
    }
    match answer.get("mandates") {
        Some(_) => {
            let mut text = String::new();
            for mandate in list(&answer, "/mandates") {
                text.push_str(&lines(mandate, invocation.language).text());
                text.push('\n');
            }
            output::print(&text);
        }
        None => lines(&answer, invocation.language).print(),
    }
    Ok(Ending::Done)
}

/// What outlives no command is not opened by one that does its own work.
pub(super) fn no_agent(language: Language) -> Failure {
    let detail = either(
        language,
        "Aucun agent ne tourne, ou une option demande un travail dans cette commande : ce qui serait ouvert finirait avec elle.",
        "No agent is running, or an option asks for work in this very command: what would be opened would end with it.",
    );
    Failure::Problem(Box::new(
        Problem::new(ErrorCode::RequestInvalid, language).with_detail(detail),
    ))
}

fn request(
    invocation: &Invocation,
    arguments: OpenArguments,
) -> Result<MandateOpenRequest, Failure> {
    let digest = |text: &String| {
        text.parse::<Sha256Digest>().map_err(|_| {
            invalid(
                invocation.language,
                "--document : 64 chiffres hexadécimaux (sha256sum).",
                "--document: 64 hexadecimal digits (sha256sum).",
            )
        })
    };
    let documents = arguments
        .documents
        .iter()
        .map(|text| {
            Ok(MandateDocument {
                sha256: digest(text)?,
                title: None,
            })
        })
        .collect::<Result<_, Failure>>()?;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let not_after = arguments.minutes.map(|minutes| {
        i64::try_from(now.saturating_add(u64::from(minutes) * 60)).unwrap_or(i64::MAX)
    });
    Ok(MandateOpenRequest {
        purpose: arguments.purpose,
        documents,
        maximum_count: arguments.maximum_count,
        not_after,
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
    })
}

fn lines(mandate: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    lines.row(say("Mandat", "Mandate"), at(mandate, "/mandate"));
    lines.row(say("Objet", "Purpose"), at(mandate, "/purpose"));
    lines.row(say("Carte", "Card"), at(mandate, "/card"));
    lines.row(
        say("Signatures restantes", "Signatures left"),
        format!("{} / {}", at(mandate, "/remaining"), at(mandate, "/count")),
    );
    lines.row(
        say("Fin au plus tard", "Ends at the latest"),
        time(mandate, "/not_after"),
    );
    if mandate["ends_on_lock"] == false {
        lines.row(
            say("Verrouillage", "Session lock"),
            say(
                "pas surveillé sur ce poste",
                "not watched on this workstation",
            ),
        );
    }
    if let Some(reason) = mandate.pointer("/end/reason").and_then(Value::as_str) {
        lines.row(say("Terminé", "Ended"), end(reason, language));
    }
    lines
}

/// A mandate in an event.
pub(super) fn line(mandate: &Value, language: Language) -> String {
    let left = format!("{}/{}", at(mandate, "/remaining"), at(mandate, "/count"));
    let end = at(mandate, "/end/reason");
    format!(
        "{} {left} {}",
        at(mandate, "/purpose"),
        self::end(&end, language)
    )
}

pub(super) fn end(reason: &str, language: Language) -> String {
    let known = |reason: MandateEndReason| reason.name();
    let (french, english) = match reason {
        name if name == known(MandateEndReason::AgentStopped) => ("agent arrêté", "agent stopped"),
        name if name == known(MandateEndReason::CardChanged) => ("carte changée", "card changed"),
        name if name == known(MandateEndReason::CardFailed) => ("carte en échec", "card failed"),
        name if name == known(MandateEndReason::CardRemoved) => ("carte retirée", "card removed"),
        name if name == known(MandateEndReason::CardServiceLost) => {
            ("service des cartes perdu", "card service lost")
        }
        name if name == known(MandateEndReason::Closed) => ("fermé", "closed"),
        name if name == known(MandateEndReason::Expired) => ("temps écoulé", "time over"),
        name if name == known(MandateEndReason::PinRefused) => ("code refusé", "PIN refused"),
        name if name == known(MandateEndReason::SessionLocked) => {
            ("session verrouillée", "session locked")
        }
        name if name == known(MandateEndReason::SessionManagerLost) => {
            ("gestionnaire de session perdu", "session manager lost")
        }
        name if name == known(MandateEndReason::UsedUp) => ("utilisé en entier", "used up"),
        name if name == known(MandateEndReason::WorkstationSlept) => {
            ("poste mis en veille", "workstation slept")
        }
        other => (other, other),
    };
    either(language, french, english).to_owned()
}
