//! The command line: its definition, its texts, and that no way exists to hand it a PIN as text.
#![allow(clippy::unwrap_used, reason = "tests")]

use clap::{Command, CommandFactory, Parser};
use paraphe_protocol::api::{ErrorCode, Language, Operation, Problem, SiteAccess};
use serde_json::json;

use super::output::{Lines, problem_text};
use super::{CommandLine, failure, options};

fn all_commands(command: &Command, found: &mut Vec<Command>) {
    for sub in command.get_subcommands() {
        all_commands(sub, found);
    }
    found.push(command.clone());
}

fn commands() -> Vec<Command> {
    let mut command = CommandLine::command();
    command.build();
    let mut found = Vec::new();
    all_commands(&command, &mut found);
    found
}

#[test]
fn the_definition_is_sound() {
    CommandLine::command().debug_assert();
}

#[test]
fn a_nonce_may_begin_with_a_hyphen() {
    for nonce in ["-8abc", "--json", "_8abc"] {
        let words = ["paraphe", "login", "--server", "a", "--nonce", nonce];
        let line = CommandLine::try_parse_from(words).unwrap();
        assert!(!line.options.json, "{nonce}");
    }
}

/// Variables cannot: clap is built without its feature `env`.
#[test]
fn no_option_or_argument_takes_a_pin() {
    let mut seen = 0;
    for command in commands() {
        for argument in command.get_arguments() {
            seen += 1;
            let name = argument.get_id().as_str().to_lowercase();
            let speaks_of_pin = ["pin", "code_porteur", "password", "secret"]
                .iter()
                .any(|word| name.contains(word));
            if speaks_of_pin {
                assert!(matches!(name.as_str(), "pin_fd" | "pin_file"), "{name}");
            }
        }
    }
    assert!(seen > 20, "{seen}");
    for line in [
        "paraphe card read --pin 1234",
        "paraphe --pin=1234 status",
        "paraphe card read 1234",
        "paraphe card read --pin-fd 1234x",
    ] {
        assert!(
            CommandLine::try_parse_from(line.split(' ')).is_err(),
            "{line}"
        );
    }
}

#[test]
fn every_public_operation_is_a_command_of_the_same_words() {
    for operation in Operation::ALL {
        // Pieces of documents are how a page hands files over; a person names the files.
        if operation.name().starts_with("document/") {
            continue;
        }
        // What every site may ask is for sites alone.
        if operation.site_access() == SiteAccess::Anybody || operation == Operation::PageEnter {
            continue;
        }
        let mut command = CommandLine::command();
        for word in operation.name().split('/') {
            command = command
                .find_subcommand(word)
                .unwrap_or_else(|| panic!("paraphe {operation}"))
                .clone();
        }
    }
}

#[test]
fn every_help_text_speaks_both_languages() {
    for command in commands() {
        if command.get_name() == "help" || command.get_name() == "paraphe" {
            continue;
        }
        let about = command.get_about().unwrap_or_default().to_string();
        let help = about.starts_with("Print this message");
        assert!(
            help || about.contains(" / "),
            "{}: {about}",
            command.get_name()
        );
        for argument in command.get_arguments() {
            if matches!(
                argument.get_id().as_str(),
                "help" | "version" | "subcommand"
            ) {
                continue;
            }
            let help = argument.get_help().unwrap_or_default().to_string();
            assert!(help.contains(" / "), "{argument}: {help}");
        }
    }
}

#[test]
fn an_error_says_what_happened_what_to_do_and_who_can_in_both_languages() {
    let mut problem = Problem::new(ErrorCode::PinWrong, Language::French);
    problem.tries_left = Some(2);
    problem.card_status = Some("63C2".to_owned());
    problem.detail = Some("Carte 99000001\u{1b}[2J\u{202e}.".to_owned());
    assert_eq!(
        problem_text(&problem, Language::French),
        "\
Erreur               Code porteur incorrect.
Détail               Carte 99000001\u{fffd}[2J\u{fffd}.
Essais restants      2
Réponse de la carte  63C2
À faire              Vérifiez votre code ; le nombre d'essais restants est indiqué.
Par qui              vous
Code                 pin-wrong (carte)
"
    );
    let mut problem = Problem::new(ErrorCode::PinWrong, Language::English);
    problem.tries_left = Some(2);
    assert_eq!(
        problem_text(&problem, Language::English),
        "\
Error       Wrong PIN.
Tries left  2
What to do  Check your PIN; the number of tries left is given.
By whom     you
Code        pin-wrong (card)
"
    );
}

#[test]
fn no_from_the_person_is_status_3_and_every_other_problem_1() {
    for code in ErrorCode::ALL {
        let expected = if code == ErrorCode::OperationCancelled {
            3
        } else {
            1
        };
        let problem = Problem::new(code, Language::French);
        assert_eq!(failure::exit_status(&problem), expected, "{}", code.name());
    }
}

#[test]
fn the_locale_decides_and_french_is_the_default() {
    let language = |set: &[(&str, &str)]| {
        options::language_of_locale(|name| {
            let found = set.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    for (set, expected) in [
        (&[][..], Language::French),
        (&[("LANG", "C.UTF-8")], Language::French),
        (&[("LANG", "fr_FR.UTF-8")], Language::French),
        (&[("LANG", "de_DE.UTF-8")], Language::French),
        (&[("LANG", "en_GB.UTF-8")], Language::English),
        (&[("LANG", "en_GB"), ("LC_ALL", "fr_FR")], Language::French),
        (
            &[("LANG", "fr_FR"), ("LC_MESSAGES", "en_US")],
            Language::English,
        ),
        (&[("LANG", "en_US"), ("LC_ALL", "")], Language::English),
    ] {
        assert_eq!(language(set), expected, "{set:?}");
    }
}

#[test]
fn lines_stand_under_each_other_whatever_the_letters() {
    let mut lines = Lines::default();
    lines.row("Émetteur", "A");
    lines.row("Né", "1978-07-00");
    lines.row("Vide", "");
    lines.heading("Titre plus long que tout le reste");
    lines.indented(2, "Clé", "B\nC");
    assert_eq!(
        lines.text(),
        "\
Émetteur  A
Né        1978-07-00
Titre plus long que tout le reste
  Clé     B\u{fffd}C
"
    );
}

#[test]
fn answers_are_told_in_the_chosen_language() {
    let vitale = json!({
        "reader": "R 00 00",
        "card": {"kind": "vitale2", "atr": "3B"},
        "provenance": "chip-unverified",
        "beneficiaries": [{
            "position": 1, "family_name": "FAMILLEESSAI", "given_name": "HONORÉ",
            "birth_date": "19780700", "nir": {"number": "1780799999008", "key": "61"}
        }]
    });
    assert_eq!(
        super::vitale_read::lines(&vitale, Language::English).text(),
        "\
Rights holder  HONORÉ FAMILLEESSAI
  Birth        1978-07-00
  NIR          1780799999008 61
Card           vitale2
Reader         R 00 00
Provenance     the chip's open files, which nobody vouches for
"
    );
    let report = json!({
        "conclusion": "total-failed",
        "reasons": ["document-changed"],
        "explanation": ["Un document a changé."],
        "covered": [{"unique_id": "1.2.3", "sha256": "00", "matched": false}]
    });
    assert_eq!(
        super::verify::lines(&report, Language::French).text(),
        "\
Signature    NON VALABLE
Explication  Un document a changé.
Codes        document-changed
Document     1.2.3
  État       ABSENT OU MODIFIÉ
"
    );
    let events = json!({
        "cursor": 2, "missed": true,
        "events": [{"sequence": 1, "at": 0, "kind": "card-removed", "reader": "R 00 00"}]
    });
    assert_eq!(
        super::events::lines(&events, Language::French),
        "\
Des événements ont été perdus : relisez `paraphe status`.
1970-01-01 00:00 UTC  carte retirée     R 00 00
"
    );
}
