//! The web origin of the page that asks for a login (RFC 6454, WHATWG URL serialisation).
//!
//! Only the exact text that a browser sends in its `Origin` header for an https page:
//! `https://host` or `https://host:port`. Two origins are equal when their bytes are. Refused, and
//! never repaired: other schemes, upper case, the default port written out, leading zeros, a
//! trailing dot, user information, path, query, fragment, characters outside ASCII (a page's origin
//! holds punycode), host names that a browser would read as an IPv4 address.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An https origin, for example `https://cabinet.example` or `https://localhost:8443`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

/// Why a text is not an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// Longer than any origin can be.
    #[error("the origin is longer than {} characters", Origin::MAX_LENGTH)]
    TooLong,
    /// Not `https://` in lower case.
    #[error("the origin does not begin with https://")]
    Scheme,
    /// The host is not one that a browser would write.
    #[error("the host of the origin is not in the form that a browser sends")]
    Host,
    /// The port is written wrongly, or is the default one written out.
    #[error("the port of the origin is not in the form that a browser sends")]
    Port,
}

impl Origin {
    /// Longest origin: scheme, host name of 253 characters, port.
    pub const MAX_LENGTH: usize = 8 + 253 + 6;

    /// The origin, as the browser wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Host and port as they are written: an IPv6 address in its brackets; `None` is port 443.
    ///
    /// ```
    /// # use paraphe_protocol::login::Origin;
    /// let origin: Origin = "https://[::1]:8443".parse()?;
    /// assert_eq!(origin.host_and_port(), ("[::1]", Some("8443")));
    /// # Ok::<(), paraphe_protocol::login::OriginError>(())
    /// ```
    #[must_use]
    pub fn host_and_port(&self) -> (&str, Option<&str>) {
        let authority = self.0.trim_start_matches("https://");
        match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        }
    }

    /// Whether its pages are this very machine's: `localhost` and names below it, loopback and unspecified addresses.
    #[must_use]
    pub fn is_of_this_machine(&self) -> bool {
        let (host, _) = self.host_and_port();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) => address.is_loopback() || address.is_unspecified(),
            Err(_) => bare == "localhost" || bare.ends_with(".localhost"),
        }
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        if text.len() > Self::MAX_LENGTH {
            return Err(OriginError::TooLong);
        }
        let authority = text.strip_prefix("https://").ok_or(OriginError::Scheme)?;
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']').ok_or(OriginError::Host)?;
                let port = match rest.strip_prefix(':') {
                    Some(port) => Some(port),
                    None if rest.is_empty() => None,
                    None => return Err(OriginError::Host),
                };
                check_ipv6(address)?;
                ("", port)
            }
            None => match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            },
        };
        if !authority.starts_with('[') {
            check_host(host)?;
        }
        port.map_or(Ok(()), check_port)?;
        Ok(Self(text.to_owned()))
    }
}

/// Browsers write IPv6 addresses compressed and without an embedded IPv4 form.
fn check_ipv6(text: &str) -> Result<(), OriginError> {
    let address: Ipv6Addr = text.parse().map_err(|_| OriginError::Host)?;
    if address.to_string() == text && !text.contains('.') {
        Ok(())
    } else {
        Err(OriginError::Host)
    }
}

fn check_host(host: &str) -> Result<(), OriginError> {
    let mut last = "";
    if host.len() > 253 {
        return Err(OriginError::Host);
    }
    for label in host.split('.') {
        let characters = label
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        let hyphens = label.starts_with('-') || label.ends_with('-');
        if label.is_empty() || label.len() > 63 || !characters || hyphens {
            return Err(OriginError::Host);
        }
        last = label;
    }
    // A last label that is a number makes a browser read the host as IPv4, in any of its old
    // spellings; only the canonical one is ever sent.
    let hexadecimal = last
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let numeric = hexadecimal || last.bytes().all(|byte| byte.is_ascii_digit());
    if numeric && host.parse::<Ipv4Addr>().is_err() {
        return Err(OriginError::Host);
    }
    Ok(())
}

fn check_port(port: &str) -> Result<(), OriginError> {
    let digits = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    match port.parse::<u16>() {
        Ok(number) if digits && number != 443 => Ok(()),
        _ => Err(OriginError::Port),
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, OriginError> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_browsers_send_is_accepted() {
        for text in [
            "https://cabinet.example",
            "https://a.b.c.example:8443",
            "https://localhost:47443",
            "https://xn--sant-epa.example",
            "https://127.0.0.1:8443",
            "https://[::1]:8443",
            "https://[2001:db8::1]",
            "https://1.example",
            "https://a--b.example:1",
            "https://example:65535",
            "https://0xg.example",
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let long_label = format!("https://{}.example", "a".repeat(64));
        let long_host = format!("https://{}example", "a.".repeat(124));
        let too_long = format!("https://{}", "a".repeat(300));
        let refused = [
            "",
            "null",
            "*",
            "https:",
            "https:/",
            "https://",
            "https:///",
            "https://.",
            "http://cabinet.example",
            "HTTPS://cabinet.example",
            "Https://cabinet.example",
            "wss://cabinet.example",
            "file://",
            "https:cabinet.example",
            "cabinet.example",
            " https://cabinet.example",
            "https://cabinet.example ",
            "https://cabinet.example\n",
            "https://cabinet.example\0",
            "https://cabinet.example/",
            "https://cabinet.example/a",
            "https://cabinet.example?",
            "https://cabinet.example?a",
            "https://cabinet.example#",
            "https://cabinet.example#a",
            "https://cabinet.example\\",
            "https://Cabinet.example",
            "https://cabinet.EXAMPLE",
            "https://cabinet.example.",
            "https://.cabinet.example",
            "https://cabinet..example",
            "https://cabinet.example:",
            "https://cabinet.example:443",
            "https://cabinet.example:0",
            "https://cabinet.example:0443",
            "https://cabinet.example:08443",
            "https://cabinet.example:65536",
            "https://cabinet.example:+80",
            "https://cabinet.example:-80",
            "https://cabinet.example:80a",
            "https://cabinet.example:8443:8443",
            "https://cabinet.example:８４４３",
            "https://user@cabinet.example",
            "https://user:secret@cabinet.example",
            "https://@cabinet.example",
            "https://cabinet.example@evil.example",
            "https://sant\u{e9}.example",
            "https://c\u{430}binet.example",
            "https://cabinet\u{3002}example",
            "https://cabinet.example\u{200b}",
            "https://cabinet.example\u{202e}",
            "https://cab%69net.example",
            "https://cab inet.example",
            "https://cab\tinet.example",
            "https://cab_inet.example",
            "https://-cabinet.example",
            "https://cabinet-.example",
            "https://*.example",
            "https://cabinet,example",
            "https://cabinet.example,evil.example",
            "https://127.1",
            "https://0x7f.1",
            "https://127.0.0.01",
            "https://127.0.0.256",
            "https://2130706433",
            "https://0x7f000001",
            "https://127.0.0.1.",
            "https://1.2.3.4.5",
            "https://a.0x",
            "https://::1",
            "https://[::1",
            "https://[::1]8443",
            "https://[::1]:",
            "https://[::1]:443",
            "https://[0:0:0:0:0:0:0:1]",
            "https://[::0001]",
            "https://[2001:DB8::1]",
            "https://[::ffff:127.0.0.1]",
            "https://[fe80::1%25eth0]",
            "https://[]",
            "https://[v1.a]",
            "https://[::1].example",
            "https://a.[::1]",
            long_label.as_str(),
            long_host.as_str(),
            too_long.as_str(),
        ];
        assert!(refused.len() >= 60);
        for text in refused {
            assert!(text.parse::<Origin>().is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn json_goes_through_the_same_gate() {
        assert!(serde_json::from_str::<Origin>("\"https://cabinet.example\"").is_ok());
        assert!(serde_json::from_str::<Origin>("\"https://Cabinet.example\"").is_err());
    }
}
