//! `paraphe vitale read`.

use paraphe_protocol::api::{Language, Operation, VitaleReadRequest};
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::output::{self, Lines, at, either, list};
use super::session::{Invocation, Session};
use super::status;

pub(super) async fn run(invocation: &Invocation, session: &mut Session) -> Result<Ending, Failure> {
    let request = VitaleReadRequest {
        reader: invocation.options.reader.clone(),
    };
    let answer = session.perform(Operation::VitaleRead, &request).await?;
    if invocation.options.json {
        output::json(&answer);
    } else {
        lines(&answer, invocation.language).print();
    }
    Ok(Ending::Done)
}

pub(super) fn lines(answer: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    for person in list(answer, "/beneficiaries") {
        let label = match at(person, "/position").as_str() {
            "1" => say("Assuré", "Rights holder").to_owned(),
            position => format!("{} {position}", say("Bénéficiaire", "Beneficiary")),
        };
        let name = format!(
            "{} {}",
            at(person, "/given_name"),
            at(person, "/family_name")
        );
        lines.row(&label, name.trim());
        lines.indented(
            2,
            say("Naissance", "Birth"),
            birth_date(&at(person, "/birth_date")),
        );
        let nir = format!("{} {}", at(person, "/nir/number"), at(person, "/nir/key"));
        lines.indented(2, "NIR", nir.trim());
        lines.indented(2, "INS-C", at(person, "/ins_c"));
    }
    lines.row(say("Carte", "Card"), status::card(&answer["card"]));
    lines.row(say("Lecteur", "Reader"), at(answer, "/reader"));
    if at(answer, "/provenance") == "chip-unverified" {
        lines.row(
            say("Provenance", "Provenance"),
            say(
                "fichiers ouverts de la puce, que personne ne garantit",
                "the chip's open files, which nobody vouches for",
            ),
        );
    }
    lines
}

/// AAAAMMJJ with hyphens; never through a calendar: lunar dates have months above 12 and days 00.
fn birth_date(text: &str) -> String {
    match (text.get(..4), text.get(4..6), text.get(6..8)) {
        (Some(year), Some(month), Some(day)) if text.len() == 8 => {
            format!("{year}-{month}-{day}")
        }
        _ => text.to_owned(),
    }
}
