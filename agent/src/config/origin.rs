//! A web origin (RFC 6454, WHATWG URL "origin serialization") as a browser writes it in the `Origin` header, so that
//! comparing is comparing bytes. Refuses everything that is not that one spelling: `http:`, upper case, a path or
//! trailing slash, a user, `:443`, wildcards, `null`, and in a release build this very machine (`localhost`, 127/8,
//! ::1), whose pages are anybody's.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longest origin, bytes: `https://`, a DNS name of 253, a port.
const MAXIMUM_LENGTH: usize = 8 + 253 + 6;

/// An `https://host[:port]`, exactly as a browser serialises it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(String);

/// Why a text is not an origin that may be configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OriginError {
    /// Longer than any origin.
    #[error("longer than {MAXIMUM_LENGTH} bytes")]
    TooLong,
    /// Not `https://`.
    #[error("must begin with https:// (lower case)")]
    NotHttps,
    /// Something follows the host and port.
    #[error("must end after host and port: no path, no trailing slash, no user, no query")]
    NotOnlyHost,
    /// The host is not written as a browser writes it.
    #[error(
        "the host must be a lower-case DNS name (xn-- form for accents) or an address, no wildcard"
    )]
    Host,
    /// The port is not written as a browser writes it.
    #[error("the port must be 1 to 65535 without leading zero, and left out when it is 443")]
    Port,
    /// This very machine.
    #[error("a site on this very machine (localhost, 127.0.0.0/8, ::1) is not allowed")]
    Loopback,
}

impl Origin {
    /// Parse the one spelling.
    ///
    /// # Errors
    /// [`OriginError`] says which rule is broken.
    pub fn parse(text: &str) -> Result<Self, OriginError> {
        Self::parse_with(text, cfg!(debug_assertions))
    }

    /// The serialised origin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn parse_with(text: &str, loopback_allowed: bool) -> Result<Self, OriginError> {
        if text.len() > MAXIMUM_LENGTH {
            return Err(OriginError::TooLong);
        }
        let authority = text.strip_prefix("https://").ok_or(OriginError::NotHttps)?;
        if authority.contains(['/', '?', '#', '@', '\\']) {
            return Err(OriginError::NotOnlyHost);
        }
        let (host, port) = split_port(authority)?;
        if let Some(port) = port {
            check_port(port)?;
        }
        let loopback = if let Some(inner) = host.strip_prefix('[') {
            check_ipv6(inner)?
        } else {
            check_name_or_ipv4(host)?
        };
        if loopback && !loopback_allowed {
            return Err(OriginError::Loopback);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), OriginError> {
    let host_end = if authority.starts_with('[') {
        authority
            .find(']')
            .and_then(|end| end.checked_add(1))
            .ok_or(OriginError::Host)?
    } else {
        authority.find(':').unwrap_or(authority.len())
    };
    let (host, rest) = authority.split_at(host_end);
    match rest.strip_prefix(':') {
        Some(port) => Ok((host, Some(port))),
        None if rest.is_empty() => Ok((host, None)),
        None => Err(OriginError::Host),
    }
}

fn check_port(port: &str) -> Result<(), OriginError> {
    match port.parse::<u16>() {
        Ok(number) if number != 0 && number != 443 && number.to_string() == port => Ok(()),
        _ => Err(OriginError::Port),
    }
}

/// Whether it is this machine.
fn check_ipv6(bracketed: &str) -> Result<bool, OriginError> {
    let inner = bracketed.strip_suffix(']').ok_or(OriginError::Host)?;
    let address: Ipv6Addr = inner.parse().map_err(|_| OriginError::Host)?;
    if address.to_string() != inner || address.to_ipv4_mapped().is_some() {
        return Err(OriginError::Host);
    }
    Ok(address.is_loopback() || address.is_unspecified())
}

/// Whether it is this machine.
fn check_name_or_ipv4(host: &str) -> Result<bool, OriginError> {
    if host.is_empty() || host.len() > 253 {
        return Err(OriginError::Host);
    }
    for label in host.split('.') {
        let edge = label.starts_with('-') || label.ends_with('-');
        let known = label
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if label.is_empty() || label.len() > 63 || edge || !known {
            return Err(OriginError::Host);
        }
    }
    // A browser reads a name whose last label is a number as an IPv4 address (WHATWG URL, "ends in a number").
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.bytes().all(|byte| byte.is_ascii_digit())
        || last
            .strip_prefix("0x")
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if numeric {
        let address: Ipv4Addr = host.parse().map_err(|_| OriginError::Host)?;
        let address = IpAddr::V4(address);
        return Ok(address.is_loopback() || address.is_unspecified());
    }
    Ok(host == "localhost" || host.ends_with(".localhost"))
}
