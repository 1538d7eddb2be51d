//! The gate as a table: one good request, and for every check the shapes that must not pass it.
#![allow(clippy::unwrap_used, reason = "tests")]

use hyper::{Request, Version};
use paraphe_protocol::api::{Operation, SiteAccess};

use super::{Admission, Gate, LocalRefusal, Permit, Refusal};
use crate::caller::Caller;
use crate::config::{Config, Origin, PairingConfig, Site};

const SITE: &str = "https://dossier.example.fr";
const OTHER_SITE: &str = "https://cabinet.example.fr:8443";
const LIMIT: u64 = 1000;

const GOOD: &[(&str, &str)] = &[
    ("host", "127.0.0.1:47443"),
    ("origin", SITE),
    ("content-type", "application/json"),
    ("x-paraphe", "1"),
    ("content-length", "2"),
];

/// What each browser adds (Chromium 156, Firefox ESR 153).
const BROWSER: &[(&str, &str)] = &[
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
    ("sec-fetch-site", "cross-site"),
    ("accept", "*/*"),
    ("accept-language", "fr-FR,fr;q=0.9"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("referer", "https://dossier.example.fr/"),
    ("user-agent", "Mozilla/5.0"),
    ("connection", "keep-alive"),
];

fn gate() -> Gate {
    let config = Config {
        sites: [SITE, OTHER_SITE]
            .map(|origin| Site::of(origin.parse::<Origin>().unwrap()))
            .into(),
        ..Config::default()
    };
    Gate::for_sites(&config, 47443, LIMIT)
}

fn request(method: &str, target: &str, headers: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

/// The good headers, with `name` given these values instead.
fn with(name: &'static str, values: &[&'static str]) -> Vec<(&'static str, &'static str)> {
    let others = GOOD.iter().filter(|(other, _)| *other != name).copied();
    others
        .chain(values.iter().map(|value| (name, *value)))
        .collect()
}

fn refused(method: &str, target: &str, headers: &[(&str, &str)]) -> Refusal {
    gate()
        .admit_site(&request(method, target, headers))
        .unwrap_err()
}

fn permitted(headers: &[(&str, &str)]) -> Permit {
    match gate().admit_site(&request("POST", "/v1/card/read", headers)) {
        Ok(Admission::Perform(permit)) => permit,
        other => panic!("{other:?}"),
    }
}

fn site() -> Origin {
    SITE.parse().unwrap()
}

#[test]
fn the_good_request_passes_with_and_without_what_browsers_add() {
    let permit = permitted(GOOD);
    assert_eq!(permit.caller(), &Caller::Site(site()));
    assert_eq!(permit.operation(), Operation::CardRead);
    assert_eq!(permit.body_bytes(), 2);
    assert_eq!(permit.origin(), Some(&site()));
    permitted(&[GOOD, BROWSER].concat());
    assert_eq!(
        permitted(&with("origin", &[OTHER_SITE]))
            .origin()
            .unwrap()
            .as_str(),
        OTHER_SITE
    );
    for operation in Operation::ALL {
        let target = format!("/v1/{operation}");
        assert!(matches!(
            gate().admit_site(&request("POST", &target, GOOD)),
            Ok(Admission::Perform(permit)) if permit.operation() == operation
        ));
    }
}

#[test]
fn only_our_three_hosts_pass() {
    for host in ["127.0.0.1:47443", "localhost:47443", "[::1]:47443"] {
        permitted(&with("host", &[host]));
    }
    for host in [
        "",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:80",
        "127.0.0.1:47444",
        "127.0.0.1:047443",
        "127.0.0.2:47443",
        "127.1:47443",
        "0.0.0.0:47443",
        "0x7f000001:47443",
        "2130706433:47443",
        "LOCALHOST:47443",
        "Localhost:47443",
        "localhost.:47443",
        "agent.localhost:47443",
        "localhost.evil.example:47443",
        "evil.example",
        "evil.example:47443",
        "127.0.0.1.evil.example:47443",
        "rebound.example:47443",
        "[::1]",
        "[::1]:47444",
        "::1:47443",
        "[0:0:0:0:0:0:0:1]:47443",
        "[::ffff:127.0.0.1]:47443",
        "user@127.0.0.1:47443",
        "127.0.0.1:47443, evil.example",
        "127.0.0.1:47443/",
        "dossier.example.fr",
    ] {
        let headers = with("host", &[host]);
        assert_eq!(
            refused("POST", "/v1/status", &headers),
            Refusal::Host,
            "{host}"
        );
    }
    for hosts in [
        &[][..],
        &["127.0.0.1:47443", "127.0.0.1:47443"],
        &["127.0.0.1:47443", "evil.example"],
    ] {
        let headers = with("host", hosts);
        assert_eq!(refused("POST", "/v1/status", &headers), Refusal::Host);
    }
    // The absolute form of the target would name another host than Host does.
    for target in [
        "https://evil.example/v1/status",
        "https://127.0.0.1:47443/v1/status",
    ] {
        assert_eq!(refused("POST", target, GOOD), Refusal::Host, "{target}");
    }
}

#[test]
fn only_configured_origins_pass_byte_for_byte() {
    let foreign = [
        "",
        "null",
        "*",
        "https",
        "https:",
        "https://",
        "https:///",
        "dossier.example.fr",
        "//dossier.example.fr",
        "http://dossier.example.fr",
        "HTTPS://dossier.example.fr",
        "https:dossier.example.fr",
        "https:/dossier.example.fr",
        "https:\\\\dossier.example.fr",
        "wss://dossier.example.fr",
        "ftp://dossier.example.fr",
        "file://",
        "data:",
        "blob:https://dossier.example.fr",
        "about:blank",
        "javascript:alert(1)",
        "chrome-extension://dossier.example.fr",
        "moz-extension://dossier.example.fr",
        "https://dossier.example.fr/",
        "https://dossier.example.fr/x",
        "https://dossier.example.fr?",
        "https://dossier.example.fr#",
        "https://dossier.example.fr\\",
        "https://dossier.example.fr:",
        "https://dossier.example.fr:443",
        "https://dossier.example.fr:0443",
        "https://dossier.example.fr:8443",
        "https://dossier.example.fr:444",
        "https://dossier.example.fr.",
        "https://.dossier.example.fr",
        "https://Dossier.example.fr",
        "https://DOSSIER.EXAMPLE.FR",
        "https://dossier.example.f",
        "https://dossier.example.frr",
        "https://ossier.example.fr",
        "https://xdossier.example.fr",
        "https://x.dossier.example.fr",
        "https://dossier-example.fr",
        "https://dossierxexample.fr",
        "https://dossier.example.fr.evil.example",
        "https://dossier.example.fr@evil.example",
        "https://evil.example/https://dossier.example.fr",
        "https://evil.example#dossier.example.fr",
        "https://evil.example?https://dossier.example.fr",
        "https://user@dossier.example.fr",
        "https://user:word@dossier.example.fr",
        "https://*.example.fr",
        "https://example.fr",
        "https://fr",
        "https://cabinet.example.fr",
        "https://cabinet.example.fr:8444",
        "https://cabinet.example.fr:84430",
        "https://cabinet.example.fr:08443",
        "https://127.0.0.1:47443",
        "https://localhost:47443",
        "https://[::1]:47443",
        "https://dossier.example.fr https://evil.example",
        "https://evil.example https://dossier.example.fr",
        "https://dossier.example.fr,https://evil.example",
        "https://dossier.example.fr, https://dossier.example.fr",
        "https://dossier.example.fr;",
        "\"https://dossier.example.fr\"",
        "https://dossier%2eexample.fr",
        "https://xn--dossier-.example.fr",
        "https://dossier.example.fr\t",
    ];
    assert!(foreign.len() >= 60);
    for origin in foreign {
        let headers = with("origin", &[origin]);
        for (method, target) in [
            ("POST", "/v1/status"),
            ("OPTIONS", "/v1/status"),
            ("GET", "/v1/status"),
            ("POST", "/nowhere"),
        ] {
            assert_eq!(
                refused(method, target, &headers),
                Refusal::Origin,
                "{origin}"
            );
        }
    }
    for origins in [
        &[][..],
        &[SITE, SITE],
        &[SITE, "https://evil.example"],
        &[SITE, OTHER_SITE],
    ] {
        let headers = with("origin", origins);
        assert_eq!(refused("POST", "/v1/status", &headers), Refusal::Origin);
    }
    let mut not_ascii = request("POST", "/v1/status", &with("origin", &[]));
    let value =
        hyper::header::HeaderValue::from_bytes("https://dossier.example.fr\u{e9}".as_bytes());
    not_ascii.headers_mut().insert("origin", value.unwrap());
    assert_eq!(gate().admit_site(&not_ascii).unwrap_err(), Refusal::Origin);
}

#[test]
fn a_gate_without_sites_lets_nobody_in() {
    let gate = Gate::for_sites(&Config::default(), 47443, LIMIT);
    assert_eq!(
        gate.admit_site(&request("POST", "/v1/status", GOOD))
            .unwrap_err(),
        Refusal::Origin
    );
}

#[test]
fn an_unknown_origin_may_ask_for_rights_and_gets_one_answer_for_all_else() {
    const STRANGER: &str = "https://rendez-vous.example";
    let admit = |gate: &Gate, method: &str, target: &str, headers: &[(&str, &str)]| {
        gate.admit_site(&request(method, target, headers))
    };
    let good = with("origin", &[STRANGER]);
    let browsers = [&good, BROWSER].concat();
    for target in ["/v1/pairing/request", "/v1/pairing/status"] {
        for headers in [&good, &browsers] {
            assert!(matches!(
                admit(&gate(), "POST", target, headers),
                Ok(Admission::Perform(permit)) if permit.origin().unwrap().as_str() == STRANGER
            ));
        }
        let asking = [
            ("host", "127.0.0.1:47443"),
            ("origin", STRANGER),
            ("access-control-request-method", "POST"),
        ];
        assert!(matches!(
            admit(&gate(), "OPTIONS", target, &asking),
            Ok(Admission::Preflight(origin)) if origin.as_str() == STRANGER
        ));
        // The same requests, each spoilt once: not one word more than for a site that is forbidden.
        let spoilt = |name, values| {
            let others = good.iter().filter(|(other, _)| *other != name).copied();
            let mut headers: Vec<_> = others.collect();
            headers.extend(values);
            headers
        };
        for headers in [
            spoilt("content-type", vec![("content-type", "text/plain")]),
            spoilt("x-paraphe", vec![]),
            spoilt("content-length", vec![]),
            spoilt("content-length", vec![("content-length", "4097")]),
            spoilt("none", vec![("transfer-encoding", "chunked")]),
            spoilt("none", vec![("accept", "*/*"), ("accept", "*/*")]),
            spoilt("none", vec![("sec-fetch-mode", "navigate")]),
            spoilt("none", vec![("sec-fetch-mode", "no-cors")]),
        ] {
            let refused = admit(&gate(), "POST", target, &headers).unwrap_err();
            assert_eq!(refused, Refusal::Origin, "{headers:?}");
        }
        for method in ["GET", "HEAD", "PUT", "DELETE"] {
            let refused = admit(&gate(), method, target, &good).unwrap_err();
            assert_eq!(refused, Refusal::Origin, "{method}");
        }
        let closed = Config {
            pairing: PairingConfig {
                allowed: false,
                ..PairingConfig::default()
            },
            ..Config::default()
        };
        let forbidding = Config {
            pairing: PairingConfig {
                forbidden: vec![STRANGER.parse().unwrap()],
                ..PairingConfig::default()
            },
            ..Config::default()
        };
        for config in [closed, forbidding] {
            let gate = Gate::for_sites(&config, 47443, LIMIT);
            let refused = admit(&gate, "POST", target, &good).unwrap_err();
            assert_eq!(refused, Refusal::Origin);
        }
        // No page has an origin like these.
        for origin in [
            "null",
            "http://rendez-vous.example",
            "https://rendez-vous.example.",
        ] {
            let headers = with("origin", &[origin]);
            let refused = admit(&gate(), "POST", target, &headers).unwrap_err();
            assert_eq!(refused, Refusal::Origin, "{origin}");
        }
    }
    for operation in Operation::ALL {
        if operation.site_access() != SiteAccess::Anybody {
            let target = format!("/v1/{operation}");
            let refused = admit(&gate(), "POST", &target, &good).unwrap_err();
            assert_eq!(refused, Refusal::Origin, "{operation}");
        }
    }
}

#[test]
fn only_post_to_an_operation_passes() {
    for method in [
        "GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "post", "FOO",
    ] {
        assert_eq!(
            refused(method, "/v1/status", GOOD),
            Refusal::Method(site()),
            "{method}"
        );
    }
    for target in [
        "/",
        "/v1",
        "/v1/",
        "/v1/status/",
        "/v1//status",
        "/v1/Status",
        "/v1/status?x",
        "/v1/status?",
        "/v2/status",
        "/status",
        "/v1/card",
        "/v1/card%2Fread",
        "/v1/../v1/status",
        "/v1/./status",
        "//v1/status",
        "/v1/lot",
        "/v1/pin",
    ] {
        assert_eq!(
            refused("POST", target, GOOD),
            Refusal::Target(site()),
            "{target}"
        );
    }
    let mut old = request("POST", "/v1/status", GOOD);
    for version in [Version::HTTP_10, Version::HTTP_2, Version::HTTP_09] {
        *old.version_mut() = version;
        assert_eq!(gate().admit_site(&old).unwrap_err(), Refusal::Version);
    }
}

#[test]
fn no_simple_request_passes() {
    for media_type in [
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-8",
        "application/json;",
        "Application/JSON",
        "application/json, text/plain",
        "text/plain; application/json",
        "application/jsonp",
        "application/problem+json",
        "",
    ] {
        let headers = with("content-type", &[media_type]);
        assert_eq!(
            refused("POST", "/v1/status", &headers),
            Refusal::ContentType(site()),
            "{media_type}"
        );
    }
    for values in [&[][..], &["application/json", "application/json"]] {
        let headers = with("content-type", values);
        assert_eq!(
            refused("POST", "/v1/status", &headers),
            Refusal::ContentType(site())
        );
    }
    for values in [&[][..], &["0"], &["true"], &[""], &["1 "], &["1", "1"]] {
        let headers = with("x-paraphe", values);
        let refusal = refused("POST", "/v1/status", &headers);
        assert_eq!(refusal, Refusal::Marker(site()), "{values:?}");
    }
}

#[test]
fn fetch_metadata_must_tell_of_a_fetch() {
    for (name, value) in [
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-mode", "same-origin"),
        ("sec-fetch-mode", "websocket"),
        ("sec-fetch-mode", ""),
        ("sec-fetch-dest", "document"),
        ("sec-fetch-dest", "iframe"),
        ("sec-fetch-dest", "script"),
        ("sec-fetch-dest", "image"),
        ("sec-fetch-dest", "worker"),
        ("sec-fetch-site", "none"),
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-user", "?1"),
    ] {
        let headers = [GOOD, &[(name, value)]].concat();
        assert_eq!(
            refused("POST", "/v1/status", &headers),
            Refusal::FetchMetadata,
            "{name}: {value}"
        );
    }
    let twice = [
        GOOD,
        &[("sec-fetch-mode", "cors"), ("sec-fetch-mode", "cors")],
    ]
    .concat();
    assert_eq!(
        refused("POST", "/v1/status", &twice),
        Refusal::FetchMetadata
    );
}

#[test]
fn bodies_have_an_announced_and_bounded_length() {
    permitted(&with("content-length", &["1000"]));
    permitted(&with("content-length", &["0"]));
    for values in [
        &[][..],
        &[""],
        &["x"],
        &["-1"],
        &["+2"],
        &["2, 2"],
        &["0x2"],
    ] {
        let headers = with("content-length", values);
        assert_eq!(
            refused("POST", "/v1/status", &headers),
            Refusal::LengthMissing(site()),
            "{values:?}"
        );
    }
    for value in ["1001", "99999999999999999999999999"] {
        let headers = with("content-length", &[value]);
        assert_eq!(
            refused("POST", "/v1/status", &headers),
            Refusal::TooLarge(site())
        );
    }
    for coding in ["chunked", "gzip, chunked", "identity", ""] {
        let headers = [GOOD, &[("transfer-encoding", coding)]].concat();
        assert_eq!(
            refused("POST", "/v1/status", &headers),
            Refusal::TransferEncoding(site())
        );
    }
    for name in ["content-length", "accept", "accept-language", "x-other"] {
        let headers = [GOOD, &[(name, "2"), (name, "2")]].concat();
        assert_eq!(
            refused("POST", "/v1/status", &headers),
            Refusal::DuplicatedHeader(site()),
            "{name}"
        );
    }
}

#[test]
fn a_preflight_is_answered_only_to_a_known_site_that_asks_for_post() {
    let asking = [
        ("host", "127.0.0.1:47443"),
        ("origin", SITE),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "content-type,x-paraphe"),
        ("sec-fetch-mode", "cors"),
    ];
    assert!(matches!(
        gate().admit_site(&request("OPTIONS", "/v1/lot/sign", &asking)),
        Ok(Admission::Preflight(origin)) if origin == site()
    ));
    assert_eq!(
        refused("OPTIONS", "/v1/lot", &asking),
        Refusal::Target(site())
    );
    for method in ["GET", "post", "PUT", ""] {
        let mut asking = asking;
        asking[2].1 = method;
        assert_eq!(
            refused("OPTIONS", "/v1/lot/sign", &asking),
            Refusal::PreflightMethod(site()),
            "{method}"
        );
    }
    assert_eq!(
        refused("OPTIONS", "/v1/lot/sign", &asking[..2]),
        Refusal::PreflightMethod(site())
    );
}

#[test]
fn local_programs_have_their_own_rules() {
    const LOCAL: &[(&str, &str)] = &[
        ("host", "localhost"),
        ("content-type", "application/json"),
        ("content-length", "2"),
    ];
    let gate = Gate::for_local_programs(LIMIT);
    let admit = |method: &str, target: &str, headers: &[(&str, &str)]| {
        gate.admit_local(&request(method, target, headers), 1000, Some(7))
    };
    let permit = admit("POST", "/v1/status", LOCAL).unwrap();
    assert_eq!(
        permit.caller(),
        &Caller::LocalProgram {
            uid: 1000,
            pid: Some(7)
        }
    );
    assert_eq!(permit.origin(), None);

    let plus = |name, value| [LOCAL, &[(name, value)]].concat();
    for (name, value, refusal) in [
        ("origin", SITE, LocalRefusal::FromBrowser),
        ("origin", "null", LocalRefusal::FromBrowser),
        ("referer", "https://a.example/", LocalRefusal::FromBrowser),
        ("cookie", "a=b", LocalRefusal::FromBrowser),
        ("sec-fetch-mode", "cors", LocalRefusal::FromBrowser),
        ("host", "localhost", LocalRefusal::Host),
        (
            "content-type",
            "application/json",
            LocalRefusal::DuplicatedHeader,
        ),
        (
            "transfer-encoding",
            "chunked",
            LocalRefusal::TransferEncoding,
        ),
    ] {
        let refused = admit("POST", "/v1/status", &plus(name, value)).unwrap_err();
        assert_eq!(refused, refusal, "{name}");
    }
    assert_eq!(
        admit("GET", "/v1/status", LOCAL).unwrap_err(),
        LocalRefusal::Method
    );
    assert_eq!(
        admit("OPTIONS", "/v1/status", LOCAL).unwrap_err(),
        LocalRefusal::Method
    );
    assert_eq!(
        admit("POST", "/status", LOCAL).unwrap_err(),
        LocalRefusal::Target
    );
    assert_eq!(
        admit("POST", "/v1/status", &LOCAL[1..]).unwrap_err(),
        LocalRefusal::Host
    );
    assert_eq!(
        admit("POST", "/v1/status", &LOCAL[..2]).unwrap_err(),
        LocalRefusal::LengthMissing
    );
    let plain = [LOCAL[0], ("content-type", "text/plain"), LOCAL[2]];
    assert_eq!(
        admit("POST", "/v1/status", &plain).unwrap_err(),
        LocalRefusal::ContentType
    );
    let long = [LOCAL[0], LOCAL[1], ("content-length", "1001")];
    assert_eq!(
        admit("POST", "/v1/status", &long).unwrap_err(),
        LocalRefusal::TooLarge
    );
}
