//! `paraphe tunnel`: a local port that leads to a record server over mutual TLS with the card's key, opened, looked at and closed. A tunnel
//! lives in the running agent: one that is opened by a command that does its own work would end with that command, and is refused for that
//! reason. Its address is a secret and printed once, when it is opened.

use clap::{Args, Subcommand};
use paraphe_protocol::api::{
    Language, Operation, TunnelCloseRequest, TunnelEndReason, TunnelOpenRequest,
    TunnelStatusRequest,
};
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::mandate::no_agent;
use super::output::{self, Lines, at, either, list, time};
use super::session::{Invocation, Session};

#[derive(Debug, Subcommand)]
pub(super) enum TunnelCommand {
    /// Demande un tunnel à la personne / asks the person for a tunnel
    Open(OpenArguments),
    /// L'état des tunnels / how the tunnels stand
    Status {
        /// Un seul / one only
        tunnel: Option<String>,
    },
    /// Ferme un tunnel / closes a tunnel
    Close {
        /// Lequel / which
        tunnel: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct OpenArguments {
    /// Nom du serveur de dossiers dans la configuration / name of the record server in the configuration
    #[arg(long, value_name = "NOM/NAME")]
    server: Option<String>,
    /// Signatures de connexion par la carte, au plus / connection signatures by the card, at most
    #[arg(long, value_name = "N")]
    maximum_handshakes: Option<u32>,
    /// Durée en minutes / how long, minutes
    #[arg(long, value_name = "MIN")]
    minutes: Option<u32>,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    command: TunnelCommand,
) -> Result<Ending, Failure> {
    let language = invocation.language;
    let answer = match command {
        TunnelCommand::Open(arguments) => {
            if matches!(session, Session::Here(..)) {
                return Err(no_agent(language));
            }
            let request = request(invocation, arguments);
            session.perform(Operation::TunnelOpen, &request).await?
        }
        TunnelCommand::Status { tunnel } => {
            let request = TunnelStatusRequest { tunnel };
            session.perform(Operation::TunnelStatus, &request).await?
        }
        TunnelCommand::Close { tunnel } => {
            let request = TunnelCloseRequest { tunnel };
            session.perform(Operation::TunnelClose, &request).await?
        }
    };
    if invocation.options.json {
        output::json(&answer);
        return Ok(Ending::Done);
    }
    if answer.get("tunnels").is_some() {
        let mut text = String::new();
        for tunnel in list(&answer, "/tunnels") {
            text.push_str(&lines(tunnel, language).text());
            text.push('\n');
        }
        output::print(&text);
    } else if answer.get("address").is_some() {
        let mut lines = lines(&answer["tunnel"], language);
        lines.row(
            either(language, "Adresse", "Address"),
            at(&answer, "/address"),
        );
        lines.print();
    } else {
        lines(&answer, language).print();
    }
    Ok(Ending::Done)
}

fn request(invocation: &Invocation, arguments: OpenArguments) -> TunnelOpenRequest {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let not_after = arguments.minutes.map(|minutes| {
        i64::try_from(now.saturating_add(u64::from(minutes) * 60)).unwrap_or(i64::MAX)
    });
    TunnelOpenRequest {
        server: arguments.server,
        maximum_handshakes: arguments.maximum_handshakes,
        not_after,
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
    }
}

fn lines(tunnel: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    lines.row("Tunnel", at(tunnel, "/tunnel"));
    lines.row(say("Serveur", "Server"), at(tunnel, "/server"));
    lines.row(say("Carte", "Card"), at(tunnel, "/card"));
    lines.row("TLS", at(tunnel, "/tls"));
    lines.row("Port", at(tunnel, "/port"));
    lines.row(
        say("Signatures de la carte", "Signatures by the card"),
        format!(
            "{} / {}",
            at(tunnel, "/handshakes"),
            at(tunnel, "/maximum_handshakes")
        ),
    );
    lines.row(say("Connexions", "Connections"), at(tunnel, "/connections"));
    lines.row(
        say("Octets envoyés", "Bytes sent"),
        at(tunnel, "/sent_bytes"),
    );
    lines.row(
        say("Octets reçus", "Bytes received"),
        at(tunnel, "/received_bytes"),
    );
    lines.row(
        say("Fin au plus tard", "Ends at the latest"),
        time(tunnel, "/not_after"),
    );
    if tunnel["ends_on_lock"] == false {
        lines.row(
            say("Verrouillage", "Session lock"),
            say(
                "pas surveillé sur ce poste",
                "not watched on this workstation",
            ),
        );
    }
    if let Some(code) = tunnel.pointer("/last_failure").and_then(Value::as_str) {
        lines.row(say("Dernier échec", "Last failure"), code);
    }
    if let Some(reason) = tunnel.pointer("/end/reason").and_then(Value::as_str) {
        lines.row(say("Terminé", "Ended"), end(reason, language));
    }
    lines
}

/// A tunnel in an event.
pub(super) fn line(tunnel: &Value, language: Language) -> String {
    let end = at(tunnel, "/end/reason");
    format!("{} {}", at(tunnel, "/server"), self::end(&end, language))
}

fn end(reason: &str, language: Language) -> String {
    let is = |known: TunnelEndReason| known.name() == reason;
    let (french, english) = if is(TunnelEndReason::HandshakesUsedUp) {
        (
            "signatures de connexion épuisées",
            "connection signatures used up",
        )
    } else if is(TunnelEndReason::Idle) {
        ("inactif trop longtemps", "idle for too long")
    } else if is(TunnelEndReason::NotReached) {
        ("serveur non joint", "server not reached")
    } else {
        return super::mandate::end(reason, language);
    };
    either(language, french, english).to_owned()
}
