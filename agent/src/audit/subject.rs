//! Which operations are written down, and what of each: a table of the few fields that may stand in the journal. A caller chooses
//! what is in its request, so nothing of it is taken over but words of a closed form: names of configured record servers, words of
//! the API, names that the agent gave. Numbers of cards come from answers only. Free words (purposes, titles) are
//! left out; the one exception, the reason of break-glass, loses every longer number.

use paraphe_protocol::api::{AuditSubject, Operation};
use serde_json::Value;

use super::said::Said;

/// Longest word of the API, characters.
const WORD: usize = 32;
/// Longest name that the agent gives, characters.
const NAME: usize = 64;
/// Longest reason that is kept, characters.
const REASON: usize = 256;
/// So many digits in a row, spaces and points between them, may be somebody's number.
const DIGITS_OF_A_NUMBER: usize = 5;

/// Whether an operation is written down: each that uses a key, changes a code, opens or closes what outlives it, reads a
/// patient's card, or takes the journal away.
pub(super) fn is_written_down(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Approve
            | Operation::AuditExport
            | Operation::BatchCancel
            | Operation::BatchResume
            | Operation::BatchStart
            | Operation::Login
            | Operation::LotSign
            | Operation::MandateClose
            | Operation::MandateOpen
            | Operation::PinChange
            | Operation::PinUnblock
            | Operation::Sign
            | Operation::TunnelClose
            | Operation::TunnelOpen
            | Operation::Vihf
            | Operation::VitaleRead
    )
}

/// What a request says.
pub(super) fn of_request(operation: Operation, request: &[u8], servers: &[String]) -> AuditSubject {
    let said = Said::read(request);
    let is_vihf = operation == Operation::Vihf;
    AuditSubject {
        card: None,
        server: (said.server.as_str())
            .filter(|name| servers.iter().any(|known| known == name))
            .map(str::to_owned),
        format: (said.format.as_str())
            .or_else(|| said.profile.as_str())
            .and_then(word),
        purpose: said.purpose.as_str().filter(|_| is_vihf).and_then(word),
        reason: (said.reason.as_str())
            .filter(|_| is_vihf)
            .map(without_numbers),
        id: [&said.mandate, &said.batch, &said.tunnel]
            .into_iter()
            .find_map(|id| id.as_str().and_then(name)),
        ended: None,
        origin: None,
        rights: Vec::new(),
        count: said.how_many(),
        documents: Vec::new(),
    }
}

/// What the answer says besides.
pub(super) fn add_answer(about: &mut AuditSubject, answer: &str) {
    let said = Said::read(answer.as_bytes());
    let tunnel = |member: &str| said.tunnel.get(member);
    let first = |values: &[Option<&Value>]| {
        let mut texts = values
            .iter()
            .filter_map(|value| value.and_then(Value::as_str));
        texts.next().map(str::to_owned)
    };
    about.card = first(&[Some(&said.card), tunnel("card")]);
    if let Some(server) = first(&[tunnel("server")]) {
        about.server = Some(server);
    }
    let ids = [
        Some(&said.mandate),
        Some(&said.batch),
        tunnel("tunnel"),
        Some(&said.id),
    ];
    if let Some(id) = first(&ids) {
        about.id = Some(id);
    }
    if let Some(found) = said.how_many() {
        about.count = Some(found);
    }
    about.documents = said.digests();
}

/// A word of the API: letters first, no long number in it.
fn word(text: &str) -> Option<String> {
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_word = text.len() <= WORD && digits < DIGITS_OF_A_NUMBER && text.bytes().all(is_one);
    is_word.then(|| text.to_owned())
}

/// A name that the agent gave: random letters and digits, never digits alone.
fn name(text: &str) -> Option<String> {
    let is_one = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_name = text.len() <= NAME && letters >= 4 && text.bytes().all(is_one);
    is_name.then(|| text.to_owned())
}

/// The text, with every run of digits that is as long as somebody's number left out.
fn without_numbers(text: &str) -> String {
    let mut kept = String::new();
    let mut run = String::new();
    let end_run = |run: &mut String, kept: &mut String| {
        let digits = run.chars().filter(char::is_ascii_digit).count();
        if digits >= DIGITS_OF_A_NUMBER {
            kept.push('…');
        } else {
            kept.push_str(run);
        }
        run.clear();
    };
    for character in text.chars().take(REASON).filter(|it| !it.is_control()) {
        let goes_on = !run.is_empty() && matches!(character, ' ' | '.' | '-' | '\u{a0}');
        if character.is_ascii_digit() || goes_on {
            run.push(character);
        } else {
            end_run(&mut run, &mut kept);
            kept.push(character);
        }
    }
    end_run(&mut run, &mut kept);
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use paraphe_protocol::api::Operation;
    use serde_json::json;

    use super::{add_answer, is_written_down, of_request, without_numbers};

    #[test]
    fn the_own_page_has_words_for_what_is_written_down_in_both_languages() {
        let words = include_str!("../own_page/files/words.js");
        let operations = words.split("  operations: {").skip(1);
        let operations: Vec<_> = operations
            .filter_map(|rest| rest.split("}").next())
            .collect();
        assert_eq!(operations.len(), 2);
        let by_grants = [Operation::PairingAnswer, Operation::GrantRevoke];
        let written_down = Operation::ALL.iter().filter(|one| is_written_down(**one));
        for operation in written_down.chain(&by_grants) {
            let (quoted, bare) = (format!("\"{operation}\": "), format!(" {operation}: "));
            for said in &operations {
                assert!(
                    said.contains(&quoted) || said.contains(&bare),
                    "{operation}"
                );
            }
        }
    }

    #[test]
    fn a_number_in_a_reason_is_left_out() {
        for (said, kept) in [
            ("Patient inconscient, box 12", "Patient inconscient, box 12"),
            ("INS 1 55 12 75 108 123 45", "INS …"),
            ("155127510812345", "…"),
            ("né le 12.07.1978 à 10 h", "né le …à 10 h"),
            ("arrivé à 22 h 30", "arrivé à 22 h 30"),
        ] {
            assert_eq!(without_numbers(said), kept);
        }
    }

    #[test]
    fn nothing_that_a_caller_chose_is_taken_over() {
        let servers = ["dossier".to_owned()];
        let request = json!({
            "server": "155127510812345", "format": "155127510812345", "purpose": "Dupont", "reason": "Dupont",
            "mandate": "155127510812345", "card": "155127510812345", "patient": "155127510812345",
            "documents": [{ "name": "Dupont.pdf", "source": { "path": "/home/dupont/Dupont.pdf" } }],
        });
        let about = of_request(Operation::Sign, request.to_string().as_bytes(), &servers);
        let written = serde_json::to_string(&about).unwrap_or_default();
        assert_eq!(written, r#"{"count":1}"#);
        let known = json!({ "server": "dossier", "purpose": "soins_normaux" });
        let mut about = of_request(Operation::Vihf, known.to_string().as_bytes(), &servers);
        add_answer(
            &mut about,
            &json!({ "card": "99000001", "signer": { "family_name": "Dupont" } }).to_string(),
        );
        let written = serde_json::to_string(&about).unwrap_or_default();
        assert_eq!(
            written,
            r#"{"card":"99000001","server":"dossier","purpose":"soins_normaux"}"#
        );
    }
}
