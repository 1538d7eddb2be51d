//! `paraphe pin status`, `paraphe pin change`, `paraphe pin unblock`.

use paraphe_protocol::api::{Language, Operation, PinRequest};
use serde_json::Value;

use super::Ending;
use super::card_read;
use super::failure::Failure;
use super::output::{self, Lines, at, either};
use super::session::{Invocation, Session};
use super::status;

pub(super) async fn status(
    invocation: &Invocation,
    session: &mut Session,
) -> Result<Ending, Failure> {
    let request = request(invocation);
    let answer = session.perform(Operation::PinStatus, &request).await?;
    if invocation.options.json {
        output::json(&answer);
    } else {
        status_lines(&answer, invocation.language).print();
    }
    Ok(Ending::Done)
}

/// `pin/change` or `pin/unblock`.
pub(super) async fn set(
    invocation: &Invocation,
    session: &mut Session,
    operation: Operation,
) -> Result<Ending, Failure> {
    let request = request(invocation);
    let answer = session.perform(operation, &request).await?;
    if invocation.options.json {
        output::json(&answer);
        return Ok(Ending::Done);
    }
    let language = invocation.language;
    let mut lines = card_lines(&answer, language);
    let done = either(language, "le nouveau code vaut", "the new PIN is set");
    lines.row(either(language, "Fait", "Done"), done);
    lines.print();
    Ok(Ending::Done)
}

fn request(invocation: &Invocation) -> PinRequest {
    PinRequest {
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
    }
}

fn card_lines(answer: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    lines.row(say("Lecteur", "Reader"), at(answer, "/reader"));
    lines.row(say("Carte", "Card"), status::card(&answer["card"]));
    let pin = card_read::pin(&answer["pin"], language);
    lines.row(say("Code porteur", "PIN"), pin);
    lines
}

pub(super) fn status_lines(answer: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = card_lines(answer, language);
    let (fewest, most) = (at(answer, "/digits_min"), at(answer, "/digits_max"));
    let digits = if fewest == most {
        format!("{most} {}", say("chiffres", "digits"))
    } else {
        format!(
            "{fewest} {} {most} {}",
            say("à", "to"),
            say("chiffres", "digits")
        )
    };
    lines.indented(2, say("Forme", "Form"), digits);
    let code = &answer["unblocking_code"];
    let mut state = if code.is_object() {
        card_read::pin(code, language)
    } else {
        say("la carte n'en a pas", "the card has none").to_owned()
    };
    let uses = at(code, "/uses_left");
    if !uses.is_empty() {
        state = format!("{state}, {uses} {}", say("usages restants", "uses left"));
    }
    lines.row(say("Code de déblocage", "Unblocking code"), state);
    lines
}
