//! `paraphe status`.

use paraphe_protocol::api::{Language, Operation, StatusRequest};
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::output::{self, Lines, at, either, list};
use super::session::{Invocation, Session};

pub(super) async fn run(invocation: &Invocation, session: &mut Session) -> Result<Ending, Failure> {
    let answer = session
        .perform(Operation::Status, &StatusRequest::default())
        .await?;
    if invocation.options.json {
        output::json(&answer);
        return Ok(Ending::Done);
    }
    let language = invocation.language;
    let mut lines = lines(&answer, language);
    let running = match session {
        Session::Running(..) => either(language, "en service", "running"),
        Session::Here(..) => either(
            language,
            "pas en service (travail fait ici même)",
            "not running (work done in this process)",
        ),
    };
    lines.row(either(language, "Agent", "Agent"), running);
    lines.print();
    Ok(Ending::Done)
}

pub(super) fn lines(answer: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    let readers = list(answer, "/readers");
    if readers.is_empty() {
        lines.row(say("Lecteurs", "Readers"), say("aucun", "none"));
    }
    for reader in readers {
        lines.row(say("Lecteur", "Reader"), at(reader, "/name"));
        let state = match at(reader, "/state").as_str() {
            "empty" => say("pas de carte", "no card"),
            "present" => say("carte présente", "card present"),
            "mute" => say("carte muette (à l'envers ?)", "mute card (upside down?)"),
            "in-use" => say(
                "carte prise par un autre logiciel",
                "card held by another program",
            ),
            _ => "?",
        };
        let slot = reader["slot"].as_u64().unwrap_or_default();
        let device = at(reader, "/device");
        let device = format!("{device}, {} {slot}", say("fente", "slot"));
        lines.indented(2, say("Boîtier", "Device"), device);
        lines.indented(2, say("État", "State"), state);
        lines.indented(2, say("Carte", "Card"), card(&reader["card"]));
    }
    for component in list(answer, "/vitale_components") {
        let state = match at(component, "/state").as_str() {
            "plugged-in" => say("branché", "plugged in"),
            "unusable" => say("branché, inutilisable", "plugged in, unusable"),
            "present" => say("présent, pas branché", "present, not plugged in"),
            _ => "?",
        };
        let name = format!(
            "{} ({}) : {state}",
            at(component, "/title"),
            at(component, "/name")
        );
        lines.row("Vitale", name);
        lines.indented(2, say("Emplacement", "Place"), at(component, "/place"));
    }
    for token in list(answer, "/tokens") {
        lines.row(say("Support", "Token"), at(token, "/name"));
        let label = at(token, "/card/label");
        let kind = format!("{} {label}", card(&token["card"]));
        lines.indented(2, say("Contenu", "Holds"), kind.trim());
    }
    for module in list(answer, "/modules") {
        lines.row(say("Module PKCS#11", "PKCS#11 module"), at(module, "/name"));
        let description = at(module, "/description");
        lines.indented(2, say("Se dit", "Says it is"), description);
        if module["works"] == false {
            let state = say("ne fonctionne pas", "does not work");
            lines.indented(2, say("État", "State"), state);
        }
    }
    for name in list(answer, "/modules_not_configured") {
        let label = say("Module PKCS#11 présent", "PKCS#11 module found");
        let state = say(
            "non configuré, donc jamais chargé",
            "not configured, hence never loaded",
        );
        lines.row(label, format!("{} ({state})", at(name, "")));
    }
    for warning in list(answer, "/warnings") {
        lines.row(say("À noter", "Note"), at(warning, "/detail"));
        lines.indented(2, say("À faire", "What to do"), at(warning, "/remedy/text"));
    }
    lines.row(
        "Paraphe",
        format!(
            "{} (API {}, {})",
            at(answer, "/versions/agent"),
            at(answer, "/versions/api"),
            at(answer, "/versions/cards")
        ),
    );
    lines
}

/// Kind and serial of a card.
pub(super) fn card(card: &Value) -> String {
    format!("{} {}", at(card, "/kind"), at(card, "/serial"))
        .trim()
        .to_owned()
}
