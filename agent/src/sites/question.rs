//! What the person is asked about a site that wants rights: the exact origin, whole, the number that the page shows too, what should
//! make them look twice, the rights. It fits what a pinentry window is sent in one line, whatever the origin.

use paraphe_protocol::api::{Language, OriginWarning, OriginWarningKind};

use super::pending::Pairing;
use crate::pin::Question;

/// Longest name of a known site that is repeated in a warning, bytes.
const MAXIMUM_KNOWN: usize = 64;

/// The question about this request.
pub(super) fn question(
    pairing: &Pairing,
    warnings: &[OriginWarning],
    server: Option<&str>,
) -> Question {
    let mut text = format!(
        "Ce site demande des droits / this site asks for rights:\n{}\nNuméro / number: {}, comme sur sa page / as on its page\n",
        pairing.origin, pairing.number
    );
    for warning in warnings {
        text.push_str(&in_brief(warning));
    }
    text.push_str("Pour cette fois / for this time:\n");
    for right in &pairing.rights {
        text.push_str("- ");
        text.push_str(right.title(Language::French));
        text.push('\n');
    }
    if let Some(server) = server {
        let server: String = server.chars().take(MAXIMUM_KNOWN / 2).collect();
        text.push_str(&format!("(connexion à / log in to {server})\n"));
    }
    text.push_str("Rien demandé ? Refusez. / Asked for nothing? Refuse.");
    Question {
        title: "Paraphe : un site demande / a site asks",
        text,
        yes: "Autoriser / allow",
        no: "Refuser / refuse",
    }
}

fn in_brief(warning: &OriginWarning) -> String {
    match (warning.kind, warning.resembles.as_deref()) {
        (OriginWarningKind::Resembles, Some(known)) if known.len() <= MAXIMUM_KNOWN => {
            format!("ATTENTION, ce n'est PAS / this is NOT {known}\n")
        }
        (OriginWarningKind::Resembles, _) => {
            "ATTENTION, imite un site connu / resembles a known site\n".to_owned()
        }
        (OriginWarningKind::Punycode, _) => {
            "ATTENTION, lettres trompeuses / misleading letters (xn--)\n".to_owned()
        }
        (OriginWarningKind::IpAddress, _) => {
            "ATTENTION, adresse sans nom / address without name\n".to_owned()
        }
        (OriginWarningKind::UnusualPort, _) => "Port inhabituel / unusual port\n".to_owned(),
        (_, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;
    use std::time::Instant;

    use paraphe_protocol::api::{Language, Right};

    use super::super::appearance::warnings;
    use super::super::pending::{Fresh, PendingPairings};
    use super::question;
    use crate::config::Origin;

    /// What one line of a pinentry dialogue takes once line ends are escaped as three bytes (assuan.rs).
    const ROOM: usize = 940;

    fn text(origin: &str, known: &str) -> String {
        let origin: Origin = origin.parse().unwrap();
        let known: Origin = known.parse().unwrap();
        let fresh = Fresh {
            id: "a".to_owned(),
            number: 4821,
            at: 0,
            now: Instant::now(),
        };
        let (pairing, _) = PendingPairings::default()
            .ask(&origin, &BTreeSet::from(Right::ALL), None, fresh)
            .unwrap();
        let warnings = warnings(&origin, [&known], Language::French);
        question(&pairing, &warnings, Some(&"é".repeat(100))).text
    }

    #[test]
    fn the_whole_origin_the_number_and_every_right_are_shown() {
        let label = "a".repeat(59);
        let long = format!("https://xn--{label}.{label}.{label}.{label}.example");
        for (origin, known) in [
            (
                "https://dossier.example.fr:8443",
                "https://dossier.example.fr",
            ),
            (&format!("{long}:65535"), &long),
            ("https://203.0.113.7:8443", "https://203.0.113.7"),
        ] {
            let text = text(origin, known);
            assert!(text.lines().any(|line| line == origin), "{text}");
            assert!(
                text.contains("4821") && text.contains("ATTENTION"),
                "{text}"
            );
            for right in Right::ALL {
                assert!(text.contains(right.title(Language::French)), "{text}");
            }
            let escaped = text.len() + 2 * text.matches('\n').count();
            assert!(escaped <= ROOM, "{escaped}: {text}");
        }
    }
}
