//! `paraphe events`: what changed at the readers and with one's mandates and tunnels, once or for as long as one watches.

use clap::Args;
use paraphe_protocol::api::{EventsRequest, Language, Operation};
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::output::{self, at, either, instant, list};
use super::session::{Invocation, Session};

/// How long one question of `--follow` waits, milliseconds.
const FOLLOWING_WAIT_MS: u32 = 30_000;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Continue jusqu'à interruption / goes on until interrupted
    #[arg(long)]
    follow: bool,
    /// Après ce repère d'une réponse précédente / after this cursor of an earlier answer
    #[arg(long, value_name = "N")]
    cursor: Option<u64>,
    /// Attend au plus ce temps (millisecondes) / waits at most so long (milliseconds)
    #[arg(long, value_name = "MS", conflicts_with = "follow")]
    wait_ms: Option<u32>,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: &Arguments,
) -> Result<Ending, Failure> {
    let mut request = EventsRequest {
        cursor: arguments.cursor,
        wait_ms: arguments.wait_ms,
    };
    loop {
        let answer = session.perform(Operation::Events, &request).await?;
        if invocation.options.json {
            output::json(&answer);
        } else {
            output::print(&lines(&answer, invocation.language));
        }
        if !arguments.follow {
            return Ok(Ending::Done);
        }
        request.cursor = answer["cursor"].as_u64();
        request.wait_ms = Some(FOLLOWING_WAIT_MS);
    }
}

pub(super) fn lines(answer: &Value, language: Language) -> String {
    let mut text = String::new();
    if answer["missed"] == true {
        text.push_str(either(
            language,
            "Des événements ont été perdus : relisez `paraphe status`.\n",
            "Events were lost: read `paraphe status` again.\n",
        ));
    }
    for event in list(answer, "/events") {
        let at_time = instant(event["at"].as_i64().unwrap_or_default());
        let subject = match (&event["mandate"], &event["tunnel"]) {
            (Value::Null, Value::Null) if event["record_server"].is_string() => {
                at(event, "/record_server")
            }
            (Value::Null, Value::Null) if event["origin"].is_string() => at(event, "/origin"),
            (Value::Null, Value::Null) => super::status::card(&event["card"]),
            (Value::Null, tunnel) => super::tunnel::line(tunnel, language),
            (mandate, _) => super::mandate::line(mandate, language),
        };
        let line = format!(
            "{at_time}  {}  {}  {subject}",
            kind(&at(event, "/kind"), language),
            at(event, "/reader")
        );
        text.push_str(output::shown(&line).trim_end());
        text.push('\n');
    }
    text
}

fn kind(kind: &str, language: Language) -> String {
    let (french, english) = match kind {
        "break-glass" => ("BRIS DE GLACE   ", "BREAK-GLASS  "),
        "card-inserted" => ("carte insérée   ", "card inserted"),
        "card-removed" => ("carte retirée   ", "card removed "),
        "reader-arrived" => ("lecteur branché ", "reader came  "),
        "reader-left" => ("lecteur débranché", "reader left  "),
        "card-service-lost" => ("service de cartes perdu", "card service lost"),
        "card-service-back" => ("service de cartes revenu", "card service back"),
        "grant-ended" => ("droits retirés  ", "rights ended "),
        "grant-given" => ("droits accordés ", "rights given "),
        "pairing-ended" => ("demande terminée", "request ended"),
        "pairing-requested" => ("un site demande ", "a site asks  "),
        "request-ended" => ("code : répondu  ", "PIN answered "),
        "request-opened" => ("code demandé    ", "PIN asked for"),
        "mandate-opened" => ("mandat ouvert   ", "mandate opened"),
        "mandate-used" => ("mandat utilisé  ", "mandate used  "),
        "mandate-ended" => ("mandat terminé  ", "mandate ended "),
        "tunnel-opened" => ("tunnel ouvert   ", "tunnel opened"),
        "tunnel-closed" => ("tunnel fermé    ", "tunnel closed"),
        "workstation-resumed" => ("poste sorti de veille", "workstation resumed"),
        other => (other, other),
    };
    either(language, french, english).to_owned()
}
