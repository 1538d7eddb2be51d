//! Who may use a tunnel's port: who knows its secret, and by the gate's rules no browser. The port is open to every program of the machine;
//! the kernel's answer on whose socket it is (door/peer.rs) keeps other users out before a byte is read, and the secret, which
//! only the answer to `tunnel/open` holds, keeps out what else runs as the same user, a page in a browser above all.
//!
//! The secret stands before the path, where software has only an address to configure, or in the header `Paraphe-Tunnel`. Neither reaches the
//! record server. Refused: another `Host` than the port's own (DNS rebinding), the absolute form of a target, CONNECT, and requests that a
//! browser marks as a page's.

use hyper::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request, Version};

use crate::problem::Failure;
use crate::random::random_id;

/// The header that carries the secret where the path does not.
pub(super) const SECRET_HEADER: HeaderName = HeaderName::from_static("paraphe-tunnel");

/// The secret of a tunnel: 128 random bits, 32 hexadecimal digits.
#[derive(Clone)]
pub(super) struct TunnelSecret(String);

impl TunnelSecret {
    /// A new one.
    pub(super) fn random() -> Result<Self, Failure> {
        random_id().map(Self)
    }

    /// Its text, for who opened the tunnel.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// In a time that says nothing of it.
    fn is(&self, told: &str) -> bool {
        told.len() == self.0.len() && openssl::memcmp::eq(told.as_bytes(), self.0.as_bytes())
    }
}

impl std::fmt::Debug for TunnelSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TunnelSecret(..)")
    }
}

/// Why a request is not let in; nothing of it was passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Not HTTP/1.1, CONNECT, or a target in absolute form.
    Form,
    /// `Host` is not the port's own, once.
    Host,
    /// A page in a browser sent it.
    Browser,
    /// The secret is missing or wrong.
    Secret,
}

/// The target that the record server is to see.
pub(super) fn admit<Body>(
    request: &Request<Body>,
    port: u16,
    secret: &TunnelSecret,
) -> Result<PathAndQuery, Refused> {
    let (headers, uri) = (request.headers(), request.uri());
    let is_origin_form = uri.scheme().is_none() && uri.authority().is_none();
    let is_plain = request.version() == Version::HTTP_11 && request.method() != Method::CONNECT;
    let Some(target) = uri.path_and_query().filter(|_| is_origin_form && is_plain) else {
        return Err(Refused::Form);
    };
    let host = single(headers, &HOST).ok_or(Refused::Host)?;
    if host != format!("127.0.0.1:{port}") && host != format!("localhost:{port}") {
        return Err(Refused::Host);
    }
    let by_page = |name: &HeaderName| *name == ORIGIN || name.as_str().starts_with("sec-fetch-");
    if headers.keys().any(by_page) {
        return Err(Refused::Browser);
    }
    if headers.contains_key(&SECRET_HEADER) {
        let told = single(headers, &SECRET_HEADER).is_some_and(|told| secret.is(told));
        return if told {
            Ok(target.clone())
        } else {
            Err(Refused::Secret)
        };
    }
    behind_secret(target.as_str(), secret).ok_or(Refused::Secret)
}

/// What follows the secret, byte for byte as it was written.
fn behind_secret(target: &str, secret: &TunnelSecret) -> Option<PathAndQuery> {
    let (told, rest) = target.strip_prefix('/')?.split_at_checked(secret.0.len())?;
    if !secret.is(told) {
        return None;
    }
    let rest = match rest.as_bytes().first() {
        Some(b'/') => rest.to_owned(),
        None | Some(b'?') => format!("/{rest}"),
        Some(_) => return None,
    };
    rest.parse().ok()
}

/// The value of a header that stands exactly once and is visible ASCII.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    match values.next() {
        None => value.to_str().ok(),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use hyper::Request;

    use super::{Refused, TunnelSecret, admit};

    const PORT: u16 = 4242;

    fn asked(
        secret: &TunnelSecret,
        target: &str,
        headers: &[(&str, &str)],
    ) -> Result<String, Refused> {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        admit(&request, PORT, secret).map(|target| target.as_str().to_owned())
    }

    #[test]
    fn the_secret_opens_and_is_not_passed_on() {
        let secret = TunnelSecret::random().unwrap();
        let host = ("host", "127.0.0.1:4242");
        let own = format!("/{}", secret.reveal());
        for (behind, seen) in [
            ("", "/"),
            ("/", "/"),
            ("/xds/a%2Fb?x=1&y=/", "/xds/a%2Fb?x=1&y=/"),
            ("?wsdl", "/?wsdl"),
            ("//a/../b", "//a/../b"),
        ] {
            let target = format!("{own}{behind}");
            assert_eq!(asked(&secret, &target, &[host]).unwrap(), seen);
        }
        let header = ("paraphe-tunnel", secret.reveal());
        let by_name = ("host", "localhost:4242");
        assert_eq!(asked(&secret, "/a?b", &[by_name, header]).unwrap(), "/a?b");
    }

    #[test]
    fn nobody_else_is_let_in() {
        let secret = TunnelSecret::random().unwrap();
        let other = TunnelSecret::random().unwrap();
        let own = format!("/{}", secret.reveal());
        let host = ("host", "127.0.0.1:4242");
        let wrong = [
            ("/".to_owned(), vec![host], Refused::Secret),
            (format!("/{}", other.reveal()), vec![host], Refused::Secret),
            (format!("{own}a"), vec![host], Refused::Secret),
            (own.to_uppercase(), vec![host], Refused::Secret),
            (format!("/x{own}"), vec![host], Refused::Secret),
            (
                own.clone(),
                vec![host, ("paraphe-tunnel", "x")],
                Refused::Secret,
            ),
            (
                "/".to_owned(),
                vec![
                    host,
                    ("paraphe-tunnel", secret.reveal()),
                    ("paraphe-tunnel", secret.reveal()),
                ],
                Refused::Secret,
            ),
            (
                own.clone(),
                vec![("host", "rebound.example:4242")],
                Refused::Host,
            ),
            (own.clone(), vec![("host", "127.0.0.1")], Refused::Host),
            (own.clone(), vec![host, host], Refused::Host),
            (own.clone(), vec![], Refused::Host),
            (
                own.clone(),
                vec![host, ("origin", "https://page.example")],
                Refused::Browser,
            ),
            (
                own.clone(),
                vec![host, ("sec-fetch-site", "cross-site")],
                Refused::Browser,
            ),
            (
                format!("http://127.0.0.1:4242{own}"),
                vec![host],
                Refused::Form,
            ),
        ];
        for (target, headers, refused) in wrong {
            assert_eq!(asked(&secret, &target, &headers), Err(refused), "{target}");
        }
    }
}
