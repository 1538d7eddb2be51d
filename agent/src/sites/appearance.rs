//! What should make a person look twice at an address (Unicode TR 36 and TR 39 describe the tricks): letters beyond a to z behind
//! punycode (RFC 3492), a number instead of a name, a port of its own, a likeness to a site that is known here. A warning refuses
//! nothing: the origin itself is always shown as the browser sent it, whole and in ASCII.

use paraphe_protocol::api::{Language, OriginWarning, OriginWarningKind};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::config::Origin;
use crate::problem::Sentence;

/// Shortest name whose likeness inside another is told, letters: shorter ones are in everything.
const SHORTEST_INSIDE: usize = 8;
/// Shortest name for which one wrong letter is told.
const SHORTEST_SLIP: usize = 6;

/// Warnings about `origin` beside the origins that are known here, each kind once.
pub(super) fn warnings<'a>(
    origin: &Origin,
    known: impl IntoIterator<Item = &'a Origin>,
    language: Language,
) -> Vec<OriginWarning> {
    let (host, port) = origin.host_and_port();
    let mut found = Vec::new();
    let mut add = |kind, resembles: Option<&Origin>, sentence: Sentence| {
        found.push(OriginWarning {
            kind,
            resembles: resembles.map(|origin| origin.as_str().to_owned()),
            detail: sentence.in_language(language).to_owned(),
        });
    };
    if let Some(other) = known.into_iter().find(|other| resembles(origin, other)) {
        add(
            OriginWarningKind::Resembles,
            Some(other),
            Sentence::new(
                format!("Ressemble à {other}, connu sur ce poste, et n'est PAS ce site."),
                format!("Resembles {other}, known on this workstation, and is NOT that site."),
            ),
        );
    }
    if host.split('.').any(|label| label.starts_with("xn--")) {
        add(
            OriginWarningKind::Punycode,
            None,
            Sentence::new(
                "L'adresse a des lettres hors de a à z, écrites xn--… : elle peut en imiter une autre.",
                "The address has letters beyond a to z, written xn--…: it may imitate another.",
            ),
        );
    }
    if host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok() {
        add(
            OriginWarningKind::IpAddress,
            None,
            Sentence::new(
                "L'adresse est un numéro et non un nom : elle ne dit pas à qui elle est.",
                "The address is a number and not a name: it does not tell whose it is.",
            ),
        );
    }
    if let Some(port) = port {
        add(
            OriginWarningKind::UnusualPort,
            None,
            Sentence::new(
                format!("Port {port} : un autre site que celui du même nom sans ce port."),
                format!("Port {port}: another site than that of the same name without this port."),
            ),
        );
    }
    found
}

/// Whether somebody who looks quickly may take one for the other.
fn resembles(origin: &Origin, known: &Origin) -> bool {
    if origin == known {
        return false;
    }
    let (host, known_host) = (origin.host_and_port().0, known.host_and_port().0);
    if host == known_host {
        return true;
    }
    let (seen, known_seen) = (as_seen(host), as_seen(known_host));
    seen == known_seen
        || (known_seen.len() >= SHORTEST_INSIDE && seen.contains(&known_seen))
        || (known_seen.len() >= SHORTEST_SLIP && one_slip_apart(&seen, &known_seen))
}

/// What the eye takes a host name for: accents, look-alike letters and separators are gone.
fn as_seen(host: &str) -> String {
    let mut seen = String::new();
    for label in host.split('.') {
        let decoded = label
            .strip_prefix("xn--")
            .and_then(punycode)
            .unwrap_or_else(|| label.to_owned());
        let letters = decoded
            .nfkd()
            .filter(|character| !is_combining_mark(*character));
        seen.extend(letters.map(plain).filter(|character| *character != '-'));
    }
    // Two letters that are read as one.
    seen.replace("rn", "m").replace("vv", "w")
}

/// The letter that a character is taken for.
fn plain(character: char) -> char {
    match character {
        '0' | 'о' | 'ο' | 'օ' | 'ø' => 'o',
        '1' | 'i' | 'ı' | 'і' | 'ι' | 'ӏ' | 'ł' => 'l',
        '5' | 'ѕ' => 's',
        'а' | 'α' | 'ɑ' => 'a',
        'с' | 'ϲ' => 'c',
        'ԁ' | 'đ' => 'd',
        'е' | 'ҽ' => 'e',
        'ɡ' => 'g',
        'һ' | 'հ' => 'h',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'п' | 'ո' => 'n',
        'р' | 'ρ' => 'p',
        'ԛ' => 'q',
        'г' => 'r',
        'т' | 'τ' => 't',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        other => other,
    }
}

/// Whether one letter more, less, other, or two exchanged make one of the other.
fn one_slip_apart(one: &str, other: &str) -> bool {
    let (one, other): (Vec<_>, Vec<_>) = (one.chars().collect(), other.chars().collect());
    let alike = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.get(alike..), other.get(alike..));
    let (Some(one), Some(other)) = (one, other) else {
        return false;
    };
    match (one, other) {
        ([_, one @ ..], [_, other @ ..]) if one == other => true,
        ([_, one @ ..], other) if one == other => true,
        (one, [_, other @ ..]) if one == other => true,
        ([a, b, one @ ..], [c, d, other @ ..]) => a == d && b == c && one == other,
        _ => false,
    }
}

/// The label behind `xn--` (RFC 3492 section 6.2); `None` where it is none, which no browser shows.
fn punycode(label: &str) -> Option<String> {
    const BASE: u32 = 36;
    let (basic, extended) = label.rsplit_once('-').unwrap_or(("", label));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut code, mut index, mut bias) = (128_u32, 0_u32, 72_u32);
    let mut digits = extended.bytes();
    while digits.len() > 0 {
        let before = index;
        let (mut weight, mut step) = (1_u32, BASE);
        loop {
            let digit = match digits.next()? {
                byte @ b'a'..=b'z' => u32::from(byte - b'a'),
                byte @ b'0'..=b'9' => u32::from(byte - b'0') + 26,
                _ => return None,
            };
            index = index.checked_add(digit.checked_mul(weight)?)?;
            let threshold = step.saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
            step += BASE;
        }
        let length = u32::try_from(output.len()).ok()?.checked_add(1)?;
        bias = adapted(index - before, length, before == 0);
        code = code.checked_add(index / length)?;
        index %= length;
        output.insert(usize::try_from(index).ok()?, char::from_u32(code)?);
        index += 1;
    }
    Some(output.into_iter().collect())
}

/// RFC 3492 section 6.1.
fn adapted(delta: u32, length: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / length;
    let mut bias = 0;
    while delta > 455 {
        delta /= 35;
        bias += 36;
    }
    bias + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use paraphe_protocol::api::{Language, OriginWarningKind};

    use super::{as_seen, punycode, warnings};
    use crate::config::Origin;

    const KNOWN: &str = "https://dossier.example.fr";

    fn kinds(origin: &str) -> Vec<OriginWarningKind> {
        let known: Origin = KNOWN.parse().unwrap();
        let found = warnings(&origin.parse().unwrap(), [&known], Language::French);
        assert!(found.iter().all(|warning| warning.detail.ends_with('.')));
        found.iter().map(|warning| warning.kind).collect()
    }

    #[test]
    fn what_resembles_a_known_site_is_told() {
        use OriginWarningKind::{IpAddress, Punycode, Resembles, UnusualPort};
        for (origin, expected) in [
            (KNOWN, &[][..]),
            ("https://agenda.example.fr", &[]),
            ("https://rendez-vous.example", &[]),
            ("https://dossier.example.fr:8443", &[Resembles, UnusualPort]),
            ("https://dossier.example.fr.evil.example", &[Resembles]),
            ("https://xdossier.example.fr", &[Resembles]),
            ("https://dossier-example.fr", &[Resembles]),
            ("https://d0ssier.example.fr", &[Resembles]),
            ("https://dossler.example.fr", &[Resembles]),
            ("https://dosisre.example.fr", &[]),
            ("https://dosiser.example.fr", &[Resembles]),
            ("https://dossier.exarnple.fr", &[Resembles]),
            ("https://dossier.example.com", &[]),
            // Cyrillic о; é; nothing alike.
            ("https://xn--dssier-wqf.example.fr", &[Resembles, Punycode]),
            ("https://xn--sant-epa.example", &[Punycode]),
            ("https://203.0.113.7", &[IpAddress]),
            ("https://[2001:db8::1]:8443", &[IpAddress, UnusualPort]),
        ] {
            assert_eq!(kinds(origin), expected, "{origin} {}", as_seen(origin));
        }
    }

    #[test]
    fn punycode_is_read_or_refused() {
        // RFC 3492 section 7.1 and a browser's own.
        assert_eq!(punycode("sant-epa").as_deref(), Some("santé"));
        assert_eq!(
            punycode("ihqwcrb4cv8a8dqg056pqjye").as_deref(),
            Some("他们为什么不说中文")
        );
        assert_eq!(
            punycode("3b-ww4c5e180e575a65lsy2b").as_deref(),
            Some("3年b組金八先生")
        );
        for nonsense in ["99999999", "a-zzzzzzzzzz", "\u{e9}", "A-B", "-a"] {
            // Whatever it is, it ends.
            let _read = punycode(nonsense);
        }
        assert_eq!(punycode("99999999999999"), None);
    }
}
