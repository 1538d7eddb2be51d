//! `paraphe card read`.

use clap::Args;
use paraphe_protocol::api::{CardReadRequest, Language, Operation};
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::output::{self, Lines, at, either, list, time};
use super::session::{Invocation, Session};
use super::status;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Aussi les situations d'exercice, qui demandent le code / also the practice situations, which need the PIN
    #[arg(long)]
    practice_situations: bool,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: &Arguments,
) -> Result<Ending, Failure> {
    let request = CardReadRequest {
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
        practice_situations: arguments.practice_situations,
    };
    let answer = session.perform(Operation::CardRead, &request).await?;
    if invocation.options.json {
        output::json(&answer);
    } else {
        lines(&answer, invocation.language).print();
    }
    Ok(Ending::Done)
}

pub(super) fn lines(answer: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let holder = &answer["holder"];
    let mut lines = Lines::default();
    lines.row(say("Titulaire", "Holder"), output::holder(holder));
    let structure = &answer["structure"];
    let named = format!(
        "{} {}",
        at(structure, "/name"),
        at(structure, "/structure_id")
    );
    lines.row(say("Structure", "Structure"), named.trim());
    lines.row(say("Profession", "Profession"), at(holder, "/title"));
    lines.row(say("Structure", "Structure"), at(holder, "/organization"));
    let kind = at(holder, "/card_kind").to_uppercase();
    let card = format!("{} {}", kind, status::card(&answer["card"]));
    lines.row(say("Carte", "Card"), card.trim());
    lines.row(say("Lecteur", "Reader"), at(answer, "/reader"));
    let proves = match at(answer, "/assurance").as_str() {
        "card-only" => say(
            "la carte, pas son porteur (sans contact)",
            "the card, not the holder (contactless)",
        ),
        "software" => say(
            "que quelqu'un a le fichier et ce qui l'ouvre",
            "that somebody has the file and what opens it",
        ),
        _ => "",
    };
    lines.row(say("Prouve", "Proves"), proves);
    if answer["pin"].is_object() {
        lines.row(say("Code porteur", "PIN"), pin(&answer["pin"], language));
    }
    for certificate in list(answer, "/certificates") {
        let purpose = match at(certificate, "/purpose").as_str() {
            "authentication" => say(
                "Certificat d'authentification",
                "Authentication certificate",
            ),
            "signature" => say("Certificat de signature", "Signature certificate"),
            "technical" => say("Certificat technique", "Technical certificate"),
            _ => say("Certificat", "Certificate"),
        };
        let until = format!(
            "{} {}",
            say("valable jusqu'au", "valid until"),
            time(certificate, "/not_after")
        );
        lines.row(purpose, until);
        lines.indented(
            2,
            say("Numéro", "Serial"),
            at(certificate, "/serial_number"),
        );
        lines.indented(2, say("Émetteur", "Issuer"), at(certificate, "/issuer"));
    }
    for situation in list(answer, "/practice_situations") {
        let number = at(situation, "/number");
        let label = format!(
            "{} {number}",
            say("Situation d'exercice", "Practice situation")
        );
        let structure = format!(
            "{} {} {}",
            at(situation, "/structure_name"),
            at(situation, "/structure_id"),
            at(situation, "/sector")
        );
        lines.row(&label, structure.trim());
    }
    lines
}

pub(super) fn pin(pin: &Value, language: Language) -> String {
    if pin["blocked"] == true {
        return either(language, "bloqué", "blocked").to_owned();
    }
    if pin.get("tries_left").is_none() {
        // Said by no number: the token tells only that it is more than one.
        return match pin["missed"] == true {
            true => either(
                language,
                "déjà manqué, plusieurs essais restants",
                "missed before, several tries left",
            ),
            false => either(language, "plusieurs essais restants", "several tries left"),
        }
        .to_owned();
    }
    if pin.get("tries_max").is_none() {
        let left = at(pin, "/tries_left");
        return match language {
            Language::French => format!("{left} essai restant"),
            Language::English => format!("{left} try left"),
        };
    }
    let (left, most) = (at(pin, "/tries_left"), at(pin, "/tries_max"));
    match language {
        Language::French => format!("{left} essais restants sur {most}"),
        Language::English => format!("{left} of {most} tries left"),
    }
}
