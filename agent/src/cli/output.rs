//! What a person is shown: aligned lines in the chosen language. Cards, certificates and servers choose part of the text, so
//! characters that move a cursor or turn a line round are not passed on.

use std::io::Write;

use paraphe_protocol::api::{Language, Layer, Problem, WhoActs};
use serde_json::Value;

/// One of two languages.
pub(super) fn either<'a>(language: Language, french: &'a str, english: &'a str) -> &'a str {
    match language {
        Language::French => french,
        Language::English => english,
    }
}

/// Lines of a label and a value, the values under each other.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rows: Vec<(usize, String, String)>,
}

impl Lines {
    /// A label with its value; nothing where there is no value.
    pub(super) fn row(&mut self, label: &str, value: impl AsRef<str>) {
        self.indented(0, label, value);
    }

    /// The same, some columns to the right.
    pub(super) fn indented(&mut self, indent: usize, label: &str, value: impl AsRef<str>) {
        let value = shown(value.as_ref());
        if !value.is_empty() {
            self.rows.push((indent, shown(label), value));
        }
    }

    /// A label alone.
    pub(super) fn heading(&mut self, label: &str) {
        self.rows.push((0, shown(label), String::new()));
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.rows.push((0, String::new(), String::new()));
    }

    pub(super) fn text(&self) -> String {
        let width = self
            .rows
            .iter()
            .filter(|(_, _, value)| !value.is_empty())
            .map(|(indent, label, _)| indent + label.chars().count())
            .max()
            .unwrap_or(0);
        let mut text = String::new();
        for (indent, label, value) in &self.rows {
            let mut line = format!("{:indent$}{label}", "");
            if !value.is_empty() {
                let padding = width.saturating_sub(line.chars().count());
                line.push_str(&format!("{:padding$}  {value}", ""));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// To standard output.
    pub(super) fn print(&self) {
        print(&self.text());
    }
}

/// The API's answer, exactly.
pub(super) fn json(answer: &Value) {
    print(&format!("{answer}\n"));
}

/// A text to standard output. A reader that went away (`| head`) is no error of ours.
pub(super) fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _gone = output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush());
}

/// A problem: the document itself for programs, lines for people.
pub(super) fn problem(problem: &Problem, language: Language, as_json: bool) {
    if as_json {
        let document = serde_json::to_string(problem).unwrap_or_default();
        print(&format!("{document}\n"));
    } else {
        let _gone = std::io::stderr().write_all(problem_text(problem, language).as_bytes());
    }
}

pub(super) fn problem_text(problem: &Problem, language: Language) -> String {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    lines.row(say("Erreur", "Error"), &problem.title);
    lines.row(
        say("Détail", "Detail"),
        problem.detail.as_deref().unwrap_or_default(),
    );
    if let Some(tries) = problem.tries_left {
        lines.row(say("Essais restants", "Tries left"), tries.to_string());
    }
    lines.row(
        say("Réponse de la carte", "Card's answer"),
        problem.card_status.as_deref().unwrap_or_default(),
    );
    lines.row(say("À faire", "What to do"), &problem.remedy.text);
    lines.row(say("Par qui", "By whom"), who(problem.remedy.who, language));
    let layer = layer(problem.layer, language);
    lines.row("Code", format!("{} ({layer})", problem.code.name()));
    lines.text()
}

pub(super) fn who(who: WhoActs, language: Language) -> &'static str {
    let (french, english) = match who {
        WhoActs::User => ("vous", "you"),
        WhoActs::Administrator => (
            "l'administrateur du poste",
            "the workstation's administrator",
        ),
        WhoActs::Developer => (
            "l'éditeur du logiciel appelant",
            "the calling software's developer",
        ),
        WhoActs::Issuer => ("l'émetteur de la carte", "the card's issuer"),
        _ => ("le support", "support"),
    };
    either(language, french, english)
}

fn layer(layer: Layer, language: Language) -> &'static str {
    let (french, english) = match layer {
        Layer::Agent => ("agent", "agent"),
        Layer::Browser => ("navigateur", "browser"),
        Layer::Card => ("carte", "card"),
        Layer::Certificate => ("certificat", "certificate"),
        Layer::Policy => ("règle du poste", "policy"),
        Layer::Reader => ("lecteur", "reader"),
        Layer::Server => ("serveur", "server"),
        _ => ("autre", "other"),
    };
    either(language, french, english)
}

/// The text at a JSON pointer, numbers in digits; empty where there is none.
pub(super) fn at(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// The items of the list at a JSON pointer.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A time as `2026-11-22 10:51 UTC`.
pub(super) fn time(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_i64)
        .map(instant)
        .unwrap_or_default()
}

/// Seconds since 1970-01-01 UTC as `2026-11-22 10:51 UTC`.
pub(super) fn instant(seconds: i64) -> String {
    let Ok(time) = time::OffsetDateTime::from_unix_timestamp(seconds) else {
        return seconds.to_string();
    };
    let format = time::macros::format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    time.format(&format).unwrap_or_default()
}

/// A person: given and family name, else what the card is labelled with, and the national identifier.
pub(super) fn holder(holder: &Value) -> String {
    let name = match (at(holder, "/given_name"), at(holder, "/family_name")) {
        (_, family) if family.is_empty() => at(holder, "/pseudonym"),
        (given, family) => format!("{given} {family}").trim().to_owned(),
    };
    let id = at(holder, "/national_id");
    if id.is_empty() {
        name
    } else {
        format!("{name} ({id})")
    }
}

/// Who signed: a person, or a structure by its seal.
pub(super) fn signer(answer: &Value) -> String {
    let (name, id) = (
        at(answer, "/structure/name"),
        at(answer, "/structure/structure_id"),
    );
    if name.is_empty() {
        holder(&answer["signer"])
    } else {
        format!("{name} ({id})")
    }
}

/// What a terminal may be sent: no control characters, none that change the direction of writing.
pub(super) fn shown(text: &str) -> String {
    text.chars()
        .map(|character| {
            let turns = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
            if character.is_control() || turns {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect()
}
