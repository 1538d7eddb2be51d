//! A site as browsers' policies name it. Chromium takes patterns (scheme, host, port; a port that is left out means any), so the
//! port is always written. Firefox takes hosts alone, and matches them with the page's host *or* the target's: the loopback must
//! never be among them, or every site could reach the agent. A page on the loopback itself needs no permission.

use paraphe_protocol::login::Origin;

/// A site that may be permitted to reach the loopback.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PermittedSite {
    host: String,
    port: String,
}

impl PermittedSite {
    /// `None`: a page of this machine, which needs no permission and must be given none.
    pub(super) fn of(origin: &Origin) -> Option<Self> {
        let (host, port) = origin.host_and_port();
        (!origin.is_of_this_machine()).then(|| Self {
            host: host.to_owned(),
            port: port.unwrap_or("443").to_owned(),
        })
    }

    /// As Chromium's policies name it.
    pub(super) fn pattern(&self) -> String {
        format!("https://{}:{}", self.host, self.port)
    }

    /// As Firefox's policy names it.
    pub(super) fn host(&self) -> &str {
        &self.host
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::PermittedSite;

    #[test]
    fn a_site_is_named_with_its_port_and_the_loopback_never() {
        for (origin, expected) in [
            (
                "https://dossier.example.fr",
                Some("https://dossier.example.fr:443"),
            ),
            (
                "https://dossier.example.fr:8443",
                Some("https://dossier.example.fr:8443"),
            ),
            ("https://192.0.2.1", Some("https://192.0.2.1:443")),
            ("https://[2001:db8::1]", Some("https://[2001:db8::1]:443")),
            (
                "https://[2001:db8::1]:8443",
                Some("https://[2001:db8::1]:8443"),
            ),
            ("https://127.0.0.1:8443", None),
            ("https://127.1.2.3", None),
            ("https://[::1]:8443", None),
            ("https://localhost:8443", None),
            ("https://dossier.localhost", None),
            (
                "https://localhost.example.fr",
                Some("https://localhost.example.fr:443"),
            ),
        ] {
            let site = PermittedSite::of(&origin.parse().unwrap());
            assert_eq!(site.map(|site| site.pattern()).as_deref(), expected);
        }
    }
}
