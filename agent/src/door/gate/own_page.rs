//! The gate of the agent's own page. Its files are public and say nothing: a browser gets them when a person navigates to the page, and
//! when the page asks for its parts, and for nothing else (an image, a frame, a script of another site). Its requests are those of a
//! caller of its own kind: from exactly its origin, marked by the browser as its own (Fetch Metadata is required here, every
//! browser that can show the page sends it), with the word of its session in a header.
//!
//! Whatever is refused here gets one and the same empty answer.

use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Method, Request};

use super::{
    Admission, Gate, MARKER_HEADER, MARKER_VALUE, Permit, Refusal, SEC_FETCH_DEST, SEC_FETCH_MODE,
    SEC_FETCH_SITE, body_length, duplicated, single, target,
};
use crate::caller::Caller;
use crate::own_page::{PageFile, PageSessions, file};

/// The header with the word of the page's session.
const SESSION_HEADER: HeaderName = HeaderName::from_static("x-paraphe-page");

/// The page, as the gate knows it: at one host and one origin, so that nothing of it is anywhere else.
#[derive(Debug, Clone)]
pub(super) struct OwnPage {
    host: String,
    origin: String,
    sessions: PageSessions,
}

impl OwnPage {
    pub(super) fn at(port: u16, sessions: PageSessions) -> Self {
        sessions.served_at(port);
        Self {
            host: format!("127.0.0.1:{port}"),
            origin: format!("https://127.0.0.1:{port}"),
            sessions,
        }
    }

    /// Whether a request states the page's origin: none but the page's own rules are for it then.
    pub(super) fn is_origin_of(&self, headers: &HeaderMap) -> bool {
        headers
            .get_all(header::ORIGIN)
            .iter()
            .any(|origin| origin.as_bytes() == self.origin.as_bytes())
    }

    /// The file that a request asks for as a browser does that shows the page.
    pub(super) fn file<B>(&self, request: &Request<B>) -> Option<&'static PageFile> {
        let headers = request.headers();
        let file = file(request.uri().path())?;
        let is = |name: &HeaderName, allowed: &[&str]| {
            single(headers, name).is_some_and(|value| allowed.contains(&value))
        };
        let asked_for = if file.is_document() {
            // Typed, opened by another program, or loaded anew; never a link of another site.
            is(&SEC_FETCH_MODE, &["navigate"]) && is(&SEC_FETCH_SITE, &["none", "same-origin"])
        } else {
            is(&SEC_FETCH_MODE, &["cors", "no-cors"]) && is(&SEC_FETCH_SITE, &["same-origin"])
        };
        let has_body = headers.contains_key(header::TRANSFER_ENCODING)
            || single(headers, &header::CONTENT_LENGTH).is_some_and(|length| length != "0");
        let is_plain = request.method() == Method::GET
            && request.uri().query().is_none()
            && !duplicated(headers)
            && !has_body;
        (is_plain
            && self.is_at_home(headers)
            && asked_for
            && is(&SEC_FETCH_DEST, &[file.destination])
            && (!headers.contains_key(header::ORIGIN) || self.is_origin_of(headers)))
        .then_some(file)
    }

    fn is_at_home(&self, headers: &HeaderMap) -> bool {
        single(headers, &header::HOST) == Some(self.host.as_str())
    }
}

impl Gate {
    /// Let a request of the page in; the first check that fails says no, and all say it alike.
    pub(super) fn admit_own_page<B>(
        &self,
        page: &OwnPage,
        request: &Request<B>,
    ) -> Result<Admission, Refusal> {
        let headers = request.headers();
        let is = |name: &HeaderName, value: &str| single(headers, name) == Some(value);
        let operation = target(request)
            .filter(|operation| operation.is_for_own_page())
            .ok_or(Refusal::Origin)?;
        let is_the_page_s = page.is_at_home(headers)
            && is(&header::ORIGIN, &page.origin)
            && request.method() == Method::POST
            && is(&header::CONTENT_TYPE, "application/json")
            && is(&MARKER_HEADER, MARKER_VALUE)
            && is(&SEC_FETCH_SITE, "same-origin")
            && is(&SEC_FETCH_MODE, "cors")
            && is(&SEC_FETCH_DEST, "empty")
            && !duplicated(headers);
        if !is_the_page_s {
            return Err(Refusal::Origin);
        }
        let body_bytes =
            body_length(headers, super::PAIRING_BODY_BYTES).map_err(|_| Refusal::Origin)?;
        // Who enters has no session yet; what they bring instead is in the body.
        let is_in = operation == paraphe_protocol::api::Operation::PageEnter
            || single(headers, &SESSION_HEADER).is_some_and(|word| page.sessions.admit(word));
        if !is_in {
            return Err(Refusal::Origin);
        }
        Ok(Admission::Perform(Permit {
            caller: Caller::OwnPage,
            operation,
            body_bytes,
        }))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use hyper::Request;
    use paraphe_protocol::api::Operation;

    use super::super::{Admission, Gate, Refusal};
    use crate::caller::Caller;
    use crate::config::{Config, Site};
    use crate::door::Callers;
    use crate::own_page::PageSessions;

    const OWN: &str = "https://127.0.0.1:47443";
    const SITE: &str = "https://dossier.example.fr";

    struct Page {
        gate: Gate,
        session: String,
    }

    fn page() -> Page {
        let config = Config {
            sites: vec![Site::of(SITE.parse().unwrap())],
            ..Config::default()
        };
        let sessions = PageSessions::default();
        let callers = Callers {
            own_page: Some(sessions.clone()),
            ..Callers::from(&config)
        };
        let gate = Gate::for_sites(callers, 47443, 1 << 20);
        let link = sessions.link().unwrap();
        let session = sessions.enter(link.split_once('#').unwrap().1).unwrap();
        Page { gate, session }
    }

    type Headers<'a> = Vec<(&'a str, &'a str)>;

    fn request(method: &str, target: &str, headers: &Headers<'_>) -> Request<()> {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap()
    }

    /// The headers with this one given another value, or none.
    fn with<'a>(headers: &Headers<'a>, name: &'a str, value: Option<&'a str>) -> Headers<'a> {
        let others = headers.iter().filter(|(other, _)| *other != name).copied();
        others.chain(value.map(|value| (name, value))).collect()
    }

    const NAVIGATION: [(&str, &str); 5] = [
        ("host", "127.0.0.1:47443"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-site", "none"),
        ("sec-fetch-user", "?1"),
    ];

    #[test]
    fn the_files_are_for_a_browser_that_shows_the_page() {
        let page = page();
        let gets = |target: &str, headers: &Headers<'_>| {
            let admitted = page.gate.admit_site(&request("GET", target, headers));
            matches!(admitted, Ok(Admission::PageFile(_)))
        };
        let navigation = NAVIGATION.to_vec();
        assert!(gets("/", &navigation));
        assert!(gets(
            "/",
            &with(&navigation, "sec-fetch-site", Some("same-origin"))
        ));
        let part = |destination| {
            vec![
                ("host", "127.0.0.1:47443"),
                ("sec-fetch-mode", "cors"),
                ("sec-fetch-dest", destination),
                ("sec-fetch-site", "same-origin"),
            ]
        };
        for (path, destination) in [
            ("/page.js", "script"),
            ("/agent.js", "script"),
            ("/parts.js", "script"),
            ("/words.js", "script"),
            ("/page.css", "style"),
            ("/icon.svg", "image"),
        ] {
            let headers = part(destination);
            assert!(gets(path, &headers), "{path}");
            assert!(gets(path, &with(&headers, "origin", Some(OWN))), "{path}");
            for (name, value) in [
                ("sec-fetch-site", Some("cross-site")),
                ("sec-fetch-site", Some("same-site")),
                ("sec-fetch-site", Some("none")),
                ("sec-fetch-site", None),
                ("sec-fetch-mode", Some("navigate")),
                ("sec-fetch-dest", Some("document")),
                ("sec-fetch-dest", Some("iframe")),
                ("sec-fetch-dest", None),
                ("origin", Some(SITE)),
                ("origin", Some("null")),
                ("host", Some("localhost:47443")),
                ("host", Some("[::1]:47443")),
            ] {
                assert!(
                    !gets(path, &with(&headers, name, value)),
                    "{path} {name} {value:?}"
                );
            }
        }
        for (name, value) in [
            ("sec-fetch-site", Some("cross-site")),
            ("sec-fetch-site", Some("same-site")),
            ("sec-fetch-site", None),
            ("sec-fetch-dest", Some("iframe")),
            ("sec-fetch-dest", Some("embed")),
            ("sec-fetch-mode", Some("no-cors")),
            ("host", Some("localhost:47443")),
            ("content-length", Some("2")),
            ("transfer-encoding", Some("chunked")),
        ] {
            assert!(
                !gets("/", &with(&navigation, name, value)),
                "{name} {value:?}"
            );
        }
        for target in [
            "/?",
            "/?x",
            "/index.html",
            "//",
            "/../",
            "/v1/status",
            "/grants.json",
        ] {
            assert!(!gets(target, &navigation), "{target}");
        }
        for method in ["HEAD", "POST", "OPTIONS"] {
            let admitted = page.gate.admit_site(&request(method, "/", &navigation));
            assert_eq!(admitted.unwrap_err(), Refusal::Origin, "{method}");
        }
    }

    #[test]
    fn its_requests_pass_with_the_session_and_as_its_own_and_not_otherwise() {
        let page = page();
        let good: Headers<'_> = vec![
            ("host", "127.0.0.1:47443"),
            ("origin", OWN),
            ("content-type", "application/json"),
            ("x-paraphe", "1"),
            ("x-paraphe-page", &page.session),
            ("content-length", "2"),
            ("sec-fetch-site", "same-origin"),
            ("sec-fetch-mode", "cors"),
            ("sec-fetch-dest", "empty"),
            ("referer", "https://127.0.0.1:47443/"),
        ];
        let admit = |method: &str, target: &str, headers: &Headers<'_>| {
            page.gate.admit_site(&request(method, target, headers))
        };
        for operation in Operation::ALL {
            let target = format!("/v1/{operation}");
            match admit("POST", &target, &good) {
                Ok(Admission::Perform(permit)) => {
                    assert!(operation.is_for_own_page(), "{operation}");
                    assert_eq!(permit.caller(), &Caller::OwnPage);
                    assert_eq!(permit.origin(), None, "no CORS for it");
                }
                Err(Refusal::Origin) => assert!(!operation.is_for_own_page(), "{operation}"),
                other => panic!("{operation}: {other:?}"),
            }
        }
        let other_word = "A".repeat(43);
        for (name, value) in [
            ("x-paraphe-page", None),
            ("x-paraphe-page", Some("")),
            ("x-paraphe-page", Some(other_word.as_str())),
            ("x-paraphe", None),
            ("content-type", Some("text/plain")),
            ("sec-fetch-site", None),
            ("sec-fetch-site", Some("none")),
            ("sec-fetch-site", Some("same-site")),
            ("sec-fetch-site", Some("cross-site")),
            ("sec-fetch-mode", None),
            ("sec-fetch-mode", Some("navigate")),
            ("sec-fetch-mode", Some("no-cors")),
            ("sec-fetch-dest", Some("document")),
            ("host", Some("localhost:47443")),
            ("host", Some("[::1]:47443")),
            ("content-length", None),
            ("content-length", Some("4097")),
            ("transfer-encoding", Some("chunked")),
        ] {
            let headers = with(&good, name, value);
            let refused = admit("POST", "/v1/mandate/close", &headers);
            assert_eq!(refused.unwrap_err(), Refusal::Origin, "{name} {value:?}");
        }
        // The word is no use to anybody else's page, whatever rights it has.
        for origin in [
            None,
            Some(SITE),
            Some("null"),
            Some("https://localhost:47443"),
            Some("https://127.0.0.1:47444"),
            Some("http://127.0.0.1:47443"),
        ] {
            for operation in ["mandate/close", "pairing/answer", "grant/revoke"] {
                let headers = with(&good, "origin", origin);
                let target = format!("/v1/{operation}");
                assert!(admit("POST", &target, &headers).is_err(), "{origin:?}");
            }
        }
        for method in ["GET", "OPTIONS", "PUT"] {
            let refused = admit(method, "/v1/mandate/close", &good);
            assert_eq!(refused.unwrap_err(), Refusal::Origin, "{method}");
        }
        let twice = [good.clone(), vec![("origin", OWN)]].concat();
        assert_eq!(
            admit("POST", "/v1/status", &twice).unwrap_err(),
            Refusal::Origin
        );
        // Who enters brings a link instead; nothing else goes without a session.
        let without = with(&good, "x-paraphe-page", None);
        assert!(admit("POST", "/v1/page/enter", &without).is_ok());
    }
}
