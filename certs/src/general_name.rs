//! GeneralName (RFC 5280, 4.2.1.6): whether the names of a subjectAltName have the form that their kind asks. What a name says is of no
//! concern here: identities come from the subject.

use crate::der::Reader;

/// rfc822Name `[1]`.
pub(crate) const MAIL_ADDRESS: u8 = 0x81;
/// dNSName `[2]`.
pub(crate) const DNS_NAME: u8 = 0x82;
/// iPAddress `[7]`.
const IP_ADDRESS: u8 = 0x87;

/// Most names that are looked at.
const MAX_NAMES: usize = 256;
/// Longest host name and longest label (RFC 1034, 3.1).
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

/// Whether this is a SEQUENCE of at least one name and each has its form. Where authorities are constrained to names, a wildcard is
/// none: it stands for names within and beyond the constraint.
pub(crate) fn are_well_formed(value: &[u8], is_constrained: bool) -> bool {
    let Ok(mut names) = Reader::of_sequence(value, "subjectAltName") else {
        return false;
    };
    let mut count = 0_usize;
    while !names.is_empty() {
        let Ok(name) = names.any("subjectAltName") else {
            return false;
        };
        count = count.saturating_add(1);
        let fits = match name.identifier {
            MAIL_ADDRESS => is_mail_address(name.content),
            DNS_NAME => {
                let wildcard = name.content.strip_prefix(b"*.");
                let host = if is_constrained { None } else { wildcard };
                is_host(host.unwrap_or(name.content))
            }
            IP_ADDRESS => matches!(name.content.len(), 4 | 16),
            _ => true,
        };
        if !fits || count > MAX_NAMES {
            return false;
        }
    }
    count > 0
}

/// A Mailbox of RFC 5321, 4.1.2 with a host name, its local part as dot-separated atoms or quoted.
fn is_mail_address(address: &[u8]) -> bool {
    let Some(at) = address.iter().rposition(|byte| *byte == b'@') else {
        return false;
    };
    let Some((local, host)) = address.split_at_checked(at) else {
        return false;
    };
    let is_quoted = local.len() >= 2 && local.starts_with(b"\"") && local.ends_with(b"\"");
    let is_atom = |atom: &[u8]| {
        !atom.is_empty()
            && atom
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(byte))
    };
    let is_local = is_quoted || local.split(|byte| *byte == b'.').all(is_atom);
    is_local && host.get(1..).is_some_and(is_host)
}

/// The preferred syntax of RFC 1034, 3.5, with the digits of RFC 1123, 2.1: no underscore, no empty label, and not an address, whose
/// last label is digits only.
fn is_host(name: &[u8]) -> bool {
    let is_label = |label: &[u8]| {
        (1..=MAX_LABEL).contains(&label.len())
            && label
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
            && !label.starts_with(b"-")
            && !label.ends_with(b"-")
    };
    let mut labels = name.split(|byte| *byte == b'.');
    let is_number = |label: &[u8]| label.iter().all(u8::is_ascii_digit);
    (1..=MAX_HOST).contains(&name.len())
        && labels.all(is_label)
        && !name
            .rsplit(|byte| *byte == b'.')
            .next()
            .is_some_and(is_number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::der::{sequence, value};

    #[test]
    fn hosts_and_mail_addresses_have_one_form() {
        for host in [
            "a",
            "dossier.example.fr",
            "3com.example",
            "xn--caf-dma.example",
        ] {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        let long = format!("{}.fr", "a".repeat(64));
        for host in [
            "",
            ".",
            ".a",
            "a.",
            "a..b",
            "-a",
            "a-",
            "a_b.fr",
            "127.0.0.1",
            "a b",
            "é.fr",
            &long,
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
        for address in ["a@b.fr", "a.b+c@b.fr", "*@b.fr", "\"a b\"@b.fr"] {
            assert!(is_mail_address(address.as_bytes()), "{address}");
        }
        for address in [
            "",
            "@",
            "a",
            "@b.fr",
            "a@",
            "a@b@c_d",
            "a..b@c.fr",
            "a b@c.fr",
        ] {
            assert!(!is_mail_address(address.as_bytes()), "{address}");
        }
    }

    #[test]
    fn a_wildcard_is_no_name_under_constraints() {
        let names = |content: &[u8]| sequence(&[value(DNS_NAME, content)]);
        assert!(are_well_formed(&names(b"*.example.fr"), false));
        assert!(!are_well_formed(&names(b"*.example.fr"), true));
        assert!(!are_well_formed(&names(b"a.*.fr"), false));
        assert!(!are_well_formed(&sequence::<Vec<u8>>(&[]), false));
        assert!(!are_well_formed(b"\x30\x80", false));
        assert!(!are_well_formed(
            &sequence(&[value(IP_ADDRESS, &[1, 2, 3])]),
            false
        ));
    }
}
