//! `paraphe vitale read`.

use clap::Args;
use paraphe_protocol::api::{Language, Operation, VitaleReadRequest};
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::output::{self, Lines, at, either, list};
use super::session::{Invocation, Session};
use super::status;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// D'où : chip (la puce), ou le nom d'un composant branché / where from: chip, or the name of a plugged-in component
    #[arg(long, value_name = "NOM")]
    source: Option<String>,
    /// Prendre sur la puce ce que le composant ne dit pas, marqué comme tel / take from the chip what the component leaves
    /// out, marked as such
    #[arg(long)]
    complete_from_chip: bool,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: Arguments,
) -> Result<Ending, Failure> {
    let request = VitaleReadRequest {
        reader: invocation.options.reader.clone(),
        source: arguments.source,
        complete_from_chip: arguments.complete_from_chip,
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
        let from_chip = match at(person, "/field_provenance/nir").as_str() {
            "chip-unverified" => say("(puce, non vérifié)", "(chip, unverified)"),
            _ => "",
        };
        let nir = format!(
            "{} {} {from_chip}",
            at(person, "/nir/number"),
            at(person, "/nir/key")
        );
        lines.indented(2, "NIR", nir.trim());
        lines.indented(2, "INS-C", at(person, "/ins_c"));
        more(&mut lines, person, language);
    }
    lines.row(say("Carte", "Card"), status::card(&answer["card"]));
    lines.row(say("Lecteur", "Reader"), at(answer, "/reader"));
    let provenance = match at(answer, "/provenance").as_str() {
        "chip-unverified" => say(
            "fichiers ouverts de la puce, que personne ne garantit",
            "the chip's open files, which nobody vouches for",
        ),
        "official-component" => say("composant officiel", "official component"),
        "phone-app" => say("application sur téléphone", "phone app"),
        _ => "?",
    };
    lines.row(say("Provenance", "Provenance"), provenance);
    let component = format!(
        "{} {} {}",
        at(answer, "/component/name"),
        at(answer, "/component/product"),
        at(answer, "/component/version")
    );
    lines.row(say("Composant", "Component"), component.trim());
    lines
}

/// What only a component gives.
fn more(lines: &mut Lines, person: &Value, language: Language) {
    let say = |french, english| either(language, french, english);
    lines.indented(
        2,
        say("Nom de naissance", "Birth name"),
        at(person, "/birth_name"),
    );
    lines.indented(2, say("Rang", "Rank"), at(person, "/birth_rank"));
    let address: Vec<_> = list(person, "/address")
        .iter()
        .map(|line| at(line, ""))
        .collect();
    lines.indented(2, say("Adresse", "Address"), address.join(", "));
    let insurance = format!(
        "{} {} {}",
        at(person, "/insurance/regime"),
        at(person, "/insurance/fund"),
        at(person, "/insurance/managing_centre")
    );
    lines.indented(2, say("Régime", "Regime"), insurance.trim());
    for period in list(person, "/insurance/rights") {
        let days = format!(
            "{} - {}",
            birth_date(&at(period, "/from")),
            birth_date(&at(period, "/until"))
        );
        lines.indented(2, say("Droits", "Rights"), days);
    }
    lines.indented(
        2,
        say("Exonération", "Exemption"),
        at(person, "/insurance/exemption"),
    );
    lines.indented(
        2,
        say("Complémentaire", "Complementary"),
        at(person, "/complementary_cover"),
    );
    lines.indented(
        2,
        say("Médecin traitant", "Treating physician"),
        at(person, "/treating_physician"),
    );
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
