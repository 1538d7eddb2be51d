//! An address that may be asked: `http` or `https`, a host, no user name. Everything else is refused before a name is looked up.

use hyper::Uri;
use hyper::http::uri::Scheme;

use super::FetchError;

/// A checked address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) is_https: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query, as they are sent.
    pub(super) path: String,
    /// Host and port as the Host field writes them.
    pub(super) authority: String,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, FetchError> {
        let refused = || FetchError::Address {
            address: text
                .chars()
                .filter(|it| !it.is_control())
                .take(200)
                .collect(),
        };
        let uri: Uri = text.parse().map_err(|_| refused())?;
        let is_https = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            Some(scheme) if *scheme == Scheme::HTTP => false,
            _ => return Err(refused()),
        };
        let authority = uri.authority().ok_or_else(refused)?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err(refused());
        }
        let default = if is_https { 443 } else { 80 };
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            is_https,
            host: authority
                .host()
                .trim_start_matches('[')
                .trim_end_matches(']')
                .to_owned(),
            port: authority.port_u16().unwrap_or(default),
            path: if path.is_empty() { "/" } else { path }.to_owned(),
            authority: authority.as_str().to_owned(),
        })
    }

    /// The address that a Location field names, seen from here; `None` where it is not followed: another scheme, or from https to
    /// http.
    pub(super) fn redirected(&self, location: &str) -> Option<Self> {
        let next = if location.starts_with('/') && !location.starts_with("//") {
            Self {
                path: location.to_owned(),
                ..self.clone()
            }
        } else {
            Self::parse(location).ok()?
        };
        (next.is_https || !self.is_https).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_asked() {
        let address = Address::parse("http://tsa.example.fr/tsr?x=1").unwrap();
        assert_eq!(
            (address.host.as_str(), address.port),
            ("tsa.example.fr", 80)
        );
        assert_eq!(address.path, "/tsr?x=1");
        let address = Address::parse("https://[::1]:8443").unwrap();
        assert_eq!((address.host.as_str(), address.port), ("::1", 8443));
        assert_eq!(address.path, "/");
        assert!(address.is_https);
        for wrong in [
            "",
            "tsa.example.fr",
            "ftp://tsa.example.fr/",
            "file:///etc/passwd",
            "http://",
            "http://user:word@host/",
            "ldap://host/cn=x",
        ] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nobody_is_led_from_https_to_http() {
        let secure = Address::parse("https://a/x").unwrap();
        assert!(secure.redirected("http://a/x").is_none());
        assert!(secure.redirected("ftp://a/x").is_none());
        assert!(secure.redirected("//b/x").is_none());
        assert_eq!(secure.redirected("/y").unwrap().path, "/y");
        assert_eq!(secure.redirected("https://b/").unwrap().host, "b");
        let plain = Address::parse("http://a/x").unwrap();
        assert!(plain.redirected("https://b/").unwrap().is_https);
    }
}
